// Slots, servers and daystreams that do not belong together are noticed, and refused with what to do.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "daystream/files.h"
#include "daystream/source.h"
#include "tests/daystream_content.h"
#include "tests/faults/fixture.h"
#include "tests/faults/running_query.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/process.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"

namespace deltamirror {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class MixUpTest : public FaultsTest {};

TEST_F(MixUpTest, TwoWritersAreRefused) {
  auto stream = Run("{}");
  ASSERT_TRUE(lab::WaitUntil(SlotIsActive));
  const std::string pid = SlotValue("active_pid");
  EXPECT_EQ(Error(), absl::StrCat("deltastream: replication slot \"mirror\" is in use by PID ", pid,
                                  " of the server. Only one deltastream can read a slot at a time"));
  EXPECT_TRUE(stream->Running());
  stream->Kill(SIGINT);
  stream->Wait();
}

TEST_F(MixUpTest, OneDestinationHasOneWriter) {
  auto stream = Run("{}");
  ASSERT_TRUE(lab::WaitUntil(SlotIsActive));
  cluster_->Exec("SELECT pg_create_logical_replication_slot('second', 'deltaflood')");
  EXPECT_THAT(host_.Error(absl::StrCat("SELECT * FROM deltastream(", lab::Literal(cluster_->conninfo()), ", 'second', ",
                                       lab::Literal(Stream()), ")")),
              AllOf(HasSubstr("deltastream: "), HasSubstr(Stream())));
  stream->Kill(SIGINT);
  stream->Wait();
}

TEST_F(MixUpTest, MissingSlot) {
  EXPECT_EQ(host_.Error(absl::StrCat("SELECT * FROM deltastream(", lab::Literal(cluster_->conninfo()), ", 'nobody', ",
                                     lab::Literal(Stream()), ")")),
            "deltastream: replication slot \"nobody\" does not exist. Make it with pg_slot_create(conninfo, "
            "'nobody')");
  EXPECT_EQ(access(Stream().c_str(), F_OK), -1) << "no daystream is begun for it";
}

TEST_F(MixUpTest, SlotMadeAnewIsRefused) {
  Insert(1, 1);
  CatchUp();
  cluster_->Exec("SELECT pg_drop_replication_slot('mirror')");
  Insert(2, 2);
  CreateSlot("{}");
  EXPECT_THAT(Error(R"({"until":"caught_up"})"),
              AllOf(HasSubstr("deltastream: replication slot \"mirror\" begins at "),
                    HasSubstr("the changes between them would be missing. The slot was made anew"),
                    HasSubstr("new, empty folder as the destination and bootstrap the mirrors again")));
}

TEST_F(MixUpTest, SlotThatSomethingElseHasReadIsRefused) {
  CatchUp();
  Insert(1, 1);
  cluster_->Exec("SELECT pg_replication_slot_advance('mirror', pg_current_wal_lsn())");
  EXPECT_THAT(Error(R"({"until":"caught_up"})"), HasSubstr("or something else has read it"));
}

// Deltastream closed the transaction with a rollback, and it never came again.
TEST_F(MixUpTest, ADaystreamThatLostWhatTheServerForgotIsRefused) {
  Insert(1, 1);
  CatchUp();
  Insert(2, 2);
  CatchUp();
  const std::string file = absl::StrCat(Stream(), "/", daystream::ListDayFiles(Stream())->back());
  const std::string whole = lab::ReadFile(file);
  lab::WriteFile(file, whole.substr(0, whole.size() - 1));
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_THAT(Error(R"({"until":"caught_up"})"),
                AllOf(HasSubstr("deltastream: cannot go on writing to daystream"), HasSubstr(file),
                      HasSubstr("and the server does not send them again. Bring the file back from a copy")));
  }
  lab::WriteFile(file, whole);
  Insert(3, 3);
  CatchUp();
  EXPECT_EQ(ReadContent(Stream()).committed, (std::vector<std::string>{"insert a=1", "insert a=2", "insert a=3"}));
}

// What was written into a file that nobody could find any more counted as safe.
TEST_F(MixUpTest, AFileThatIsRemovedWhileItIsWrittenEndsTheStream) {
  Insert(1, 1);
  CatchUp();
  const uint64_t confirmed = Confirmed();
  RunningQuery stream(Rows());
  ASSERT_TRUE(lab::WaitUntil(SlotIsActive));
  const std::string file = absl::StrCat(Stream(), "/", daystream::ListDayFiles(Stream())->back());
  std::filesystem::rename(file, dir_.File("away"));
  Insert(2, 2);
  EXPECT_THAT(stream.Wait(), AllOf(HasSubstr("deltastream: cannot go on writing to daystream"), HasSubstr(file),
                                   HasSubstr("was removed while it was written")));
  // Transaction 2 is still the server's.
  std::filesystem::rename(dir_.File("away"), file);
  EXPECT_EQ(Confirmed(), confirmed);
  CatchUp();
  EXPECT_EQ(ReadContent(Stream()).committed, (std::vector<std::string>{"insert a=1", "insert a=2"}));
}

TEST_F(MixUpTest, PromotedServerIsFollowedIfItHasEverything) {
  lab::Cluster cluster;
  cluster.Exec("CREATE TABLE zzz (a integer PRIMARY KEY)");
  const std::string catch_up = absl::StrCat("SELECT count(*) FROM deltastream(", lab::Literal(cluster.conninfo()),
                                            ", 'mirror', ", lab::Literal(Stream()), R"(, '{"until":"caught_up"}'))");
  host_.Value(absl::StrCat("SELECT pg_slot_create(", lab::Literal(cluster.conninfo()), ", 'mirror')"));
  cluster.Exec("INSERT INTO zzz VALUES (1)");
  host_.Exec(catch_up);
  // (a) The server ends its recovery, and goes on under timeline 2.
  cluster.Stop();
  lab::WriteFile(cluster.path() + "/data/recovery.signal", "");
  lab::WriteFile(cluster.path() + "/data/postgresql.auto.conf", "restore_command = 'false'\n");
  cluster.Start();
  ASSERT_TRUE(lab::WaitUntil([&] { return cluster.Value("SELECT pg_is_in_recovery()") == "f"; }));
  cluster.Exec("INSERT INTO zzz VALUES (2)");
  host_.Exec(catch_up);
  EXPECT_EQ(ReadContent(Stream()).committed, (std::vector<std::string>{"insert a=1", "insert a=2"}));
  // (b) As if timeline 1 had gone on, and the daystream had followed it.
  daystream::SourceInfo info = *daystream::LoadSourceInfo(Stream());
  EXPECT_EQ(info.timeline, 2);
  info.timeline = 1;
  ASSERT_TRUE(daystream::SaveSourceInfo(Stream(), info).ok());
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_THAT(host_.Error(catch_up),
                AllOf(HasSubstr("the server is on timeline 2, daystream"), HasSubstr("which the server has left at ")));
  }
}

}  // namespace
}  // namespace deltamirror
