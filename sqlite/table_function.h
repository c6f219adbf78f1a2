// Table-valued functions: virtual tables that need no CREATE, are only read, and get their arguments by hidden columns.
//
//   class Rows final : public sqlite::TableRows { ... };
//
//   constexpr sqlite::TableFunction kFunction = {
//       .name = "pg_slots",
//       .schema = "CREATE TABLE x(name TEXT, conninfo HIDDEN)",
//       .first_argument = 1,
//       .arguments = 1,
//       .needed = 1,
//       .usage = "expected one argument, the connection string, like pg_slots('dbname=prod'), got none",
//       .open = Open,
//   };
//
//   int RegisterPgSlots(sqlite3* db) { return sqlite::RegisterTableFunction(db, kFunction); }

#ifndef DELTAMIRROR_SQLITE_TABLE_FUNCTION_H_
#define DELTAMIRROR_SQLITE_TABLE_FUNCTION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sqlite/api.h"

namespace deltamirror::sqlite {

// What a scan was given: the arguments by their place, or whatever a plan of one's own put there. Valid while the scan
// is opened.
class Arguments {
 public:
  // Bit i of `given` says whether there is one at place i; `values` holds those that are.
  Arguments(int given, sqlite3_value** values) : given_(given), values_(values) {}

  // Null if it was not given.
  sqlite3_value* Value(int place) const;
  // Nullopt if it was not given, or is NULL.
  std::optional<std::string> OptionalText(int place) const;
  // "" if it was not given, or is NULL.
  std::string Text(int place) const;

 private:
  int given_;
  sqlite3_value** values_;
};

// One scan.
class TableRows {
 public:
  virtual ~TableRows() = default;

  // Goes to the next row, to the first one at first. False behind the last one: the scan is destroyed then, at once, so
  // that what it holds is free for others.
  virtual absl::StatusOr<bool> Next() = 0;

  // Sets the result to a column of the row. Nothing set is NULL; no argument that may hold a password is ever shown.
  virtual absl::Status Column(int column, sqlite3_context* context) = 0;
};

struct TableFunction {
  const char* name;
  const char* schema;   // CREATE TABLE x(...)
  int first_argument;   // its column; the others follow it
  int arguments;        // how many there are
  int needed;           // how many of them, the first ones, must be given
  const char* usage;    // the error, without the name, if they are not
  int64_t rows = 1000;  // a guess, for the planner

  absl::StatusOr<std::unique_ptr<TableRows>> (*open)(sqlite3* db, const Arguments& arguments);

  // A plan of one's own, xBestIndex, which lets bit i of idxNum say whether there is a value at place i; null: the
  // arguments, each at its place.
  int (*plan)(sqlite3_index_info* info) = nullptr;

  // A table that needs no CREATE counts as one of main, and a SELECT from it holds a read lock on main for as long as
  // it runs. A temporary one does not: for scans that run for long. Where it cannot be made, all works, but with that
  // lock.
  bool temporary = false;

  // Called when the connection closes; may be null.
  void (*close)(sqlite3* db) = nullptr;
};

// Result code of SQLite. The function is DIRECTONLY. `function` must live as long as the connection.
int RegisterTableFunction(sqlite3* db, const TableFunction& function);

// Ends a plan that was not offered the arguments it needs. It cannot be refused there: SQLite also asks for plans for
// one side of an OR in WHERE alone, without the arguments, and takes an error as the statement's. So this is a plan
// that costs too much to be chosen, unless the arguments really are missing; then the scan, which gets no values, is
// refused.
int PlanWithoutArguments(sqlite3_index_info* info);

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_TABLE_FUNCTION_H_
