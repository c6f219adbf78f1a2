#include <gtest/gtest.h>

#include <string>

#include "sqlite/api.h"
#include "sqlite/interrupt.h"
#include "sqlite/statement.h"
#include "sqlite/transaction.h"
#include "tests/sqlite_host.h"

namespace deltamirror::sqlite {
namespace {

class TransactionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    CaptureSqliteApi();
    ASSERT_EQ(sqlite3_open(":memory:", &db_), SQLITE_OK);
    ASSERT_TRUE(Execute(db_, "CREATE TABLE t(a); INSERT INTO t VALUES (1)").ok());
  }
  void TearDown() override { sqlite3_close(db_); }

  // Makes `function` callable as f() from SQL.
  void Register(void (*function)(sqlite3_context*, int, sqlite3_value**)) {
    ASSERT_EQ(sqlite3_create_function_v2(db_, "f", 0, SQLITE_UTF8, nullptr, function, nullptr, nullptr, nullptr),
              SQLITE_OK);
  }
  int64_t Rows() { return QueryInt64(db_, "SELECT count(*) FROM t").value_or(-1); }

  sqlite3* db_ = nullptr;
};

TEST_F(TransactionTest, CommitsOnlyWhenAsked) {
  {
    absl::StatusOr<Transaction> transaction = Transaction::Begin(db_);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(Execute(db_, "INSERT INTO t VALUES (2)").ok());
  }
  EXPECT_EQ(Rows(), 1);
  absl::StatusOr<Transaction> transaction = Transaction::Begin(db_);
  ASSERT_TRUE(Execute(db_, "INSERT INTO t VALUES (2)").ok());
  ASSERT_TRUE(transaction->Commit().ok());
  EXPECT_EQ(Rows(), 2);
}

TEST_F(TransactionTest, ScopeIsASavepointInsideATransaction) {
  ASSERT_TRUE(Execute(db_, "BEGIN; INSERT INTO t VALUES (2)").ok());
  {
    absl::StatusOr<Scope> scope = Scope::Begin(db_);
    ASSERT_TRUE(scope.ok());
    ASSERT_TRUE(Execute(db_, "INSERT INTO t VALUES (3)").ok());
  }
  EXPECT_EQ(Rows(), 2);
  EXPECT_EQ(sqlite3_get_autocommit(db_), 0) << "the caller's transaction goes on";
  ASSERT_TRUE(Execute(db_, "COMMIT").ok());
}

// ROLLBACK fails with SQLITE_INTERRUPT until the outermost statement has ended, and an open transaction would have been
// left behind.
TEST_F(TransactionTest, RollsBackWhileTheCallerIsInterrupted) {
  Register([](sqlite3_context* context, int, sqlite3_value**) {
    sqlite3* db = sqlite3_context_db_handle(context);
    absl::StatusOr<Transaction> transaction = Transaction::Begin(db);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(Execute(db, "CREATE TABLE made(x); INSERT INTO t VALUES (2)").ok());
    sqlite3_interrupt(db);
    transaction->Rollback();
    EXPECT_EQ(sqlite3_get_autocommit(db), 1);
  });
  EXPECT_FALSE(Execute(db_, "SELECT f()").ok()) << "interrupted";
  EXPECT_EQ(sqlite3_get_autocommit(db_), 1);
  EXPECT_EQ(Rows(), 1);
  EXPECT_FALSE(Execute(db_, "SELECT * FROM made").ok());
}

TEST_F(TransactionTest, InterruptedScopeTakesTheCallersTransactionWithIt) {
  Register([](sqlite3_context* context, int, sqlite3_value**) {
    sqlite3* db = sqlite3_context_db_handle(context);
    absl::StatusOr<Scope> scope = Scope::Begin(db);
    ASSERT_TRUE(scope.ok());
    ASSERT_TRUE(Execute(db, "INSERT INTO t VALUES (3)").ok());
    sqlite3_interrupt(db);
  });
  ASSERT_TRUE(Execute(db_, "BEGIN; INSERT INTO t VALUES (2)").ok());
  EXPECT_FALSE(Execute(db_, "SELECT f()").ok());
  EXPECT_EQ(sqlite3_get_autocommit(db_), 1);
  EXPECT_EQ(Rows(), 1);
}

TEST_F(TransactionTest, ProbeSeesAnInterruptOfTheCaller) {
  Register([](sqlite3_context* context, int, sqlite3_value**) {
    sqlite3* db = sqlite3_context_db_handle(context);
    absl::StatusOr<InterruptProbe> probe = InterruptProbe::Create(db);
    ASSERT_TRUE(probe.ok());
    EXPECT_TRUE(probe->Check().ok());
    sqlite3_interrupt(db);
    EXPECT_EQ(probe->Check(), absl::CancelledError("interrupted"));
  });
  EXPECT_FALSE(Execute(db_, "SELECT f()").ok());
}

TEST_F(TransactionTest, MayNotBeginInsideATransactionOrAWrite) {
  EXPECT_TRUE(CheckMayBegin(db_, "f").ok());
  Register([](sqlite3_context* context, int, sqlite3_value**) {
    const absl::Status status = CheckMayBegin(sqlite3_context_db_handle(context), "f");
    sqlite3_result_text(context, std::string(status.message()).c_str(), -1, SQLITE_TRANSIENT);
  });
  EXPECT_EQ(QueryText(db_, "SELECT f()").value(), "");
  ASSERT_TRUE(Execute(db_, "CREATE TABLE x AS SELECT f() AS message").ok());
  EXPECT_EQ(QueryText(db_, "SELECT message FROM x").value(),
            "f cannot run inside a statement that writes: it commits transactions of its own. Use a plain SELECT");
  ASSERT_TRUE(Execute(db_, "BEGIN").ok());
  EXPECT_EQ(QueryText(db_, "SELECT f()").value(),
            "f cannot run inside a transaction: it commits transactions of its own. COMMIT first");
}

}  // namespace
}  // namespace deltamirror::sqlite
