// Rows of a PostgreSQL query into a SQLite table that is there, inside a transaction that the caller has begun on both
// sides. What pg_import and the bootstrap of a mirror are made of.

#ifndef DELTAMIRROR_COPY_COPY_ROWS_H_
#define DELTAMIRROR_COPY_COPY_ROWS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "copy/row_stream.h"
#include "copy/source.h"
#include "copy/target.h"
#include "postgres/connection.h"
#include "sqlite/api.h"
#include "types/mapping.h"
#include "types/relation.h"

namespace deltamirror::copy {

struct CopyOptions {
  // Called on the calling thread for every block and at least every 50 ms; an error cancels the query on the server and
  // ends the copy. An interrupt belongs here:
  //   options.heartbeat = [&probe](int64_t rows) { return probe.Check(); };
  Heartbeat heartbeat;
  std::optional<std::string> null;  // a text that means NULL
  // The columns of a unique key: a row whose key is there already takes that row's place.
  std::vector<std::string> replace_key;
  bool check = false;  // with a key: rows that are there and equal are not written again
  // Called after so many rows, between two INSERT statements: to commit and begin again. 0: never.
  int64_t pause_every = 0;
  std::function<absl::Status()> pause;
};

// Returns the rows written: all that came, or with `check` those that were new or different. After an error the SQLite
// transaction holds part of the rows (to be rolled back), and the server's transaction has failed.
absl::StatusOr<int64_t> CopyRows(sqlite3* db, postgres::Connection* connection, const Source& source,
                                 std::vector<Field> fields, const Target& target, const CopyOptions& options);

// For a table whose shape is known:
//
//   const Source source = SourceOf(relation, /*only=*/true);
//   RETURN_IF_ERROR(CreateTable(db, target, ShapeOf(relation, overrides)));
//   ASSIGN_OR_RETURN(int64_t rows, CopyRows(db, &connection, source, AllFields(source, overrides), target, options));
//
// All columns, generated ones too. `only`: without the tables that inherit from it; not for a partitioned table.
// `where`: an SQL expression, see statement_text.h for one that comes from outside; empty: all rows.
Source SourceOf(const types::Relation& relation, bool only, absl::string_view where = "");

// Its columns with NOT NULL, and as primary key the replica identity's key or, without one, the table's primary key.
TableShape ShapeOf(const types::Relation& relation, const types::Overrides& overrides);

}  // namespace deltamirror::copy

#endif  // DELTAMIRROR_COPY_COPY_ROWS_H_
