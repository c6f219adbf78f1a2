// A server that goes away while deltastream reads its slot: waited for, told of, and given up where waiting is in vain.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/daystream_content.h"
#include "tests/faults/fixture.h"
#include "tests/faults/running_query.h"
#include "tests/lab/cluster.h"
#include "tests/lab/process.h"
#include "tests/lab/proxy.h"
#include "tests/lab/wait.h"

namespace deltamirror {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ReconnectTest : public FaultsTest {};

TEST_F(ReconnectTest, RestartedServerIsWaitedForAndToldOf) {
  RunningQuery stream(Rows());
  Insert(1, 10);
  ASSERT_TRUE(Arrives(1));
  cluster_->Stop();
  ASSERT_TRUE(HasNote(stream, "waiting: "));
  cluster_->Start();
  Insert(11, 20);
  ASSERT_TRUE(Arrives(2));
  ASSERT_TRUE(HasNote(stream, "streaming: connected again after "));
  cluster_->Restart("immediate");
  Insert(21, 30);
  ASSERT_TRUE(Arrives(3));
  EXPECT_THAT(stream.Interrupt(), EndsWith("interrupted"));
  EXPECT_EQ(ReadContent(Stream()).committed.size(), 30u);
  const std::vector<std::string> notes = Notes(stream);
  EXPECT_THAT(notes[0], AllOf(HasSubstr("waiting: "), HasSubstr(". Trying again in 250ms")));
  for (const std::vector<std::string>& row : stream.rows()) {
    if (row[0] != "waiting") continue;
    EXPECT_EQ(row[6], "NULL") << "nobody knows how far a server is that is away";
    EXPECT_NE(row[4], "NULL") << "the position stays";
    EXPECT_NE(row[5], "NULL");
  }
}

TEST_F(ReconnectTest, PausesGrow) {
  lab::Proxy proxy(*cluster_);
  RunningQuery stream(Rows(R"({"status_interval":1})", proxy.conninfo()));
  ASSERT_TRUE(lab::WaitUntil(IsStreaming));
  proxy.Refuse();
  proxy.CutNow();
  ASSERT_TRUE(HasNote(stream, "Trying again in 2s"));
  proxy.Resume();
  ASSERT_TRUE(HasNote(stream, "connected again"));
  EXPECT_THAT(Notes(stream),
              ElementsAre(AllOf(StartsWith("waiting: lost the connection to the server: "), HasSubstr(" in 250ms")),
                          AllOf(StartsWith("waiting: could not connect to the server: "), HasSubstr(" in 500ms")),
                          HasSubstr(" in 1s"), HasSubstr(" in 2s"), "streaming: connected again after 4 attempts"));
}

TEST_F(ReconnectTest, InterruptIsHeardWhileWaiting) {
  lab::Proxy proxy(*cluster_);
  RunningQuery stream(Rows(R"({"status_interval":1})", proxy.conninfo()));
  ASSERT_TRUE(lab::WaitUntil(IsStreaming));
  proxy.Refuse();
  proxy.CutNow();
  ASSERT_TRUE(HasNote(stream, "Trying again in 4s"));
  const absl::Time begin = absl::Now();
  EXPECT_THAT(stream.Interrupt(), EndsWith("interrupted"));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(2));
}

TEST_F(ReconnectTest, ReconnectIsAnOption) {
  lab::Proxy proxy(*cluster_);
  RunningQuery stream(Rows(R"({"reconnect":false,"status_interval":1})", proxy.conninfo()));
  ASSERT_TRUE(lab::WaitUntil(IsStreaming));
  proxy.CutNow();
  EXPECT_THAT(stream.Wait(), HasSubstr("deltastream: lost the connection to the server"));
  ASSERT_TRUE(IsFree());
  // Where the work has an end, it ends with the connection, unless asked otherwise.
  Insert(1, 100000);
  proxy.CutAfter(1 << 20);
  RunningQuery bounded(Rows(R"({"until":"caught_up"})", proxy.conninfo()));
  EXPECT_THAT(bounded.Wait(), HasSubstr("deltastream: lost the connection to the server"));
  ASSERT_TRUE(IsFree());
  proxy.CutAfter(1 << 20);
  RunningQuery again(Rows(R"({"until":"caught_up","reconnect":true})", proxy.conninfo()));
  EXPECT_EQ(again.Wait(), "");
  EXPECT_TRUE(HasNote(again, "connected again"));
  EXPECT_EQ(ReadContent(Stream()).committed.size(), 100000u);
}

