// The SQLite table that rows go to.

#ifndef DELTAMIRROR_COPY_TARGET_H_
#define DELTAMIRROR_COPY_TARGET_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sqlite/api.h"

namespace deltamirror::copy {

struct Target {
  std::string schema;  // "main", "temp" or the name of an attached database
  std::string table;

  std::string Quoted() const;  // "main"."flights"
  std::string Shown() const;   // flights, aux.flights: for messages
};

// A name as the user writes it: flights, aux.flights, "my table", main."a.b". Without a schema it is the table of that
// name that SQLite would find (temp, main, then attached databases), or main's if there is none. An error for a
// database that is not attached and for names that SQLite keeps for itself.
absl::StatusOr<Target> FindTarget(sqlite3* db, absl::string_view name);

// Names that SQLite keeps for itself, or that cannot be a table's.
absl::Status CheckTableName(absl::string_view name);

struct TargetColumn {
  std::string name;
  std::string type;        // as declared
  int pk = 0;              // place in the primary key from 1, or 0
  bool generated = false;  // cannot be inserted into
};

// In the table's order; empty if there is no such table.
absl::StatusOr<std::vector<TargetColumn>> TargetColumns(sqlite3* db, const Target& target);

// A column of a table that is to be made.
struct NewColumn {
  std::string name;
  std::string type;  // as declared; "" for none
  bool not_null = false;
};

struct TableShape {
  std::vector<NewColumn> columns;
  std::vector<std::string> primary_key;
  bool without_rowid = false;
  bool strict = false;
};

// CREATE TABLE. A primary key of one column that is declared INTEGER becomes INTEGER PRIMARY KEY. Columns of a key are
// NOT NULL, which SQLite by itself would not ask of them. Errors for no columns, names that differ in case only, key
// columns that are not there, WITHOUT ROWID without a key.
absl::Status CreateTable(sqlite3* db, const Target& target, const TableShape& shape);
// The statement alone.
absl::StatusOr<std::string> CreateTableSql(const Target& target, const TableShape& shape);

}  // namespace deltamirror::copy

#endif  // DELTAMIRROR_COPY_TARGET_H_
