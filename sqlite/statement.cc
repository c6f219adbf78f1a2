#include "sqlite/statement.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sqlite/error.h"
#include "status/status_macros.h"

namespace deltamirror::sqlite {

absl::StatusOr<Statement> Statement::Prepare(sqlite3* db, absl::string_view sql, Lifetime lifetime) {
  Statement statement;
  const unsigned flags = lifetime == kPersistent ? SQLITE_PREPARE_PERSISTENT : 0;
  const int rc = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), flags, &statement.stmt_, nullptr);
  RETURN_IF_ERROR(StatusFrom(db, rc, absl::StrCat("could not prepare \"", sql, "\"")));
  return statement;
}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(stmt_, other.stmt_);
  bind_error_ = other.bind_error_;
  return *this;
}

void Statement::Bind(int index, const types::Value& value) {
  switch (value.kind()) {
    case types::Value::Kind::kNull:
      return BindNull(index);
    case types::Value::Kind::kInteger:
      return BindInt64(index, value.integer());
    case types::Value::Kind::kReal:
      return BindDouble(index, value.real());
    case types::Value::Kind::kText:
      return BindText(index, value.bytes());
    case types::Value::Kind::kBlob:
      return BindBlob(index, value.bytes());
  }
}

absl::Status Statement::Failed(int rc) {
  const char* sql = sqlite3_sql(stmt_);
  absl::Status status = StatusFrom(sqlite3_db_handle(stmt_), rc, absl::StrCat("could not run \"", sql, "\""));
  sqlite3_reset(stmt_);
  bind_error_ = SQLITE_OK;
  return status;
}

absl::Status Statement::Run() {
  ASSIGN_OR_RETURN(const bool row, Step());
  if (row) Reset();
  return absl::OkStatus();
}

absl::StatusOr<int> Statement::RunAndCount() {
  RETURN_IF_ERROR(Run());
  return sqlite3_changes(sqlite3_db_handle(stmt_));
}

absl::StatusOr<bool> Statement::Step() {
  if (bind_error_ != SQLITE_OK) return Failed(bind_error_);
  const int rc = sqlite3_step(stmt_);
  if (rc == SQLITE_ROW) return true;
  if (rc != SQLITE_DONE) return Failed(rc);
  sqlite3_reset(stmt_);
  return false;
}

absl::string_view Statement::ColumnText(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(stmt_, column));
  return text == nullptr ? absl::string_view("") : absl::string_view(text, sqlite3_column_bytes(stmt_, column));
}

absl::string_view Statement::ColumnBlob(int column) const {
  const auto* blob = static_cast<const char*>(sqlite3_column_blob(stmt_, column));
  return blob == nullptr ? absl::string_view("") : absl::string_view(blob, sqlite3_column_bytes(stmt_, column));
}

types::Value Statement::ColumnValue(int column) const {
  switch (column_type(column)) {
    case SQLITE_INTEGER:
      return types::Value::Integer(ColumnInt64(column));
    case SQLITE_FLOAT:
      return types::Value::Real(ColumnDouble(column));
    case SQLITE_TEXT:
      return types::Value::Text(ColumnText(column));
    case SQLITE_BLOB:
      return types::Value::Blob(ColumnBlob(column));
    default:
      return types::Value();
  }
}

bool HasRunningStatement(sqlite3* db) {
  for (sqlite3_stmt* stmt = sqlite3_next_stmt(db, nullptr); stmt != nullptr; stmt = sqlite3_next_stmt(db, stmt)) {
    if (sqlite3_stmt_busy(stmt) != 0) return true;
  }
  return false;
}

absl::Status Execute(sqlite3* db, const std::string& sql) {
  const int rc = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
  return StatusFrom(db, rc, absl::StrCat("could not run \"", sql, "\""));
}

int64_t Changes(sqlite3* db) {
  return sqlite3_changes(db);
}

absl::StatusOr<std::string> QueryPlan(sqlite3* db, absl::string_view sql) {
  constexpr int kDetail = 3;
  ASSIGN_OR_RETURN(Statement query, Statement::Prepare(db, absl::StrCat("EXPLAIN QUERY PLAN ", sql)));
  ASSIGN_OR_RETURN(const bool row, query.Step());
  return row ? std::string(query.ColumnText(kDetail)) : std::string();
}

std::string Collation(sqlite3* db, const std::string& schema, const std::string& table, const std::string& column) {
  const char* name = nullptr;
  const int rc = sqlite3_table_column_metadata(db, schema.c_str(), table.c_str(), column.c_str(), nullptr, &name,
                                               nullptr, nullptr, nullptr);
  return rc == SQLITE_OK && name != nullptr ? name : "";
}

absl::StatusOr<std::string> QueryText(sqlite3* db, absl::string_view sql) {
  ASSIGN_OR_RETURN(Statement query, Statement::Prepare(db, sql));
  ASSIGN_OR_RETURN(const bool row, query.Step());
  if (!row) return absl::NotFoundError(absl::StrCat("no row for \"", sql, "\""));
  return std::string(query.ColumnText(0));
}

absl::StatusOr<int64_t> QueryInt64(sqlite3* db, absl::string_view sql) {
  ASSIGN_OR_RETURN(Statement query, Statement::Prepare(db, sql));
  ASSIGN_OR_RETURN(const bool row, query.Step());
  if (!row) return absl::NotFoundError(absl::StrCat("no row for \"", sql, "\""));
  return query.ColumnInt64(0);
}

}  // namespace deltamirror::sqlite