TEST_F(ReconnectTest, ServerThatIsNotThereAtTheStartIsAnError) {
  lab::Proxy proxy(*cluster_);
  proxy.Refuse();
  RunningQuery stream(Rows("{}", proxy.conninfo()));
  EXPECT_THAT(stream.Wait(), StartsWith("deltastream: could not connect to the server: "));
  EXPECT_TRUE(stream.rows().empty());
}

TEST_F(ReconnectTest, ServerShutsDownWithoutWaitingForUs) {
  auto stream = Run("{}");
  ASSERT_TRUE(lab::WaitUntil(SlotIsActive));
  Insert(1, 10);
  const absl::Time begin = absl::Now();
  cluster_->Stop();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
  stream->Kill(SIGINT);
  stream->Wait();
  cluster_->Start();
  CatchUp();
  EXPECT_EQ(ReadContent(Stream()).committed.size(), 10u);
}

// A server that has no connection left has one later.
TEST_F(ReconnectTest, FullServerIsWaitedFor) {
  lab::Cluster cluster({.settings = {"max_wal_senders=1"}});
  cluster.Exec("SELECT pg_create_logical_replication_slot('mirror', 'deltaflood')");
  cluster.Exec("SELECT pg_create_logical_replication_slot('other', 'deltaflood')");
  lab::Proxy proxy(cluster);
  RunningQuery stream(Rows("{}", proxy.conninfo()));
  const auto active = [&cluster](const std::string& slot) {
    return cluster.Value(absl::StrCat("SELECT active FROM pg_replication_slots WHERE slot_name = '", slot, "'"));
  };
  // Its beginning is over when it has given a row: a server that cannot be reached before is not waited for.
  cluster.Exec("CREATE TABLE t (a integer PRIMARY KEY); INSERT INTO t VALUES (1)");
  ASSERT_TRUE(lab::WaitUntil([&] { return !stream.rows().empty(); }));
  // (a) Another one takes the only place.
  proxy.Refuse();
  proxy.CutNow();
  ASSERT_TRUE(lab::WaitUntil([&] { return active("mirror") == "f"; }));
  lab::Process holder({"pg_recvlogical", "-d", cluster.conninfo(), "-S", "other", "--start", "-f", "-"});
  ASSERT_TRUE(lab::WaitUntil([&] { return active("other") == "t"; })) << holder.Errors();
  proxy.Resume();
  EXPECT_TRUE(HasNote(stream, "number of requested standby connections exceeds max_wal_senders (currently 1)"));
  EXPECT_TRUE(stream.Running());
  // (b) It leaves.
  holder.Kill(SIGKILL);
  EXPECT_TRUE(HasNote(stream, "connected again"));
}

// A lost connection's walsender may hold the slot until the server notices.
TEST_F(ReconnectTest, SlotThatTheServerStillHoldsIsWaitedFor) {
  lab::Proxy proxy(*cluster_);
  RunningQuery stream(Rows(R"({"status_interval":1})", proxy.conninfo()));
  ASSERT_TRUE(lab::WaitUntil(IsStreaming));
  lab::Session holder(*cluster_);
  const std::string pid = SlotValue("active_pid");
  // (a) Stopped, the old walsender does not see that its client has gone.
  kill(std::stoi(pid), SIGSTOP);
  proxy.CutNow();
  EXPECT_TRUE(HasNote(stream, absl::StrCat("replication slot \"mirror\" is in use by PID ", pid)));
  // (b) It wakes up, and leaves.
  kill(std::stoi(pid), SIGCONT);
  EXPECT_TRUE(HasNote(stream, "connected again"));
  Insert(1, 1);
  EXPECT_TRUE(Arrives(1));
}

}  // namespace
}  // namespace deltamirror
