// deltamirror_verify of large tables: memory, interrupts, and large transactions behind the snapshot.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/process.h"
#include "tests/lab/sanitized.h"
#include "tests/lab/wait.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMiB = 1 << 20;

class VerifyLimitsTest : public ::testing::Test {
 protected:
  // Some 100 MB.
  void SetUp() override {
    lab_.cluster.Exec(
        "CREATE TABLE t (a int PRIMARY KEY, b text, c int); INSERT INTO t SELECT i, repeat('x', 1000) || i, 0 FROM "
        "generate_series(1, 100000) i");
    lab_.host.Exec("PRAGMA journal_mode = wal");
    lab_.Begin();
    lab_.Bootstrap("t");
  }
  std::string Sql(const std::string& columns, const std::string& options = "{}") const {
    return absl::StrCat("SELECT ", columns, " FROM deltamirror_verify('m', ", lab::Literal(lab_.cluster.conninfo()),
                        ", ", lab::Literal(options), ")");
  }
  // What the shell prints, and the most memory that it takes beyond a shell that does nothing.
  std::string Run(const std::string& sql, int64_t* memory) {
    lab::Process idle = lab::Process::Shell(lab_.dir.File("mirror.db"), ".shell sleep 1");
    int64_t floor = 0;
    while (idle.Running()) floor = std::max(floor, idle.PeakMemory());
    lab::Process shell = lab::Process::Shell(lab_.dir.File("mirror.db"), absl::StrCat(sql, ";"));
    int64_t peak = 0;
    while (shell.Running()) {
      peak = std::max(peak, shell.PeakMemory());
      absl::SleepFor(absl::Milliseconds(5));
    }
    EXPECT_EQ(shell.Wait(), 0) << shell.Errors();
    *memory = peak - floor;
    return shell.Output();
  }

  lab::MirrorLab lab_;
};

TEST_F(VerifyLimitsTest, MemoryIsBoundedWhetherTheTableIsEqualOrNoRowOfItIs) {
  if (lab::IsSanitized()) GTEST_SKIP() << "a sanitizer's own memory is in the way";
  int64_t memory = 0;
  EXPECT_EQ(Run(Sql("equal, source_rows"), &memory), "1|100000\n");
  EXPECT_LT(memory, 64 * kMiB);
  lab_.host.Exec("UPDATE t SET b = b || 'y'");
  EXPECT_EQ(Run(Sql("equal, differing"), &memory), "0|100000\n");
  EXPECT_LT(memory, 64 * kMiB);
}

// Every row is in the transaction that the mirror has and the snapshot does not see.
TEST_F(VerifyLimitsTest, MemoryIsBoundedWhereAllRowsAreInMotion) {
  if (lab::IsSanitized()) GTEST_SKIP() << "a sanitizer's own memory is in the way";
  lab_.cluster.StallCommits();
  std::thread stalled([this] { lab_.cluster.Exec("UPDATE t SET c = 1"); });
  ASSERT_TRUE(lab::WaitUntil([this] {
    return lab_.cluster.Value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "1";
  }));
  lab_.CatchUp();
  EXPECT_EQ(lab_.cluster.Value("SELECT sum(c) FROM t"), "0");
  EXPECT_EQ(lab_.host.Value("SELECT sum(c) FROM t"), "100000");
  int64_t memory = 0;
  EXPECT_EQ(Run(Sql("equal, source_rows, differing"), &memory), "1|100000|0\n");
  EXPECT_LT(memory, 64 * kMiB);
  lab_.cluster.AnswerCommits();
  stalled.join();
}

// From the first moment on to the last: while it looks for its tables, in the first reading and in the second.
TEST_F(VerifyLimitsTest, AnInterruptEndsItSoon) {
  lab_.host.Exec("UPDATE t SET c = 1 WHERE a = 1");
  int interrupted = 0;
  for (absl::Duration delay = absl::Milliseconds(20);; delay *= 1.5, ++interrupted) {
    std::atomic<bool> done = false;
    // Again and again, as one that comes before the statement has begun is forgotten.
    std::thread interrupter([&] {
      for (absl::SleepFor(delay); !done; absl::SleepFor(absl::Milliseconds(10))) sqlite3_interrupt(lab_.host.db());
    });
    const absl::Time begin = absl::Now();
    const int rc = sqlite3_exec(lab_.host.db(), Sql("*").c_str(), nullptr, nullptr, nullptr);
    EXPECT_LT(absl::Now() - begin, delay + absl::Seconds(2)) << delay;
    done = true;
    interrupter.join();
    if (rc == SQLITE_OK) break;
    ASSERT_EQ(rc, SQLITE_INTERRUPT) << delay << sqlite3_errmsg(lab_.host.db());
  }
  EXPECT_GT(interrupted, 3);
  EXPECT_EQ(lab_.host.Value(Sql("differing")), "1");
}

TEST_F(VerifyLimitsTest, AnInterruptEndsTheWaitForTheMirror) {
  lab_.cluster.Exec("INSERT INTO t VALUES (0, '', 0)");
  std::thread interrupter([this] {
    absl::SleepFor(absl::Milliseconds(500));
    sqlite3_interrupt(lab_.host.db());
  });
  const absl::Time begin = absl::Now();
  EXPECT_THAT(lab_.host.Error(Sql("*", R"({"timeout":600})")), HasSubstr("interrupted"));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  interrupter.join();
}

}  // namespace
}  // namespace deltamirror
