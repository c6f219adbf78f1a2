// The edge between absl::Status and SQLite's result codes, in both directions.

#ifndef DELTAMIRROR_SQLITE_ERROR_H_
#define DELTAMIRROR_SQLITE_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "sqlite/api.h"

namespace deltamirror::sqlite {

// What `rc`, just returned for `db`, means: "<what>: <SQLite's message>". OK for SQLITE_OK, SQLITE_ROW and SQLITE_DONE.
// The code is kept: ToResultCode gives the same `rc` back.
absl::Status StatusFrom(sqlite3* db, int rc, absl::string_view what);

// The SQLite result code that stands for `status`; SQLITE_OK when it is OK, SQLITE_ERROR when nothing fits better.
int ToResultCode(const absl::Status& status);

// Whether a statement failed because of the row that it was at (a constraint, a value that cannot be had), and not
// because of the disk, a lock, or what else fails every row.
bool IsRowError(const absl::Status& status);

// After an INSERT OR FAIL that has just failed so: whether the rows before that one are in the table. They are not if a
// trigger or a foreign key ended it.
bool KeepsRowsBefore(sqlite3* db);

// Ends a scalar function with the error.
void ResultError(sqlite3_context* context, const absl::Status& status);

// Ends a virtual table's callback: frees the table's old text, sets the new one, and returns the result code.
//   return VtabError(&table->base, status);
int VtabError(sqlite3_vtab* table, const absl::Status& status);

// The same for Connect and Create, where the table does not exist yet.
int ConnectError(char** message, const absl::Status& status);

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_ERROR_H_
