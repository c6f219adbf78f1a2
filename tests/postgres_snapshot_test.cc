#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "postgres/snapshot.h"
#include "tests/lab/cluster.h"
#include "tests/lab/wait.h"
#include "types/lsn.h"

namespace deltamirror::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(SnapshotTextTest, ReadsWhatTheServerPrints) {
  EXPECT_EQ(ParseSnapshot("10:20:10,14,15").value(), (Snapshot{10, 20, {10, 14, 15}}));
  EXPECT_EQ(ParseSnapshot("10:10:").value(), (Snapshot{10, 10, {}}));
  EXPECT_EQ(ParseSnapshot("4294967297:4294967299:4294967298")->running, std::vector<uint64_t>{4294967298});
  for (const char* text : {"", "10:20", "a:20:", "10:20:x", "10:20:-1"})
    EXPECT_THAT(std::string(ParseSnapshot(text).status().message()), HasSubstr("expected a snapshot like")) << text;
}

TEST(LookTest, AccountsForWhatItSawAndForWhatCameLater) {
  const Look look = {.time = 1000, .xid = 20, .starts = {{14, 700}, {15, std::nullopt}, {9, 100}}};
  // 9 has ended, 22 came later.
  const Snapshot snapshot = {14, 23, {14, 22}};
  EXPECT_THAT(Unaccounted(look, snapshot), IsEmpty());
  EXPECT_EQ(EarliestStart(look, snapshot), 700);
  // 15 is hidden, 16 was not there at all.
  EXPECT_THAT(Unaccounted(look, Snapshot{14, 23, {14, 15, 16, 22}}), ElementsAre(15, 16));
  EXPECT_EQ(EarliestStart(look, Snapshot{23, 23, {}}), 1000);
}

TEST(LookTest, ComparesTheLowHalvesOfIds) {
  const uint64_t epoch = uint64_t{1} << 32;
  const Look look = {.time = 1000, .xid = epoch + 2, .starts = {{0xffffffff, 500}, {1, 600}}};
  const Snapshot snapshot = {epoch - 1, epoch + 2, {epoch - 1, epoch + 1}};
  EXPECT_THAT(Unaccounted(look, snapshot), IsEmpty());
  EXPECT_EQ(EarliestStart(look, snapshot), 500);
}

TEST(LookTest, KnowsWhatMayBeOlderThanTheStream) {
  const Look look = {.time = 1000, .xid = 20, .starts = {{14, 700}, {15, 800}, {16, 900}}, .elsewhere = {15}};
  const Snapshot snapshot = {14, 23, {14, 15, 16, 22}};
  EXPECT_THAT(OlderThanStream(look, snapshot, 0), IsEmpty());
  EXPECT_THAT(OlderThanStream(look, snapshot, 15), ElementsAre(14));
  EXPECT_THAT(OlderThanStream(look, snapshot, 100), ElementsAre(14, 16));
}

class CopySnapshotTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster_ = new lab::Cluster({.settings = {"max_prepared_transactions=5"}});
    cluster_->Exec(
        "CREATE TABLE t (a int PRIMARY KEY); CREATE ROLE reader LOGIN; GRANT SELECT ON t TO reader; "
        "ALTER ROLE reader SET default_transaction_read_only = on");
  }
  static void TearDownTestSuite() { delete cluster_; }

  Connection Connect(const std::string& user = "postgres", InterruptCheck interrupt = nullptr) {
    absl::StatusOr<Connection> connection =
        Connection::Open(absl::StrCat(cluster_->conninfo(), " user=", user), {.interrupt = std::move(interrupt)});
    EXPECT_TRUE(connection.ok()) << connection.status();
    return *std::move(connection);
  }

  // Microseconds since 1970.
  int64_t ServerTime(lab::Session& session, const std::string& function) {
    int64_t time = 0;
    EXPECT_TRUE(absl::SimpleAtoi(
        session.Value(absl::StrCat("SELECT (extract(epoch FROM ", function, ") * 1000000)::bigint")), &time));
    return time;
  }

  static lab::Cluster* cluster_;
};

lab::Cluster* CopySnapshotTest::cluster_ = nullptr;

