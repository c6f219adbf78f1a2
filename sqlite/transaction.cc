#include "sqlite/transaction.h"

#include "absl/strings/str_cat.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"

namespace deltamirror::sqlite {

absl::StatusOr<Transaction> Transaction::Begin(sqlite3* db) {
  RETURN_IF_ERROR(Execute(db, "BEGIN IMMEDIATE"));
  return Transaction(db);
}

absl::Status Transaction::Commit() {
  RETURN_IF_ERROR(Execute(db_, "COMMIT"));
  db_ = nullptr;
  return absl::OkStatus();
}

void Transaction::Rollback() {
  // Some errors (a full disk, no memory) have already rolled back: then there is nothing to end.
  if (db_ != nullptr && sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
  db_ = nullptr;
}

absl::StatusOr<Scope> Scope::Begin(sqlite3* db) {
  const bool savepoint = sqlite3_get_autocommit(db) == 0;
  RETURN_IF_ERROR(Execute(db, savepoint ? "SAVEPOINT deltamirror" : "BEGIN IMMEDIATE"));
  return Scope(db, savepoint);
}

absl::Status Scope::Commit() {
  RETURN_IF_ERROR(Execute(db_, savepoint_ ? "RELEASE deltamirror" : "COMMIT"));
  db_ = nullptr;
  return absl::OkStatus();
}

void Scope::Rollback() {
  if (db_ != nullptr && sqlite3_get_autocommit(db_) == 0) {
    sqlite3_exec(db_, savepoint_ ? "ROLLBACK TO deltamirror; RELEASE deltamirror" : "ROLLBACK", nullptr, nullptr,
                 nullptr);
  }
  db_ = nullptr;
}

bool InAutocommit(sqlite3* db) {
  return sqlite3_get_autocommit(db) != 0;
}

absl::Status CheckMayBegin(sqlite3* db, absl::string_view name) {
  if (sqlite3_get_autocommit(db) == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, " cannot run inside a transaction: it commits transactions of its own. COMMIT first"));
  }
  for (sqlite3_stmt* stmt = sqlite3_next_stmt(db, nullptr); stmt != nullptr; stmt = sqlite3_next_stmt(db, stmt)) {
    if (sqlite3_stmt_busy(stmt) != 0 && sqlite3_stmt_readonly(stmt) == 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          name, " cannot run inside a statement that writes: it commits transactions of its own. Use a plain SELECT"));
    }
  }
  return absl::OkStatus();
}

}  // namespace deltamirror::sqlite
