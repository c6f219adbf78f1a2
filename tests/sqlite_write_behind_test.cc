#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "sqlite/api.h"
#include "sqlite/statement.h"
#include "sqlite/write_behind.h"
#include "tests/lab/process.h"
#include "tests/lab/temp_dir.h"
#include "tests/sqlite_host.h"

namespace deltamirror::sqlite {
namespace {

constexpr int64_t kMiB = 1 << 20;

class WriteBehindTest : public ::testing::Test {
 protected:
  void SetUp() override {
    CaptureSqliteApi();
    Open(dir_.File("db"));
  }
  void TearDown() override { sqlite3_close(db_); }

  void Open(const std::string& name) {
    if (db_ != nullptr) sqlite3_close(db_);
    ASSERT_EQ(sqlite3_open(name.c_str(), &db_), SQLITE_OK);
    Run("CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY, b)");
  }
  void Run(const std::string& sql) { ASSERT_TRUE(Execute(db_, sql).ok()) << sql << ": " << sqlite3_errmsg(db_); }
  // In the transaction that is open.
  void Grow(int64_t bytes) {
    Run(absl::StrCat("WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ", bytes / 4000,
                     ") INSERT INTO t(b) SELECT randomblob(4000) FROM n"));
  }
  // What another process gets.
  std::string Shell(const std::string& sql) {
    lab::Process shell({"sqlite3", "-batch", "-bail", "-init", "/dev/null", dir_.File("db")}, sql);
    shell.Wait();
    return shell.Output() + shell.Errors();
  }

  lab::TempDir dir_;
  sqlite3* db_ = nullptr;
};

TEST_F(WriteBehindTest, BeginsToWriteWhatATransactionAdds) {
  Run("BEGIN; INSERT INTO t(b) VALUES ('first')");
  WriteBehind write_behind(db_, "main");
  for (int i = 0; i < 8; ++i) {
    Grow(8 * kMiB);
    write_behind.Look();
  }
  EXPECT_GT(write_behind.begun(), 40 * kMiB);
  EXPECT_LT(write_behind.begun(), 80 * kMiB);
  Run("COMMIT");
  EXPECT_EQ(Shell("PRAGMA integrity_check; SELECT count(*) > 15000 FROM t;"), "ok\n1\n");
}

TEST_F(WriteBehindTest, FollowsTheWalWhereThatIsWritten) {
  Run("PRAGMA journal_mode = WAL; BEGIN; INSERT INTO t(b) VALUES ('first')");
  WriteBehind write_behind(db_, "main");
  for (int i = 0; i < 4; ++i) {
    Grow(8 * kMiB);
    write_behind.Look();
  }
  EXPECT_GT(write_behind.begun(), 15 * kMiB);
  Run("COMMIT");
  EXPECT_EQ(Shell("PRAGMA integrity_check;"), "ok\n");
}

// A process that closes a file loses its locks on it, whichever descriptor they were taken with.
TEST_F(WriteBehindTest, LeavesSqliteItsLocks) {
  Run("BEGIN EXCLUSIVE");
  {
    WriteBehind write_behind(db_, "main");
    Grow(16 * kMiB);
    write_behind.Look();
  }
  EXPECT_NE(Shell("SELECT count(*) FROM t;").find("database is locked"), std::string::npos);
  Run("COMMIT");
  EXPECT_EQ(Shell("SELECT count(*) > 4000 FROM t;"), "1\n");
}

TEST_F(WriteBehindTest, LeavesSmallTransactionsAlone) {
  WriteBehind write_behind(db_, "main");
  for (int i = 0; i < 10; ++i) {
    Run("INSERT INTO t(b) VALUES ('x')");
    write_behind.Look();
  }
  EXPECT_EQ(write_behind.begun(), 0);
}

TEST_F(WriteBehindTest, DoesNothingForADatabaseInMemory) {
  Open(":memory:");
  WriteBehind write_behind(db_, "main");
  Grow(16 * kMiB);
  write_behind.Look();
  EXPECT_EQ(write_behind.begun(), 0);
}

}  // namespace
}  // namespace deltamirror::sqlite
