// A mirror on a disk that fails SQLite: each call of its VFS is made to fail, once or for good, in one run after the
// other. Whatever fails, the error says so, rows and position belong together, and the next run ends as if nothing had
// been.

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/faults/faulty_vfs.h"
#include "tests/faults/mirror_sweep.h"
#include "tests/lab/host.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror {
namespace {

class SqliteSweepTest : public ::testing::Test {
 protected:
  // In all ways and journal modes.
  void SweepAll(FaultyVfs::Kind kind, bool for_good) {
    MirrorSweep sweep;
    for (const MirrorSweep::Way way : MirrorSweep::kWays) {
      for (const char* journal : MirrorSweep::kJournals) {
        const int runs = sweep.Sweep(
            way, journal,
            {.arm = [&](int nth) { vfs_.FailAt(nth, kind, for_good); }, .failed = [&] { return vfs_.failed(); }});
        EXPECT_GT(runs, 10);
        if (HasFailure()) return;
      }
    }
  }

  FaultyVfs vfs_{"faulty", /*is_default=*/true};
};

TEST_F(SqliteSweepTest, EachCallFailsOnce) {
  SweepAll(FaultyVfs::Kind::kIo, /*for_good=*/false);
}

TEST_F(SqliteSweepTest, EachCallFailsAndAllAfterIt) {
  SweepAll(FaultyVfs::Kind::kIo, /*for_good=*/true);
}

TEST_F(SqliteSweepTest, TheDiskIsFullFromEachWriteOn) {
  SweepAll(FaultyVfs::Kind::kFull, /*for_good=*/true);
}

// Attached files were opened with the VFS of main.
TEST(CompanionVfsTest, AnAttachedFileIsOpenedWithTheVfsThatTheHostHasForIt) {
  FaultyVfs vfs("other", /*is_default=*/false);
  const lab::TempDir dir;
  lab::WriteFile(
      dir.File("log"),
      "_c\t5\t_s\t0\t_table\tzzz\t_xid\t1\t_action\tinsert\ta\tx\n_c\t5\t_s\t1\t_xid\t1\t_lsn\t0/1\t_action\tcommit\n");
  lab::Host host(dir.File("main.db"));
  host.Exec(absl::StrCat("ATTACH 'file:", dir.File("a%3fb c.db"), "?vfs=other&mode=rwc' AS aux"));
  host.Exec("CREATE TABLE aux.zzz (a PRIMARY KEY)");
  host.Exec(absl::StrCat("CREATE VIRTUAL TABLE aux.m USING daystream_apply(source='", dir.File("log"), "')"));
  const int before = vfs.opened();
  EXPECT_EQ(host.Query("SELECT records FROM deltamirror('aux.m', '{\"until\":\"caught_up\"}')").size(), 1u);
  EXPECT_EQ(host.Value("SELECT count(*) FROM aux.zzz"), "1");
  // The file again, not only a journal: that it was deltamirror's own connection shows in its journal's being opened,
  // too.
  EXPECT_GE(vfs.opened() - before, 2);
}

}  // namespace
}  // namespace deltamirror
