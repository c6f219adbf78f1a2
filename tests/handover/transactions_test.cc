// Transactions of every kind that are under way while the first copy is made: none is lost, none comes twice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/wait.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

class TransactionsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    // Asynchronous commits stay unflushed for as long as a test needs.
    cluster_ = new lab::Cluster({.settings = {"max_prepared_transactions=5", "wal_writer_delay=10s"}});
  }
  static void TearDownTestSuite() { delete cluster_; }

  // A table without a key: nothing hides a row that comes twice.
  void SetUp() override {
    lab_.cluster.Exec("CREATE TABLE t (a int); ALTER TABLE t REPLICA IDENTITY FULL");
    lab_.Begin();
  }

  void ExpectEqual() {
    lab_.CatchUp();
    lab_.ExpectEqual("t", "a");
  }

  static lab::Cluster* cluster_;
  lab::MirrorLab lab_{cluster_};
};

lab::Cluster* TransactionsTest::cluster_ = nullptr;

TEST_F(TransactionsTest, OneThatIsOpenAcrossIsNeitherLostNorDoubled) {
  lab::Session open(lab_.cluster);
  open.Exec("BEGIN");
  open.Exec("INSERT INTO t VALUES (1)");
  lab_.cluster.Exec("INSERT INTO t VALUES (3)");
  EXPECT_EQ(lab_.Bootstrap("t"), "1");
  lab_.cluster.Exec("INSERT INTO t VALUES (4)");
  open.Exec("INSERT INTO t VALUES (5)");
  open.Exec("COMMIT");
  ExpectEqual();
  EXPECT_EQ(lab_.Status("t", "inserts"), "3");
}

// It began far before the margin that clocks are given, and so much has been streamed since.
TEST_F(TransactionsTest, OneThatHasBeenOpenForLongIsNotLost) {
  lab::Session open(lab_.cluster);
  open.Exec("BEGIN");
  open.Exec("INSERT INTO t VALUES (1)");
  for (int i = 0; i < 5; ++i) {
    absl::SleepFor(absl::Milliseconds(500));
    lab_.cluster.Exec(absl::StrCat("INSERT INTO t VALUES (", 10 + i, ")"));
    lab_.Stream();
  }
  EXPECT_EQ(lab_.Bootstrap("t", R"({"margin":0})"), "5");
  open.Exec("COMMIT");
  ExpectEqual();
  EXPECT_EQ(lab_.Status("t", "inserts"), "1");
}

TEST_F(TransactionsTest, OneThatIsRolledBackLeavesNothing) {
  lab::Session open(lab_.cluster);
  open.Exec("BEGIN");
  open.Exec("INSERT INTO t VALUES (1)");
  EXPECT_EQ(lab_.Bootstrap("t"), "0");
  open.Exec("INSERT INTO t VALUES (2)");
  open.Exec("ROLLBACK");
  lab_.cluster.Exec("INSERT INTO t VALUES (3)");
  ExpectEqual();
}

// Their ids are not in the snapshot's list, which has those of whole transactions; and they are younger than the copy.
TEST_F(TransactionsTest, SubtransactionsOfOneThatIsOpenAcrossBelongToIt) {
  lab::Session open(lab_.cluster);
  open.Exec("BEGIN");
  open.Exec("SAVEPOINT s; INSERT INTO t VALUES (1); RELEASE s");
  open.Exec("SAVEPOINT s; INSERT INTO t VALUES (2); ROLLBACK TO s");
  open.Exec("SAVEPOINT outer_one; INSERT INTO t VALUES (3); SAVEPOINT inner_one; INSERT INTO t VALUES (4)");
  lab_.cluster.Exec("INSERT INTO t VALUES (10)");
  EXPECT_EQ(lab_.Bootstrap("t"), "1");
  open.Exec("ROLLBACK TO inner_one; INSERT INTO t VALUES (5)");
  open.Exec("RELEASE outer_one; SAVEPOINT s; INSERT INTO t VALUES (6); RELEASE s");
  lab_.cluster.Exec("INSERT INTO t VALUES (11)");
  open.Exec("COMMIT");
  ExpectEqual();
  EXPECT_EQ(lab_.Status("t", "inserts"), "5");  // 1, 3, 5, 6 and 11
}

// More than a backend lists by itself (64): then a snapshot has "suboverflowed".
TEST_F(TransactionsTest, ManySubtransactionsOfOneThatIsOpenAcross) {
  lab::Session open(lab_.cluster);
  open.Exec("BEGIN");
  for (int i = 0; i < 100; ++i) open.Exec(absl::StrCat("SAVEPOINT s", i, "; INSERT INTO t VALUES (", i, ")"));
  lab_.cluster.Exec("INSERT INTO t VALUES (1000)");
  EXPECT_EQ(lab_.Bootstrap("t"), "1");
  open.Exec("ROLLBACK TO s90");
  open.Exec("COMMIT");
  ExpectEqual();
  EXPECT_EQ(lab_.Status("t", "inserts"), "90");
}

TEST_F(TransactionsTest, APreparedOneThatIsCommittedAfterTheCopyIsAppliedOnce) {
  lab_.cluster.Exec("BEGIN; INSERT INTO t VALUES (1); SAVEPOINT s; INSERT INTO t VALUES (2); PREPARE TRANSACTION 'p'");
  lab_.cluster.Exec("INSERT INTO t VALUES (3)");
  EXPECT_EQ(lab_.Bootstrap("t"), "1");
  lab_.cluster.Exec("INSERT INTO t VALUES (4)");
  lab_.CatchUp();  // the hand-over is over before it is committed
  EXPECT_EQ(lab_.Status("t", "state"), "live");
  lab_.cluster.Exec("COMMIT PREPARED 'p'");
  ExpectEqual();
  EXPECT_EQ(lab_.Status("t", "inserts"), "3");
}

