// A database and a journal that are written in large pieces, over a disk that fails: what was there must come back, as
// with SQLite's own.

#include "sqlite/buffered_vfs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "sqlite/statement.h"
#include "tests/faults/faulty_vfs.h"
#include "tests/lab/temp_dir.h"
#include "tests/sqlite_host.h"

namespace deltamirror::sqlite {
namespace {

constexpr char kSum[] = "SELECT sum(length(b) * a + c) FROM t";

constexpr int kRows = 80;

// So many pages that they go to the file before the commit.
constexpr char kFill[] =
    "CREATE TABLE t(a INTEGER PRIMARY KEY, b, c);"
    "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n LIMIT 80)"
    "INSERT INTO t SELECT a, randomblob(3000), 1 FROM n";

// What a VFS is registered with is known when a connection has been opened.
void KnowApi() {
  CaptureSqliteApi();
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open(":memory:", &db), SQLITE_OK);
  sqlite3_close(db);
}

struct Close {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};
using Database = std::unique_ptr<sqlite3, Close>;

class BufferedVfsTest : public ::testing::TestWithParam<const char*> {
 protected:
  BufferedVfsTest() {
    const Database made = Open(nullptr, dir_.File("before.db"));
    EXPECT_TRUE(Execute(made.get(), kFill).ok());
    before_ = Sum(made.get());
  }

  static Database Open(const char* vfs, const std::string& file) {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs), SQLITE_OK);
    return Database(db);
  }

  // The database as it was filled, with a cache that is too small for it.
  Database Fresh(const std::string& vfs) {
    for (const char* suffix : {"-journal", "-wal", "-shm"}) std::filesystem::remove(dir_.File("t.db") + suffix);
    std::filesystem::copy_file(dir_.File("before.db"), dir_.File("t.db"),
                               std::filesystem::copy_options::overwrite_existing);
    Database db = Open(vfs.c_str(), dir_.File("t.db"));
    EXPECT_TRUE(Execute(db.get(), absl::StrCat("PRAGMA cache_size = 10; PRAGMA journal_mode = ", GetParam())).ok());
    return db;
  }

  // Whatever fails, a process that finds the files afterwards sees all of the transaction or nothing of it.
  void Sweep(bool for_good, int cache) {
    int failures = 0;
    for (int nth = 1;; ++nth) {
      Database db = Fresh(vfs_.name());
      ASSERT_TRUE(Execute(db.get(), absl::StrCat("PRAGMA cache_size = ", cache)).ok());
      faulty_.FailAt(nth, FaultyVfs::Kind::kIo, for_good);
      const bool committed = Execute(db.get(), "UPDATE t SET c = 2").ok();
      db.reset();
      const bool failed = faulty_.failed();
      faulty_.FailAt(0);
      const int64_t sum = Sum(Open(nullptr, dir_.File("t.db")).get());
      EXPECT_TRUE(sum == before_ + kRows || (!committed && sum == before_)) << GetParam() << " " << nth << ": " << sum;
      if (!failed || HasFailure()) break;
      ++failures;
    }
    EXPECT_GT(failures, 10);
  }

  static int64_t Sum(sqlite3* db) {
    EXPECT_EQ(QueryText(db, "PRAGMA integrity_check").value_or("?"), "ok");
    return QueryInt64(db, kSum).value_or(-1);
  }

  static sqlite3_vfs* Find(const char* name) {
    KnowApi();
    return sqlite3_vfs_find(name);
  }

  lab::TempDir dir_;
  FaultyVfs faulty_{"faulty", /*is_default=*/false};
  BufferedVfs vfs_{Find("faulty")};
  int64_t before_ = 0;
};

TEST_P(BufferedVfsTest, BringsBackWhatWasThere) {
  const Database db = Fresh(vfs_.name());
  ASSERT_TRUE(Execute(db.get(), "BEGIN; UPDATE t SET c = 2 WHERE a <= 50; SAVEPOINT s; UPDATE t SET b = 'x'").ok());
  ASSERT_TRUE(Execute(db.get(), "ROLLBACK TO s").ok());
  EXPECT_EQ(Sum(db.get()), before_ + 50);
  ASSERT_TRUE(Execute(db.get(), "ROLLBACK").ok());
  EXPECT_EQ(Sum(db.get()), before_);
  ASSERT_TRUE(Execute(db.get(), "UPDATE t SET c = 3").ok());
  EXPECT_EQ(Sum(Open(nullptr, dir_.File("t.db")).get()), before_ + 2 * kRows);
}

