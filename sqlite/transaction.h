// Transactions on the host's connection.

#ifndef DELTAMIRROR_SQLITE_TRANSACTION_H_
#define DELTAMIRROR_SQLITE_TRANSACTION_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sqlite/api.h"
#include "sqlite/statement.h"

namespace deltamirror::sqlite {

// A transaction of our own: rolled back when it goes out of scope without a Commit.
//
//   ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(db));
//   ... RETURN_IF_ERROR(...) rolls back ...
//   return transaction.Commit();
class Transaction {
 public:
  // BEGIN IMMEDIATE: a writer elsewhere shows here, and not at the first change. The connection must be in autocommit.
  static absl::StatusOr<Transaction> Begin(sqlite3* db);

  Transaction(Transaction&& other) noexcept : db_(other.db_), rollback_(std::move(other.rollback_)) {
    other.db_ = nullptr;
  }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction() { Rollback(); }

  // After a failed COMMIT (a full disk, a busy reader in rollback mode) the transaction is rolled back.
  absl::Status Commit();
  void Rollback();

 private:
  Transaction(sqlite3* db, Statement rollback) : db_(db), rollback_(std::move(rollback)) {}
  sqlite3* db_;
  Statement rollback_;  // there may be no memory left to prepare it when it is needed
};

// One state of the databases for several statements: from the first read to the end of the scope nothing changes for
// this connection. For a connection that nobody else uses meanwhile.
class ReadTransaction {
 public:
  // The connection must be in autocommit.
  static absl::StatusOr<ReadTransaction> Begin(sqlite3* db);

  ReadTransaction(ReadTransaction&& other) noexcept : db_(other.db_) { other.db_ = nullptr; }
  ReadTransaction& operator=(ReadTransaction&& other) noexcept {
    std::swap(db_, other.db_);
    return *this;
  }
  ~ReadTransaction();

 private:
  explicit ReadTransaction(sqlite3* db) : db_(db) {}
  sqlite3* db_;
};

// Work that is all or nothing whether or not the caller has a transaction open: in autocommit a Transaction, inside the
// caller's transaction a SAVEPOINT. Rolled back when it goes out of scope without a Commit.
class Scope {
 public:
  static absl::StatusOr<Scope> Begin(sqlite3* db);

  Scope(Scope&& other) noexcept : db_(other.db_), savepoint_(other.savepoint_), rollback_(std::move(other.rollback_)) {
    other.db_ = nullptr;
  }
  Scope& operator=(Scope&&) = delete;
  ~Scope() { Rollback(); }

  absl::Status Commit();
  void Rollback();

 private:
  Scope(sqlite3* db, bool savepoint, Statement rollback)
      : db_(db), savepoint_(savepoint), rollback_(std::move(rollback)) {}
  sqlite3* db_;
  bool savepoint_;
  Statement rollback_;  // of all; see Transaction
};

// Whether no transaction of the caller's is open.
bool InAutocommit(sqlite3* db);

// Functions that begin and commit transactions of their own (deltamirror, deltamirror_bootstrap) cannot do so inside
// the caller's transaction, nor inside a statement that writes (CREATE TABLE x AS SELECT * FROM deltamirror(...)). The
// error says which it is and begins with `name`, the SQL name that the user typed.
absl::Status CheckMayBegin(sqlite3* db, absl::string_view name);

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_TRANSACTION_H_