TEST_F(TransactionsTest, APreparedOneThatIsRolledBackAfterTheCopyLeavesNothing) {
  lab_.cluster.Exec("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'p'");
  lab_.cluster.Exec("INSERT INTO t VALUES (2)");
  EXPECT_EQ(lab_.Bootstrap("t"), "1");
  lab_.cluster.Exec("ROLLBACK PREPARED 'p'");
  lab_.cluster.Exec("INSERT INTO t VALUES (3)");
  ExpectEqual();
}

TEST_F(TransactionsTest, APreparedOneSurvivesARestartOfTheServerAcrossTheCopy) {
  lab_.cluster.Exec("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'p'");
  lab_.cluster.Restart("immediate");
  lab_.cluster.Exec("INSERT INTO t VALUES (2)");
  EXPECT_EQ(lab_.Bootstrap("t"), "1");
  lab_.cluster.Restart("immediate");
  lab_.cluster.Exec("COMMIT PREPARED 'p'");
  ExpectEqual();
  EXPECT_EQ(lab_.Status("t", "inserts"), "1");
}

// They are visible before they are written, and written long before they are flushed.
TEST_F(TransactionsTest, AsynchronousOnesAreSeenOnce) {
  lab::Session writer(lab_.cluster);
  writer.Exec("SET synchronous_commit = off");
  for (int i = 0; i < 20; ++i) writer.Exec(absl::StrCat("INSERT INTO t VALUES (", i, ")"));
  EXPECT_EQ(lab_.Bootstrap("t"), "20");
  for (int i = 20; i < 40; ++i) writer.Exec(absl::StrCat("INSERT INTO t VALUES (", i, ")"));
  ExpectEqual();
  EXPECT_EQ(lab_.Status("t", "inserts"), "20");
}

// A crash of the server would undo what the copy has seen, and give the ids of those transactions to others, which
// would be taken for seen.
TEST_F(TransactionsTest, AsynchronousOnesThatTheCopySawOutliveACrashOfTheServer) {
  lab::Session writer(lab_.cluster);
  writer.Exec("SET synchronous_commit = off");
  for (int i = 0; i < 20; ++i) writer.Exec(absl::StrCat("INSERT INTO t VALUES (", i, ")"));
  EXPECT_EQ(lab_.Bootstrap("t"), "20");
  lab_.cluster.Restart("immediate");
  for (int i = 20; i < 30; ++i) lab_.cluster.Exec(absl::StrCat("INSERT INTO t VALUES (", i, ")"));
  ExpectEqual();
}

TEST_F(TransactionsTest, ARoleThatMayNotSeeOthersWaitsForThem) {
  lab_.cluster.Exec("CREATE ROLE reader LOGIN; GRANT SELECT ON t TO reader");
  lab::Session open(lab_.cluster);
  open.Exec("BEGIN");
  open.Exec("INSERT INTO t VALUES (1)");
  std::string copied;
  std::thread copy([&] { copied = lab_.host.Value(lab_.BootstrapSql("t", "{}", " user=reader")); });
  // It looks, finds what it may not see, and looks again.
  EXPECT_TRUE(lab::WaitUntil([&] {
    return lab_.cluster.Value(
               "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND query LIKE "
               "'%pg_current_snapshot%' AND state = 'idle'") == "1";
  }));
  lab_.cluster.Exec("INSERT INTO t VALUES (2)");
  open.Exec("COMMIT");
  copy.join();
  EXPECT_EQ(copied, "2");
  lab_.cluster.Exec("INSERT INTO t VALUES (3)");
  ExpectEqual();
  EXPECT_EQ(lab_.Status("t", "inserts"), "1");
}

// A prepared transaction tells its time to everybody.
TEST_F(TransactionsTest, ARoleThatMayNotSeeOthersNeedNotWaitForPreparedOnes) {
  lab_.cluster.Exec("CREATE ROLE reader LOGIN; GRANT SELECT ON t TO reader");
  lab_.cluster.Exec("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'p'");
  EXPECT_EQ(lab_.host.Value(lab_.BootstrapSql("t", "{}", " user=reader")), "0");
  lab_.cluster.Exec("COMMIT PREPARED 'p'");
  ExpectEqual();
}

TEST_F(TransactionsTest, ARoleWithLimitsOnItsSessionsCopiesNevertheless) {
  lab_.cluster.Exec(
      "CREATE ROLE reader LOGIN; GRANT SELECT ON t TO reader; ALTER ROLE reader SET default_transaction_read_only = on;"
      "ALTER ROLE reader SET statement_timeout = '200ms'; ALTER ROLE reader SET idle_in_transaction_session_timeout = "
      "'200ms'; ALTER ROLE reader SET default_transaction_isolation = 'serializable'; ALTER ROLE reader SET "
      "synchronous_commit = remote_apply; INSERT INTO t SELECT i FROM generate_series(1, 1000000) i");
  EXPECT_EQ(lab_.host.Value(lab_.BootstrapSql("t", "{}", " user=reader")), "1000000");
  lab_.cluster.Exec("INSERT INTO t VALUES (0)");
  lab_.CatchUp();
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM t"), "1000001");
}

}  // namespace
}  // namespace deltamirror
