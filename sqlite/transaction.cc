#include "sqlite/transaction.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "status/status_macros.h"

namespace deltamirror::sqlite {
namespace {

// Rolls back also while the statement that called us is interrupted. ROLLBACK fails then, as every statement does until
// the outermost one has ended: even the parser gives up. But SQLite itself rolls the whole transaction back when a
// statement that writes is interrupted, and an incremental blob that is opened for writing is such a statement, with no
// SQL to be parsed.
//
// Nor is there a parser once an allocation has failed, until the outermost statement has ended. So `prepared` (or null)
// was prepared before. (SQLite may let go of that, too, where it runs out of memory while it reads a changed schema:
// then the transaction stays, until somebody rolls it back.)
void RollBackAll(sqlite3* db, Statement* prepared) {
  if (prepared != nullptr) prepared->Run().IgnoreError();
  if (sqlite3_get_autocommit(db) == 0) sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
  // The interrupt may be over by now (another thread's statement has ended): then the blob does nothing, and ROLLBACK
  // works.
  constexpr int kAttempts = 100;
  for (int attempt = 0; sqlite3_get_autocommit(db) == 0 && attempt < kAttempts; ++attempt) {
    sqlite3_blob* blob = nullptr;
    sqlite3_blob_open(db, "main", "sqlite_master", "sql", 1, /*flags=*/1, &blob);
    sqlite3_blob_close(blob);
    if (sqlite3_get_autocommit(db) == 0) sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

}  // namespace

absl::StatusOr<Transaction> Transaction::Begin(sqlite3* db) {
  ASSIGN_OR_RETURN(Statement rollback, Statement::Prepare(db, "ROLLBACK"));
  RETURN_IF_ERROR(Execute(db, "BEGIN IMMEDIATE"));
  return Transaction(db, std::move(rollback));
}

absl::Status Transaction::Commit() {
  RETURN_IF_ERROR(Execute(db_, "COMMIT"));
  db_ = nullptr;
  return absl::OkStatus();
}

void Transaction::Rollback() {
  // Some errors (a full disk, no memory) have already rolled back: then there is nothing to end.
  if (db_ != nullptr && sqlite3_get_autocommit(db_) == 0) RollBackAll(db_, &rollback_);
  db_ = nullptr;
}

absl::StatusOr<ReadTransaction> ReadTransaction::Begin(sqlite3* db) {
  RETURN_IF_ERROR(Execute(db, "BEGIN"));
  return ReadTransaction(db);
}

ReadTransaction::~ReadTransaction() {
  // COMMIT, which is nothing where nothing was written. An interrupt may be in its way.
  if (db_ != nullptr && sqlite3_exec(db_, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) {
    RollBackAll(db_, nullptr);
  }
}

absl::StatusOr<Scope> Scope::Begin(sqlite3* db) {
  const bool savepoint = sqlite3_get_autocommit(db) == 0;
  ASSIGN_OR_RETURN(Statement rollback, Statement::Prepare(db, "ROLLBACK"));
  RETURN_IF_ERROR(Execute(db, savepoint ? "SAVEPOINT deltamirror" : "BEGIN IMMEDIATE"));
  return Scope(db, savepoint, std::move(rollback));
}

absl::Status Scope::Commit() {
  RETURN_IF_ERROR(Execute(db_, savepoint_ ? "RELEASE deltamirror" : "COMMIT"));
  db_ = nullptr;
  return absl::OkStatus();
}

void Scope::Rollback() {
  if (db_ != nullptr && sqlite3_get_autocommit(db_) == 0) {
    // An interrupt cannot roll back a part: SQLite's own rule is that it takes the whole transaction.
    const bool done = savepoint_ && sqlite3_exec(db_, "ROLLBACK TO deltamirror; RELEASE deltamirror", nullptr, nullptr,
                                                 nullptr) == SQLITE_OK;
    if (!done) RollBackAll(db_, &rollback_);
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
