// A synchronous standby that does not answer: what commits then is written, flushed and streamed, but not visible. The
// standby is one that does not exist; it "answers" when the setting is taken back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/lab/wait.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

class StandbyTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new lab::Cluster({.settings = {"max_prepared_transactions=5"}}); }
  static void TearDownTestSuite() { delete server_; }

  StandbyTest() { cluster_.Exec("CREATE TABLE t (a int); ALTER TABLE t REPLICA IDENTITY FULL"); }
  ~StandbyTest() override {
    Answer();
    for (std::thread& thread : stalled_) thread.join();
  }

  void Stall() { cluster_.StallCommits(); }
  void Answer() {
    cluster_.AnswerCommits();
    EXPECT_TRUE(Waiting("SyncRep", 0));
  }
  // So many sessions come to wait for that event.
  bool Waiting(const std::string& event, int count) {
    return lab::WaitUntil([&] {
      return cluster_.Value(absl::StrCat("SELECT count(*) FROM pg_stat_activity WHERE wait_event = '", event, "'")) ==
             absl::StrCat(count);
    });
  }
  // A copy runs, and waits for a transaction that it has found in its snapshot.
  bool CopyWaits(const std::string& role) {
    return lab::WaitUntil([&] {
      return cluster_.Value(absl::StrCat("SELECT count(*) FROM pg_stat_activity WHERE usename = '", role,
                                         "' AND query LIKE '%pg_current_snapshot%' AND state = 'idle'")) == "1";
    });
  }
  // Returns when the transaction is in the WAL.
  void CommitStalled(const std::string& sql) {
    stalled_.emplace_back([this, sql] { cluster_.Exec(sql); });
    EXPECT_TRUE(Waiting("SyncRep", static_cast<int>(stalled_.size())));
  }

  static lab::Cluster* server_;
  lab::MirrorLab lab_{server_};
  lab::Cluster& cluster_ = lab_.cluster;
  std::vector<std::thread> stalled_;
};

lab::Cluster* StandbyTest::server_ = nullptr;

TEST_F(StandbyTest, WhatIsInTheStreamButNotInTheSnapshotIsApplied) {
  cluster_.Exec("INSERT INTO t VALUES (0)");
  lab_.Begin();
  Stall();
  CommitStalled("INSERT INTO t VALUES (1)");
  lab_.Stream();
  EXPECT_EQ(lab_.Bootstrap("t"), "1");
  Answer();
  cluster_.Exec("INSERT INTO t VALUES (2)");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a");
}

// It was streamed, and even applied by a mirror that came earlier, before the copy was made.
TEST_F(StandbyTest, WhatAnEarlierTableHasFromTheStreamALaterTableStillNeeds) {
  cluster_.Exec("CREATE TABLE u (a int); ALTER TABLE u REPLICA IDENTITY FULL");
  lab_.Begin();
  EXPECT_EQ(lab_.Bootstrap("u"), "0");
  Stall();
  CommitStalled("WITH both_tables AS (INSERT INTO t VALUES (1)) INSERT INTO u VALUES (1)");
  lab_.CatchUp();
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM u"), "1");
  EXPECT_EQ(lab_.Bootstrap("t"), "0");
  Answer();
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a");
  lab_.ExpectEqual("u", "a");
}

TEST_F(StandbyTest, VisibleAndInvisibleOnesLieInAnyOrderInTheStream) {
  lab_.Begin();
  Stall();
  for (int i = 0; i < 4; ++i) {
    CommitStalled(absl::StrCat("INSERT INTO t VALUES (", i, ")"));
    cluster_.Exec(absl::StrCat("SET synchronous_commit = local; INSERT INTO t VALUES (", 100 + i, ")"));
  }
  lab_.Stream();
  EXPECT_EQ(lab_.Bootstrap("t"), "4");
  for (int i = 4; i < 8; ++i) {
    CommitStalled(absl::StrCat("INSERT INTO t VALUES (", i, ")"));
    cluster_.Exec(absl::StrCat("SET synchronous_commit = local; INSERT INTO t VALUES (", 100 + i, ")"));
  }
  lab_.CatchUp();
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM t"), "16");
  Answer();
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a");
}

TEST_F(StandbyTest, APreparedTransactionThatIsBeingCommittedIsApplied) {
  lab_.Begin();
  cluster_.Exec("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'p'");
  Stall();
  CommitStalled("COMMIT PREPARED 'p'");
  lab_.Stream();
  EXPECT_EQ(lab_.Bootstrap("t"), "0");
  Answer();
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a");
}

TEST_F(StandbyTest, ARoleThatMayNotSeeOthersWaitsForTheStandby) {
  cluster_.Exec("CREATE ROLE reader LOGIN; GRANT SELECT ON t TO reader");
  lab_.Begin();
  Stall();
  CommitStalled("INSERT INTO t VALUES (1)");
  lab_.Stream();
  std::thread copy([this] { EXPECT_EQ(lab_.host.Value(lab_.BootstrapSql("t", "{}", " user=reader")), "1"); });
  EXPECT_TRUE(CopyWaits("reader"));
  Answer();
  copy.join();
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a");
}

// A TRUNCATE holds its lock until it is visible: the copy waits for it, and does not read an empty table as full.
TEST_F(StandbyTest, ATruncateThatIsNotVisibleYetIsWaitedFor) {
  cluster_.Exec("INSERT INTO t VALUES (1), (2)");
  lab_.Begin();
  Stall();
  CommitStalled("TRUNCATE t");
  lab_.Stream();
  std::thread copy([this] { EXPECT_EQ(lab_.Bootstrap("t"), "0"); });
  EXPECT_TRUE(Waiting("relation", 1));
  Answer();
  copy.join();
  cluster_.Exec("INSERT INTO t VALUES (3)");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a");
}

// The slot does not have it, since it was committed before the slot was complete; and a copy does not see it, for as
// long as the standby does not answer. Making a slot waits for the transactions that run at two moments; this one comes
// between the second of them and the end. (Making a slot of pgoutput writes down what it is for, and this waits for the
// standby, too.)
TEST_F(StandbyTest, WhatWasCommittedBeforeTheSlotButIsNotVisibleYetIsWaitedFor) {
  LAB_NEEDS_DELTAFLOOD();
  lab::Session first(cluster_);
  first.Exec("BEGIN; INSERT INTO t VALUES (100)");
  std::thread begin([this] { lab_.Begin(); });
  EXPECT_TRUE(Waiting("transactionid", 1));
  lab::Session second(cluster_);
  second.Exec("BEGIN; INSERT INTO t VALUES (101)");
  first.Exec("ROLLBACK");
  // The slot waits for the second now.
  EXPECT_TRUE(lab::WaitUntil([this] {
    return cluster_.Value(
               "SELECT count(*) FROM pg_locks waiting JOIN pg_locks held USING (transactionid) WHERE NOT "
               "waiting.granted AND held.granted AND held.pid = (SELECT pid FROM pg_stat_activity WHERE "
               "state = 'idle in transaction')") == "1";
  }));
  Stall();
  CommitStalled("INSERT INTO t VALUES (1)");
  second.Exec("ROLLBACK");
  begin.join();
  EXPECT_EQ(cluster_.Value("SELECT count(*) FROM t"), "0");
  std::thread copy([this] { EXPECT_EQ(lab_.Bootstrap("t"), "1"); });
  EXPECT_TRUE(CopyWaits("postgres"));
  Answer();
  copy.join();
  cluster_.Exec("INSERT INTO t VALUES (2)");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a");
}

}  // namespace
}  // namespace deltamirror
