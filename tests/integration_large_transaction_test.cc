// One transaction of many changes goes through plugin, deltastream and deltamirror with bounded memory in each.
// DELTAMIRROR_CHANGES sets how many (default 200,000): bazel test --test_env=DELTAMIRROR_CHANGES=2000000 ...

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/process.h"
#include "tests/lab/sanitized.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"

namespace deltamirror {
namespace {

using ::testing::Lt;

constexpr int64_t kMebibyte = 1024 * 1024;
constexpr char kCaughtUp[] = "'{\"until\":\"caught_up\"}'";

int64_t Changes() {
  int64_t changes = 200000;
  if (const char* text = std::getenv("DELTAMIRROR_CHANGES"); text != nullptr) changes = std::atoll(text);
  return changes;
}

// A line like "RssAnon:     1234 kB" of a process, in bytes.
int64_t MemoryOf(const std::string& pid, absl::string_view key) {
  for (const auto line : absl::StrSplit(lab::ReadFile(absl::StrCat("/proc/", pid, "/status")), '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    int64_t kibibytes = 0;
    if (words.size() > 1 && words[0] == key && absl::SimpleAtoi(words[1], &kibibytes)) return kibibytes * 1024;
  }
  return 0;
}

class LargeTransactionTest : public testing::Test {
 protected:
  LargeTransactionTest() : cluster_({.settings = {"logical_decoding_work_mem=4MB"}}) {
    cluster_.Exec("CREATE TABLE t (a bigint PRIMARY KEY, b text, c integer, d timestamptz)");
  }

  std::string Stream() const {
    return absl::StrCat("SELECT * FROM deltastream(", lab::Literal(cluster_.conninfo()), ", 'mirror', '", Daystream(),
                        "', ", kCaughtUp, ");");
  }
  std::string Daystream() const { return dir_.File("daystream"); }
  std::string File() const { return dir_.File("cache.db"); }

  // Two thirds of the changes insert, a quarter updates, the rest deletes.
  void ChangeAll(int64_t changes) {
    const int64_t rows = changes * 2 / 3;
    const int64_t updates = changes / 4;
    const int64_t deletes = changes - rows - updates;
    cluster_.Exec(absl::StrCat("BEGIN; INSERT INTO t SELECT g, 'row ' || g, g % 1000, now() FROM generate_series(1, ",
                               rows, ") g; UPDATE t SET c = -c, b = b || ' changed' WHERE a <= ", updates,
                               "; DELETE FROM t WHERE a > ", rows - deletes, "; COMMIT;"));
  }

  // Runs the script in a shell of its own and returns the shell's largest memory; the walsender's, while it runs, goes
  // to `walsender`.
  int64_t PeakOf(const std::string& database, const std::string& script, int64_t* walsender = nullptr) {
    lab::Process shell = lab::Process::Shell(database, script);
    int64_t peak = 0;
    EXPECT_TRUE(lab::WaitUntil(
        [&] {
          peak = std::max(peak, shell.PeakMemory());
          if (walsender != nullptr) {
            for (const auto& row : cluster_.Query("SELECT pid FROM pg_stat_replication")) {
              *walsender = std::max(*walsender, MemoryOf(row[0], "RssAnon:"));
            }
          }
          return !shell.Running();
        },
        absl::Minutes(10)));
    EXPECT_EQ(shell.Wait(), 0) << shell.Errors();
    return peak;
  }

  lab::Cluster cluster_;
  lab::TempDir dir_;
};

TEST_F(LargeTransactionTest, PassesInBoundedMemory) {
  const int64_t idle = PeakOf("", "SELECT deltamirror_version();");
  lab::Host host(File());
  host.Exec(absl::StrCat("SELECT pg_slot_create(", lab::Literal(cluster_.conninfo()),
                         ", 'mirror', '{\"plugin\":\"deltaflood\"}')"));
  host.Exec(Stream());
  host.Exec(absl::StrCat("CREATE VIRTUAL TABLE mirror USING daystream_apply(source='", Daystream(), "')"));
  host.Exec(absl::StrCat("SELECT deltamirror_bootstrap('mirror', ", lab::Literal(cluster_.conninfo()), ", 't')"));
  ChangeAll(Changes());

  int64_t walsender = 0;
  const int64_t stream = PeakOf("", Stream(), &walsender);
  const int64_t mirror = PeakOf(File(), absl::StrCat("SELECT * FROM deltamirror('mirror', ", kCaughtUp, ");"));

  RecordProperty("idle_mib", absl::StrCat(idle / kMebibyte));
  RecordProperty("walsender_mib", absl::StrCat(walsender / kMebibyte));
  RecordProperty("deltastream_mib", absl::StrCat(stream / kMebibyte));
  RecordProperty("deltamirror_mib", absl::StrCat(mirror / kMebibyte));
  // A sanitizer needs memory of its own.
  if (!lab::IsSanitized()) {
    EXPECT_THAT(stream, Lt(idle + 64 * kMebibyte));
    EXPECT_THAT(mirror, Lt(idle + 64 * kMebibyte));
    EXPECT_THAT(walsender, Lt(64 * kMebibyte));
  }
  const std::string totals = "SELECT count(*), sum(a), sum(c), sum(length(b)), count(DISTINCT d) FROM t";
  EXPECT_EQ(host.Query(totals), cluster_.Query(totals));
}

}  // namespace
}  // namespace deltamirror
