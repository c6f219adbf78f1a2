// Rows from memory into one SQL statement: the internal virtual table deltamirror_rows.
//
// One `INSERT INTO t SELECT c0, c1 FROM deltamirror_rows(?1)` keeps the loop inside SQLite's engine and is about 1.45
// times as fast as a prepared single-row INSERT that is bound and stepped for every row. The argument is a pointer
// (sqlite3_bind_pointer), so SQL text alone can make no use of the table.
//
// Current limitation: 1,600 columns, as many as a PostgreSQL table can have. SQLite takes milliseconds to learn so
// many, so there are two tables, and that of 1,600 is for rows that need it.

#ifndef DELTAMIRROR_SQLITE_ROW_SOURCE_H_
#define DELTAMIRROR_SQLITE_ROW_SOURCE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sqlite/api.h"
#include "sqlite/statement.h"
#include "types/value.h"

namespace deltamirror::sqlite {

inline constexpr int kMaxRowColumns = 1600;

// Where the rows come from.
class RowSource {
 public:
  virtual ~RowSource() = default;
  // The values of the next row, for each column that the statement reads; null at the end. They and their bytes stay
  // until the next call. An error ends the statement with that error.
  virtual absl::StatusOr<const types::Value*> Next() = 0;
};

// The table that has that many columns.
absl::string_view RowTable(size_t columns);

// "c0, c1, ..." for `count` columns.
std::string RowColumns(int count);

// Binds the source to parameter `index` of a statement that reads FROM such a table(?index). The source must
// outlive the run.
absl::Status BindRowSource(Statement& statement, int index, RowSource* source);

// Registers the modules. DIRECTONLY.
int RegisterRowSource(sqlite3* db);

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_ROW_SOURCE_H_
