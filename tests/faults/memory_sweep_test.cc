// A mirror in a host that runs out of memory: each allocation of SQLite's is made to fail, once or for good, in one run
// after the other.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/faults/faulty_memory.h"
#include "tests/faults/mirror_sweep.h"
#include "tests/lab/host.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror {
namespace {

Fault Allocations(bool for_good) {
  return {.arm = [for_good](int nth) { FaultyMemory::FailAt(nth, for_good); },
          .failed = [] { return FaultyMemory::failed(); }};
}

TEST(MemorySweepTest, EachAllocationFailsOnce) {
  MirrorSweep sweep;
  for (const MirrorSweep::Way way : MirrorSweep::kWays) {
    EXPECT_GT(sweep.Sweep(way, "delete", Allocations(/*for_good=*/false)), 60);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(MemorySweepTest, EachAllocationFailsAndAllAfterIt) {
  MirrorSweep sweep;
  for (const MirrorSweep::Way way : MirrorSweep::kWays) {
    EXPECT_GT(sweep.Sweep(way, "delete", Allocations(/*for_good=*/true)), 60);
    if (::testing::Test::HasFailure()) return;
  }
}

// What gives rows, or one value, gives all of it or an error.
TEST(MemorySweepTest, ReadingGivesEverythingOrAnError) {
  const lab::TempDir dir;
  const std::string file = dir.File("log");
  lab::WriteFile(file,
                 "_c\t5\t_s\t0\t_table\tzzz\t_action\tinsert\ta\tone\tb\t\\N\n_c\t5\t_s\t1\t_table\tzzz\t_"
                 "action\tdelete\ta\ttwo\n");
  for (const std::string& sql :
       {absl::StrCat("SELECT line, record, \"table\" FROM daystream(", lab::Literal(file), ") WHERE clock >= 5"),
        std::string("SELECT deltaflood_parse('_c' || char(9) || '5' || char(9) || '_s' || char(9) || '0' || char(9) || "
                    "'_table' || char(9) || 'zzz' || char(9) || '_action' || char(9) || 'insert' || char(9) || 'a' || "
                    "char(9) || 'x')")}) {
    lab::Host host;
    const lab::Rows all = host.Query(sql);
    for (int nth = 1;; ++nth) {
      lab::Rows rows;
      sqlite3_stmt* statement = nullptr;
      FaultyMemory::FailAt(nth);
      int rc = sqlite3_prepare_v2(host.db(), sql.c_str(), -1, &statement, nullptr);
      while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(statement);
        if (rc != SQLITE_ROW) break;
        std::vector<std::string> row;
        for (int i = 0; i < sqlite3_column_count(statement); ++i) {
          const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
          row.emplace_back(text == nullptr ? "NULL" : text);
        }
        rows.push_back(row);
      }
      const bool failed = FaultyMemory::failed();
      FaultyMemory::FailAt(0);
      const std::string error = sqlite3_errmsg(host.db());
      sqlite3_finalize(statement);
      if (rc == SQLITE_DONE) {
        EXPECT_EQ(rows, all) << "allocation " << nth;
      } else {
        EXPECT_TRUE(NamesFault(error)) << "allocation " << nth << ": " << error;
      }
      if (!failed || ::testing::Test::HasFailure()) break;
    }
  }
}

}  // namespace
}  // namespace deltamirror
