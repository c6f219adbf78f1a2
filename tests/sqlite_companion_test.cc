#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sqlite/api.h"
#include "sqlite/companion.h"
#include "sqlite/statement.h"
#include "tests/lab/temp_dir.h"
#include "tests/sqlite_host.h"

namespace deltamirror::sqlite {
namespace {

class CompanionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    CaptureSqliteApi();
    ASSERT_EQ(sqlite3_open(dir_.File("host.db").c_str(), &db_), SQLITE_OK);
    ASSERT_TRUE(Execute(db_, "CREATE TABLE t(a); ATTACH '" + dir_.File("other.db") + "' AS other").ok());
    ASSERT_TRUE(Execute(db_, "CREATE TABLE other.u(a)").ok());
  }
  void TearDown() override { sqlite3_close(db_); }

  // What the host's setting is to the companion that it gets then.
  int64_t Setting(const std::string& host, const std::string& name) {
    EXPECT_TRUE(Execute(db_, host).ok()) << host;
    const std::unique_ptr<Companion> companion = Companion::Open(db_);
    return companion == nullptr ? -1 : QueryInt64(companion->db(), "PRAGMA " + name).value_or(-1);
  }

  lab::TempDir dir_;
  sqlite3* db_ = nullptr;
};

TEST_F(CompanionTest, HasTheHostsSettings) {
  EXPECT_EQ(Setting("PRAGMA synchronous = EXTRA", "synchronous"), 3);
  EXPECT_EQ(Setting("PRAGMA other.synchronous = OFF", "other.synchronous"), 0);
  EXPECT_EQ(Setting("PRAGMA busy_timeout = 1234", "busy_timeout"), 1234);
  EXPECT_EQ(Setting("PRAGMA foreign_keys = ON", "foreign_keys"), 1);
}

TEST_F(CompanionTest, HasAsMuchCacheAsTheHostAndMoreThanSqlitesOwn) {
  EXPECT_EQ(Setting("", "cache_size"), -32768);
  EXPECT_EQ(Setting("", "other.cache_size"), -32768);
  EXPECT_EQ(Setting("PRAGMA cache_size = -100000", "cache_size"), -100000);
  EXPECT_EQ(Setting("", "other.cache_size"), -32768);
  EXPECT_EQ(Setting("PRAGMA other.cache_size = 20000", "other.cache_size"), -80000) << "pages of 4 KiB";
}

TEST_F(CompanionTest, AStatementMayOutliveIt) {
  ASSERT_TRUE(Execute(db_, "PRAGMA journal_mode = WAL").ok());
  std::unique_ptr<Companion> companion = Companion::Open(db_);
  ASSERT_NE(companion, nullptr);
  ASSERT_TRUE(Execute(companion->db(), "INSERT INTO t VALUES (1)").ok());
  {
    absl::StatusOr<Statement> select = Statement::Prepare(companion->db(), "SELECT a FROM t");
    ASSERT_TRUE(select.ok());
    companion.reset();
    EXPECT_TRUE(select->Step().value_or(false));
  }  // with it goes the connection
  EXPECT_EQ(QueryInt64(db_, "SELECT a FROM t").value_or(-1), 1);
}

TEST_F(CompanionTest, HasTheHostsVfsBelowOneThatBuffersTheJournal) {
  const auto vfs_of = [](sqlite3* db, const char* schema) {
    sqlite3_vfs* vfs = nullptr;
    sqlite3_file_control(db, schema, SQLITE_FCNTL_VFS_POINTER, &vfs);
    return vfs;
  };
  ASSERT_TRUE(Execute(db_, "PRAGMA other.synchronous = OFF").ok());
  const std::unique_ptr<Companion> companion = Companion::Open(db_);
  ASSERT_NE(companion, nullptr);
  EXPECT_EQ(vfs_of(companion->db(), "main")->pAppData, vfs_of(db_, "main"));
  EXPECT_EQ(vfs_of(companion->db(), "other"), vfs_of(db_, "other")) << "its journal is not synced";
}

}  // namespace
}  // namespace deltamirror::sqlite