TEST_P(BufferedVfsTest, WritesInLargePieces) {
  int writes[2];
  for (const bool buffered : {false, true}) {
    const Database db = Fresh(buffered ? vfs_.name() : "faulty");
    const int before = faulty_.writes();
    ASSERT_TRUE(Execute(db.get(), "PRAGMA cache_size = 10000; UPDATE t SET c = 2; PRAGMA wal_checkpoint").ok());
    writes[buffered ? 1 : 0] = faulty_.writes() - before;
  }
  if (std::string(GetParam()) == "WAL") {
    EXPECT_EQ(writes[1], writes[0]);
    return;
  }
  EXPECT_GT(writes[0], 4 * kRows) << "a page, and three times for the journal";
  EXPECT_LT(writes[1], writes[0] / 10);
}

TEST_P(BufferedVfsTest, WhatIsLargeIsBegunWithBeforeTheSync) {
  const Database db = Fresh(vfs_.name());
  ASSERT_TRUE(Execute(db.get(), "UPDATE t SET c = 2").ok());
  EXPECT_LT(vfs_.begun(), 1'000'000) << "80 pages";
  ASSERT_TRUE(Execute(db.get(),
                      "PRAGMA cache_size = 10000;"
                      "WITH RECURSIVE n(a) AS (SELECT 101 UNION ALL SELECT a + 1 FROM n LIMIT 4000)"
                      "INSERT INTO t SELECT a, randomblob(3000), 1 FROM n")
                  .ok());
  const int64_t database = vfs_.begun();
  ASSERT_TRUE(Execute(db.get(), "UPDATE t SET c = 2").ok());
  EXPECT_GT(database, 10'000'000) << "4,000 pages";
  EXPECT_GT(vfs_.begun(), database + 20'000'000) << "those again, and the journal with what was there, or a checkpoint";
}

TEST_P(BufferedVfsTest, AllOrNothingIsThereWhereverTheDiskFails) {
  for (const bool for_good : {false, true}) Sweep(for_good, /*cache=*/10);
}

TEST_P(BufferedVfsTest, NorDoesItMatterIfAllPagesWaitForTheCommit) {
  for (const bool for_good : {false, true}) Sweep(for_good, /*cache=*/10000);
}

INSTANTIATE_TEST_SUITE_P(Modes, BufferedVfsTest, ::testing::Values("DELETE", "TRUNCATE", "PERSIST", "WAL"),
                         [](const auto& info) { return std::string(info.param); });

// What has failed is not made up for once others may have written: the disk is full for a while.
TEST_P(BufferedVfsTest, WhatCouldNotBeWrittenIsNotWrittenLater) {
  for (const bool for_good : {false, true}) {
    bool committed = false;
    for (int nth = 1; !committed && !HasFailure(); ++nth) {
      const Database db = Fresh(vfs_.name());
      ASSERT_TRUE(Execute(db.get(), "PRAGMA cache_size = 10000").ok());
      faulty_.FailAt(nth, FaultyVfs::Kind::kFull, for_good);
      committed = Execute(db.get(), "UPDATE t SET c = 2").ok();
      faulty_.FailAt(0);
      const Database other = Open(nullptr, dir_.File("t.db"));
      EXPECT_EQ(Sum(other.get()), committed ? before_ + kRows : before_) << nth;
      ASSERT_TRUE(Execute(other.get(), "UPDATE t SET c = 1").ok()) << nth;
      EXPECT_EQ(Sum(db.get()), before_) << nth;
      EXPECT_TRUE(Execute(db.get(), "UPDATE t SET c = 4").ok()) << nth;
      EXPECT_EQ(Sum(other.get()), before_ + 3 * kRows) << nth;
    }
  }
}

TEST(CanBufferTest, IsNotForAFileWhoseJournalIsNotSyncedFirst) {
  KnowApi();
  FaultyVfs faulty("faulty", /*is_default=*/false);
  const lab::TempDir dir;
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open_v2(dir.File("t.db").c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "faulty"),
            SQLITE_OK);
  const Database closed(db);
  ASSERT_TRUE(Execute(db, "CREATE TABLE t(a)").ok());
  EXPECT_TRUE(BufferedVfs::CanBuffer(db, "main"));
  ASSERT_TRUE(Execute(db, "PRAGMA synchronous = OFF").ok());
  EXPECT_FALSE(BufferedVfs::CanBuffer(db, "main"));
  ASSERT_TRUE(Execute(db, "PRAGMA synchronous = NORMAL").ok());
  EXPECT_TRUE(BufferedVfs::CanBuffer(db, "main"));
  faulty.set_characteristics(SQLITE_IOCAP_SEQUENTIAL);
  EXPECT_FALSE(BufferedVfs::CanBuffer(db, "main"));
  EXPECT_FALSE(BufferedVfs::CanBuffer(db, "temp")) << "no file";
}

}  // namespace
}  // namespace deltamirror::sqlite
