// What no waiting can mend ends deltastream at once, with what to do, also while it waits for a server to come back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/daystream_content.h"
#include "tests/faults/fixture.h"
#include "tests/faults/running_query.h"
#include "tests/lab/cluster.h"
#include "tests/lab/proxy.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"

namespace deltamirror {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class GiveUpTest : public FaultsTest {
 protected:
  GiveUpTest() : proxy_(*cluster_) {}

  // The stream is under way, and holds one transaction.
  bool Streams() {
    Insert(1, 10);
    return Arrives(1);
  }

  // The connection is lost, and there is no other one until Reconnect.
  bool Disconnect() {
    proxy_.Refuse();
    proxy_.CutNow();
    return IsFree();
  }
  void Reconnect() { proxy_.Resume(); }

  static void Reload() { cluster_->Exec("SELECT pg_reload_conf()"); }

  lab::Proxy proxy_;
};

TEST_F(GiveUpTest, RefusedPassword) {
  cluster_->Exec("CREATE ROLE locked LOGIN REPLICATION PASSWORD 'sesame'");
  const std::string conninfo =
      absl::StrCat(proxy_.conninfo(), " user=locked password=wrong application_name=deltamirror");
  RunningQuery stream(Rows("{}", conninfo));
  ASSERT_TRUE(Streams());
  ASSERT_TRUE(Disconnect());
  const std::string rules = absl::StrCat(cluster_->path(), "/data/pg_hba.conf");
  const std::string trust = lab::ReadFile(rules);
  lab::WriteFile(rules, absl::StrCat("local all locked scram-sha-256\n", trust));
  Reload();
  Reconnect();
  EXPECT_THAT(stream.Wait(), AllOf(StartsWith("deltastream: could not connect to the server: "),
                                   HasSubstr("password authentication failed for user \"locked\""),
                                   Not(HasSubstr("28P01")), Not(HasSubstr(".c:")), Not(HasSubstr("wrong"))));
  lab::WriteFile(rules, trust);
  Reload();
  cluster_->Exec("DROP ROLE locked");
}

TEST_F(GiveUpTest, MissingPassword) {
  cluster_->Exec("CREATE ROLE locked LOGIN REPLICATION PASSWORD 'sesame'");
  RunningQuery stream(Rows("{}", absl::StrCat(proxy_.conninfo(), " user=locked passfile=/nowhere")));
  ASSERT_TRUE(Streams());
  ASSERT_TRUE(Disconnect());
  const std::string rules = absl::StrCat(cluster_->path(), "/data/pg_hba.conf");
  const std::string trust = lab::ReadFile(rules);
  lab::WriteFile(rules, absl::StrCat("local all locked scram-sha-256\n", trust));
  Reload();
  Reconnect();
  EXPECT_THAT(stream.Wait(), HasSubstr("no password supplied"));
  lab::WriteFile(rules, trust);
  Reload();
  cluster_->Exec("DROP ROLE locked");
}

TEST_F(GiveUpTest, RoleThatMayNoLongerReplicate) {
  cluster_->Exec("CREATE ROLE streamer LOGIN REPLICATION");
  RunningQuery stream(Rows("{}", absl::StrCat(proxy_.conninfo(), " user=streamer")));
  ASSERT_TRUE(Streams());
  ASSERT_TRUE(Disconnect());
  cluster_->Exec("ALTER ROLE streamer NOREPLICATION");
  Reconnect();
  EXPECT_THAT(stream.Wait(), AllOf(StartsWith("deltastream: "), HasSubstr("must be superuser or replication role")));
  cluster_->Exec("DROP ROLE streamer");
}

TEST_F(GiveUpTest, DroppedSlot) {
  RunningQuery stream(Rows("{}", proxy_.conninfo()));
  ASSERT_TRUE(Streams());
  ASSERT_TRUE(Disconnect());
  cluster_->Exec("SELECT pg_drop_replication_slot('mirror')");
  Reconnect();
  EXPECT_THAT(
      stream.Wait(),
      AllOf(StartsWith("deltastream: replication slot \"mirror\" does not exist, but daystream \""),
            HasSubstr(absl::StrCat(Stream(), "\" was read from it")), HasSubstr("the changes since then are gone"),
            HasSubstr("Make it anew with pg_slot_create"), HasSubstr("a new, empty folder as the destination")));
}

TEST_F(GiveUpTest, SlotMadeAnewMeanwhile) {
  RunningQuery stream(Rows("{}", proxy_.conninfo()));
  ASSERT_TRUE(Streams());
  ASSERT_TRUE(Disconnect());
  cluster_->Exec("SELECT pg_drop_replication_slot('mirror')");
  Insert(11, 20);
  CreateSlot("{}");
  Reconnect();
  EXPECT_THAT(stream.Wait(), AllOf(HasSubstr("deltastream: replication slot \"mirror\" begins at "),
                                   HasSubstr("the changes between them would be missing. The slot was made anew")));
  EXPECT_EQ(ReadContent(Stream()).committed.size(), 10u);
}

// The server itself throws the reader out, and its connection with it.
TEST_F(GiveUpTest, InvalidatedSlot) {
  cluster_->Exec("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
  Reload();
  RunningQuery stream(Rows("{}", proxy_.conninfo()));
  ASSERT_TRUE(Streams());
  proxy_.Stall();
  EXPECT_TRUE(lab::WaitUntil([] {
    cluster_->Exec("SELECT pg_switch_wal(); CREATE TABLE IF NOT EXISTS more (x int)");
    cluster_->Exec("INSERT INTO more VALUES (1)");
    cluster_->Exec("CHECKPOINT");
    return SlotValue("wal_status") == "lost";
  }));
  Reconnect();
  EXPECT_THAT(stream.Wait(),
              AllOf(StartsWith("deltastream: replication slot \"mirror\" was invalidated by the server (wal_status "
                               "\"lost\"): WAL that it "
                               "needs is gone"),
                    HasSubstr("max_slot_wal_keep_size"), HasSubstr("pg_slot_drop"), HasSubstr("pg_slot_create"),
                    HasSubstr("a new, empty folder as the destination and bootstrap the mirrors again")));
  cluster_->Exec("ALTER SYSTEM RESET max_slot_wal_keep_size");
  Reload();
}

TEST_F(GiveUpTest, DroppedPublication) {
  cluster_->Exec("SELECT pg_drop_replication_slot('mirror')");
  CreateSlot(R"({"plugin":"pgoutput"})");
  RunningQuery stream(Rows("{}", proxy_.conninfo()));
  ASSERT_TRUE(Streams());
  ASSERT_TRUE(Disconnect());
  cluster_->Exec("DROP PUBLICATION mirror");
  Reconnect();
  EXPECT_THAT(stream.Wait(), StartsWith("deltastream: publication \"mirror\" does not exist"));
}

// While it streams the server notices only with the next change.
TEST_F(GiveUpTest, PublicationDroppedUnderTheStream) {
  cluster_->Exec("SELECT pg_drop_replication_slot('mirror')");
  CreateSlot(R"({"plugin":"pgoutput"})");
  RunningQuery stream(Rows("{}", proxy_.conninfo()));
  ASSERT_TRUE(Streams());
  cluster_->Exec("DROP PUBLICATION mirror");
  Insert(11, 20);
  EXPECT_THAT(stream.Wait(), AllOf(StartsWith("deltastream: "), HasSubstr("publication \"mirror\" does not exist")));
}

TEST_F(GiveUpTest, AnotherServerBehindTheSameAddress) {
  lab::Cluster other;
  other.Exec("SELECT pg_create_logical_replication_slot('mirror', 'deltaflood')");
  RunningQuery stream(Rows("{}", proxy_.conninfo()));
  ASSERT_TRUE(Streams());
  ASSERT_TRUE(Disconnect());
  proxy_.PointTo(other);
  Reconnect();
  EXPECT_THAT(stream.Wait(), AllOf(StartsWith(absl::StrCat("deltastream: cannot write to daystream \"", Stream(),
                                                           "\": it holds slot \"mirror\" of database \"postgres\"")),
                                   HasSubstr("on the server with system identifier ")));
  EXPECT_EQ(ReadContent(Stream()).committed.size(), 10u);
}

TEST_F(GiveUpTest, DroppedDatabase) {
  cluster_->Exec("CREATE DATABASE other");
  const std::string conninfo = absl::StrCat(proxy_.conninfo(), " dbname=other");
  host_.Value(absl::StrCat("SELECT pg_slot_create(", lab::Literal(conninfo), ", 'second')"));
  RunningQuery stream(absl::StrCat("SELECT state, note FROM deltastream(", lab::Literal(conninfo), ", 'second', ",
                                   lab::Literal(Stream()), ", '{\"status_interval\":1}')"));
  ASSERT_TRUE(lab::WaitUntil(IsStreaming));
  ASSERT_TRUE(Disconnect());
  cluster_->Exec("SELECT pg_drop_replication_slot('second')");
  cluster_->Exec("DROP DATABASE other");
  Reconnect();
  EXPECT_THAT(stream.Wait(), HasSubstr("database \"other\" does not exist"));
}

}  // namespace
}  // namespace deltamirror
