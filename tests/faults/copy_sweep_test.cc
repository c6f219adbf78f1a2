// First copies and imports while calls of SQLite's fail: on its files, or for memory. What has come is there as a whole
// or not at all, and the next try brings it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/faults/faulty_memory.h"
#include "tests/faults/faulty_vfs.h"
#include "tests/faults/mirror_sweep.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

// More than SQLite is told to keep in memory, so that the copy is written to the file while it is under way.
constexpr int kRows = 300;

class CopySweepTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete cluster_; }

  CopySweepTest() {
    lab_.cluster.Exec(absl::StrCat("CREATE TABLE t (id int PRIMARY KEY, filler text); CREATE INDEX ON t (filler); ",
                                   "INSERT INTO t SELECT i, repeat('x', 200) || i FROM generate_series(1, ", kRows,
                                   ") i"));
  }

  // Runs `sql` on a new database made by `prepare`, until it needs no more calls. After a failure, `sql` is run again,
  // on the same connection or another.
  void Sweep(const std::string& sql, const std::string& prepare, const Fault& fault) {
    const std::string file = lab_.dir.File("run.db");
    for (int nth = 1;; nth = NextOf(nth)) {
      const std::string when = absl::StrCat("call ", nth);
      for (const char* suffix : {"", "-wal", "-shm", "-journal"}) std::filesystem::remove(file + suffix);
      auto host = std::make_unique<lab::Host>(file);
      host->Exec(absl::StrCat("PRAGMA cache_size = 5; CREATE TABLE mine (a); ", prepare));
      fault.arm(nth);
      char* message = nullptr;
      const int rc = sqlite3_exec(host->db(), sql.c_str(), nullptr, nullptr, &message);
      const bool failed = fault.failed();
      fault.arm(0);
      const std::string error = rc == SQLITE_OK ? "" : message != nullptr ? message : sqlite3_errmsg(host->db());
      sqlite3_free(message);
      EXPECT_TRUE(failed || rc == SQLITE_OK) << when << ": " << error;
      ExpectClear(error, when);
      // Without memory, SQLite cannot even roll back at some moments. It can later.
      if (fault.of_memory && sqlite3_get_autocommit(host->db()) == 0) host->Exec("ROLLBACK");
      EXPECT_NE(sqlite3_get_autocommit(host->db()), 0) << when;
      ExpectWhole(file, rc == SQLITE_OK, when);
      if (nth % 2 == 0) host = std::make_unique<lab::Host>(file);
      if (rc != SQLITE_OK) host->Exec(sql);
      ExpectWhole(file, true, when);
      if (!failed || HasFailure()) return;
    }
  }

  void ExpectWhole(const std::string& file, bool there, const std::string& when) {
    lab::Host host(file);
    EXPECT_EQ(host.Value("PRAGMA integrity_check"), "ok") << when;
    EXPECT_EQ(host.Value("SELECT count(*) FROM sqlite_master WHERE name = 't'"), there ? "1" : "0") << when;
    if (there) {
      EXPECT_EQ(host.Value("SELECT count(*) || ' ' || sum(id) FROM t"), "300 45150") << when;
    }
    // What a first copy notes belongs to it.
    if (host.Value("SELECT count(*) FROM sqlite_master WHERE name = 'm_table'") == "1") {
      EXPECT_EQ(host.Value("SELECT count(*) FROM m_table"), there ? "1" : "0") << when;
      EXPECT_EQ(host.Value("SELECT clock > 0 FROM m_state"), there ? "1" : "0") << when;
    }
  }

  std::string Conninfo() const { return lab::Literal(lab_.cluster.conninfo()); }
  std::string Import() const { return absl::StrCat("SELECT pg_import(", Conninfo(), ", 't', 't')"); }
  std::string Mirror() const {
    return absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", lab_.Daystream(), "')");
  }

  Fault Calls(FaultyVfs::Kind kind, bool for_good) {
    return {.arm = [this, kind, for_good](int nth) { vfs_.FailAt(nth, kind, for_good); },
            .failed = [this] { return vfs_.failed(); }};
  }
  static Fault Allocations() {
    return {.arm = [](int nth) { FaultyMemory::FailAt(nth); },
            .failed = [] { return FaultyMemory::failed(); },
            .of_memory = true};
  }

  static lab::Cluster* cluster_;
  FaultyVfs vfs_{"faulty", /*is_default=*/true};
  lab::MirrorLab lab_{cluster_};
};

lab::Cluster* CopySweepTest::cluster_ = nullptr;

TEST_F(CopySweepTest, AnImportOnADiskThatFails) {
  Sweep(Import(), "", Calls(FaultyVfs::Kind::kIo, /*for_good=*/false));
}

TEST_F(CopySweepTest, AnImportOnADiskThatIsFull) {
  Sweep(Import(), "", Calls(FaultyVfs::Kind::kFull, /*for_good=*/true));
}

TEST_F(CopySweepTest, AnImportWithoutMemory) {
  Sweep(Import(), "", Allocations());
}

TEST_F(CopySweepTest, AFirstCopyOnADiskThatFails) {
  lab_.Begin();
  Sweep(lab_.BootstrapSql("t"), Mirror(), Calls(FaultyVfs::Kind::kIo, /*for_good=*/false));
}

TEST_F(CopySweepTest, AFirstCopyOnADiskThatIsFull) {
  lab_.Begin();
  Sweep(lab_.BootstrapSql("t"), Mirror(), Calls(FaultyVfs::Kind::kFull, /*for_good=*/true));
}

}  // namespace
}  // namespace deltamirror
