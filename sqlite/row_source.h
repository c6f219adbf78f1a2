// Rows from memory into one SQL statement: the internal virtual table deltamirror_rows.
//
// One `INSERT INTO t SELECT c0, c1 FROM deltamirror_rows(?1)` keeps the loop inside SQLite's engine and is about 1.45
// times as fast as a prepared single-row INSERT that is bound and stepped for every row. The argument is a pointer
// (sqlite3_bind_pointer), so SQL text alone can make no use of the table.
//
// Current limitation: 1,600 columns, as many as a PostgreSQL table can have.

#ifndef DELTAMIRROR_SQLITE_ROW_SOURCE_H_
#define DELTAMIRROR_SQLITE_ROW_SOURCE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sqlite/api.h"
#include "sqlite/statement.h"

namespace deltamirror::sqlite {

inline constexpr int kMaxRowColumns = 1600;

// Where the rows come from. Next moves to the next row and returns false at the end. Column hands the value of the
// current row to SQLite with one of the sqlite3_result_... functions; text and blobs may be static until the next call
// of Next. An error of either ends the statement with that error.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual absl::StatusOr<bool> Next() = 0;
  virtual absl::Status Column(int column, sqlite3_context* context) = 0;
};

// "c0, c1, ..." for `count` columns.
std::string RowColumns(int count);

// Binds the source to parameter `index` of a statement that reads FROM deltamirror_rows(?index). The source must
// outlive the run.
absl::Status BindRowSource(Statement& statement, int index, RowSource* source);

// Registers the module. DIRECTONLY.
int RegisterRowSource(sqlite3* db);

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_ROW_SOURCE_H_