TEST_F(CopySnapshotTest, LocksBeforeItSees) {
  lab::Session other(*cluster_);
  other.Exec("BEGIN");
  other.Exec("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
  other.Exec("INSERT INTO t VALUES (1)");
  Connection connection = Connect();
  std::thread committer([&] {
    EXPECT_TRUE(lab::WaitUntil([&] {
      return cluster_->Value("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't'::regclass") == "1";
    }));
    other.Exec("COMMIT");
  });
  absl::StatusOr<CopySnapshot> copy = BeginCopySnapshot(connection, {"public.t"});
  committer.join();
  ASSERT_TRUE(copy.ok()) << copy.status();
  // The snapshot was taken after the lock was there: it sees what the lock waited for.
  EXPECT_EQ(connection.Query("SELECT a FROM t WHERE a = 1")->rows(), 1);
  EXPECT_EQ(cluster_->Value("SELECT string_agg(mode, ',') FROM pg_locks WHERE relation = 't'::regclass"),
            "AccessShareLock");
  EXPECT_EQ(connection.Query("SHOW transaction_isolation")->text(0, 0), "repeatable read");
  EXPECT_EQ(connection.Query("SHOW transaction_read_only")->text(0, 0), "on");
}

TEST_F(CopySnapshotTest, StartsBeforeTheOldestRunningTransaction) {
  lab::Session writer(*cluster_);
  writer.Exec("BEGIN");
  const int64_t begun = ServerTime(writer, "now()");
  writer.Exec("INSERT INTO t VALUES (2)");
  lab::Session reader(*cluster_);  // without an id: it has nothing to say to a stream
  reader.Exec("BEGIN");
  reader.Exec("SELECT 1");
  absl::SleepFor(absl::Milliseconds(20));
  Connection connection = Connect();
  absl::StatusOr<CopySnapshot> copy = BeginCopySnapshot(connection, {"t"});
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(copy->start_time, begun);
  EXPECT_EQ(copy->snapshot.running.size(), 1u);
  const uint64_t end_lsn = copy->end_lsn;
  writer.Exec("COMMIT");
  EXPECT_EQ(connection.Query("SELECT FROM t WHERE a = 2")->rows(), 0);
  EXPECT_GT(*types::ParseLsn(cluster_->Value("SELECT pg_current_wal_insert_lsn()")), end_lsn);
}

TEST_F(CopySnapshotTest, StartsBeforeAPreparedTransaction) {
  lab::Session writer(*cluster_);
  writer.Exec("BEGIN");
  writer.Exec("INSERT INTO t VALUES (3)");
  writer.Exec("PREPARE TRANSACTION 'p'");
  absl::SleepFor(absl::Milliseconds(20));
  const int64_t later = ServerTime(writer, "clock_timestamp()");
  Connection connection = Connect("reader");
  absl::StatusOr<CopySnapshot> copy = BeginCopySnapshot(connection, {"t"});
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_LT(copy->start_time, later - 19000);
  writer.Exec("COMMIT PREPARED 'p'");
}

TEST_F(CopySnapshotTest, ForgetsTransactionsOfOtherDatabases) {
  cluster_->Exec("CREATE DATABASE other");
  Connection connection = Connect();
  Connection other = *Connection::Open(absl::StrCat(cluster_->conninfo(), " dbname=other"), {});
  ASSERT_TRUE(other.Execute("BEGIN; SELECT pg_current_xact_id()").ok());
  absl::SleepFor(absl::Milliseconds(20));
  lab::Session session(*cluster_);
  const int64_t now = ServerTime(session, "clock_timestamp()");
  absl::StatusOr<CopySnapshot> copy = BeginCopySnapshot(connection, {});
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(copy->snapshot.running.size(), 1u);
  EXPECT_GE(copy->start_time, now);
}

TEST_F(CopySnapshotTest, WaitsForTransactionsWhoseStartItMayNotSee) {
  lab::Session writer(*cluster_);
  writer.Exec("BEGIN");
  const std::string xid = writer.Value("SELECT pg_current_xact_id()");
  writer.Exec("INSERT INTO t VALUES (4)");
  Connection connection = Connect("reader");
  std::atomic<uint64_t> awaited = 0;
  std::thread committer([&] {
    EXPECT_TRUE(lab::WaitUntil([&] { return awaited != 0; }));
    // Those that begin from now on need not be waited for.
    lab::Session later(*cluster_);
    later.Exec("BEGIN");
    later.Exec("INSERT INTO t VALUES (5)");
    writer.Exec("COMMIT");
    EXPECT_TRUE(lab::WaitUntil([&] {
      return cluster_->Value(
                 "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass AND mode = "
                 "'AccessShareLock'") == "1";
    }));
    later.Exec("COMMIT");
  });
  absl::StatusOr<CopySnapshot> copy =
      BeginCopySnapshot(connection, {"t"}, 0, [&](uint64_t oldest, absl::string_view why) {
        EXPECT_EQ(why, kHiddenStart);
        awaited = oldest;
      });
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(absl::StrCat(awaited.load()), xid);
  EXPECT_EQ(connection.Query("SELECT FROM t WHERE a = 4")->rows(), 1);
  EXPECT_EQ(connection.Query("SELECT FROM t WHERE a = 5")->rows(), 0);
  committer.join();
}

TEST_F(CopySnapshotTest, WaitingCanBeInterrupted) {
  lab::Session writer(*cluster_);
  writer.Exec("BEGIN");
  writer.Exec("SELECT pg_current_xact_id()");
  bool stop = false;
  Connection connection =
      Connect("reader", [&stop] { return stop ? absl::CancelledError("interrupted") : absl::OkStatus(); });
  absl::StatusOr<CopySnapshot> copy =
      BeginCopySnapshot(connection, {"t"}, 0, [&](uint64_t, absl::string_view) { stop = true; });
  EXPECT_EQ(copy.status(), absl::CancelledError("interrupted"));
}

TEST_F(CopySnapshotTest, KnowsTheServer) {
  Connection connection = Connect("reader");
  absl::StatusOr<ServerIdentity> identity = ReadServerIdentity(connection);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->system_identifier, cluster_->Value("SELECT system_identifier FROM pg_control_system()"));
  EXPECT_EQ(identity->database, "postgres");
}

}  // namespace
}  // namespace deltamirror::postgres
