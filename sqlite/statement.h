// A prepared statement, and the few things one does with a connection around it.

#ifndef DELTAMIRROR_SQLITE_STATEMENT_H_
#define DELTAMIRROR_SQLITE_STATEMENT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sqlite/api.h"
#include "types/value.h"

namespace deltamirror::sqlite {

// Owns a sqlite3_stmt. Not thread-safe; must go before its connection does.
//
//   ASSIGN_OR_RETURN(Statement insert, Statement::Prepare(db, "INSERT INTO t VALUES (?, ?)", Statement::kPersistent));
//   insert.BindText(1, "fox"); insert.BindInt64(2, 47);
//   RETURN_IF_ERROR(insert.Run());
class Statement {
 public:
  // kPersistent: the statement will be kept and used often (SQLITE_PREPARE_PERSISTENT).
  enum Lifetime { kTransient, kPersistent };

  // The error names the statement's text and what SQLite says of it.
  static absl::StatusOr<Statement> Prepare(sqlite3* db, absl::string_view sql, Lifetime lifetime = kTransient);

  Statement() = default;
  Statement(Statement&& other) noexcept : stmt_(other.stmt_) { other.stmt_ = nullptr; }
  Statement& operator=(Statement&& other) noexcept;
  ~Statement() { sqlite3_finalize(stmt_); }

  // Parameters count from 1. Text and blobs are not copied: they must live until the next Run, Step or Reset. A value
  // that is too large for SQLite shows as the error of the next Run or Step.
  void BindNull(int index) { Note(sqlite3_bind_null(stmt_, index)); }
  void BindInt64(int index, int64_t value) { Note(sqlite3_bind_int64(stmt_, index, value)); }
  void BindDouble(int index, double value) { Note(sqlite3_bind_double(stmt_, index, value)); }
  void BindText(int index, absl::string_view value) {
    Note(sqlite3_bind_text64(stmt_, index, Data(value), value.size(), SQLITE_STATIC, SQLITE_UTF8));
  }
  void BindBlob(int index, absl::string_view value) {
    Note(sqlite3_bind_blob64(stmt_, index, Data(value), value.size(), SQLITE_STATIC));
  }
  void Bind(int index, const types::Value& value);

  // Runs a statement that gives no rows, and makes it ready for the next run.
  absl::Status Run();

  // Run, and how many rows the statement inserted, updated or deleted (triggers not counted).
  absl::StatusOr<int> RunAndCount();

  // True while there is a row. After false or an error the statement is reset.
  absl::StatusOr<bool> Step();
  void Reset() { sqlite3_reset(stmt_); }

  // The current row. Columns count from 0. Text and blobs are valid until the next Step or Reset.
  int column_count() const { return sqlite3_column_count(stmt_); }
  std::string ColumnName(int column) const { return sqlite3_column_name(stmt_, column); }
  int column_type(int column) const { return sqlite3_column_type(stmt_, column); }
  bool ColumnIsNull(int column) const { return column_type(column) == SQLITE_NULL; }
  int64_t ColumnInt64(int column) const { return sqlite3_column_int64(stmt_, column); }
  double ColumnDouble(int column) const { return sqlite3_column_double(stmt_, column); }
  absl::string_view ColumnText(int column) const;
  absl::string_view ColumnBlob(int column) const;
  types::Value ColumnValue(int column) const;

  // The largest parameter's number.
  int parameter_count() const { return sqlite3_bind_parameter_count(stmt_); }

  sqlite3_stmt* handle() const { return stmt_; }
  explicit operator bool() const { return stmt_ != nullptr; }

 private:
  // A null pointer would bind NULL instead of the empty text.
  static const char* Data(absl::string_view value) { return value.data() == nullptr ? "" : value.data(); }
  void Note(int rc) {
    if (rc != SQLITE_OK) bind_error_ = rc;
  }
  absl::Status Failed(int rc);

  sqlite3_stmt* stmt_ = nullptr;
  int bind_error_ = SQLITE_OK;
};

// How many rows all statements of the connection have changed so far: tells whether any did since the last look.
inline int TotalChanges(sqlite3* db) {
  return sqlite3_total_changes(db);
}

// Whether a statement of the connection has begun and not ended: ours runs inside it, and SQLite drops no table then.
bool HasRunningStatement(sqlite3* db);

// Runs one or more statements that give no rows.
absl::Status Execute(sqlite3* db, const std::string& sql);

// The rows that the last statement inserted, changed or deleted by itself, not through triggers.
int64_t Changes(sqlite3* db);

// The first line of what EXPLAIN QUERY PLAN says of the statement: "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)".
absl::StatusOr<std::string> QueryPlan(sqlite3* db, absl::string_view sql);

// The name of a column's collation; "" if there is no such column.
std::string Collation(sqlite3* db, const std::string& schema, const std::string& table, const std::string& column);

// The first column of the first row as text; NotFound without a row.
absl::StatusOr<std::string> QueryText(sqlite3* db, absl::string_view sql);

// The same as an integer; NULL is 0.
absl::StatusOr<int64_t> QueryInt64(sqlite3* db, absl::string_view sql);

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_STATEMENT_H_
