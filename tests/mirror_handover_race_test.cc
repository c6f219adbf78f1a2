// First copies at random moments while others write: in the end the mirror equals its source.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/process.h"
#include "tests/lab/wait.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

// Writers that insert, update and delete, with subtransactions, rollbacks and pauses inside of transactions.
class Writers {
 public:
  Writers(const lab::Cluster& cluster, int count) { Start(cluster, count); }
  ~Writers() { Stop(); }
  void Start(const lab::Cluster& cluster, int count) {
    stop_ = false;
    for (int i = 0; i < count; ++i) threads_.emplace_back([this, &cluster, i] { Write(cluster, i); });
  }
  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  void Write(const lab::Cluster& cluster, int id) {
    std::mt19937 random(id);
    lab::Session session(cluster);
    if (id % 2 == 0) session.Exec("SET synchronous_commit = off");
    for (int round = 0; !stop_; ++round) {
      session.Exec("BEGIN");
      session.Exec(absl::StrCat("UPDATE account SET balance = balance + 1 WHERE id = ", random() % 100));
      session.Exec(absl::StrCat("INSERT INTO history (writer, round) VALUES (", id, ", ", round, ")"));
      if (random() % 4 == 0) session.Exec("SAVEPOINT s; INSERT INTO history VALUES (-1, -1); ROLLBACK TO s");
      if (random() % 4 == 0)
        session.Exec(absl::StrCat("SAVEPOINT t; INSERT INTO history VALUES (", id, ", -", round, "); RELEASE t"));
      if (random() % 8 == 0) absl::SleepFor(absl::Milliseconds(random() % 30));
      if (random() % 5 == 0) session.Exec(absl::StrCat("DELETE FROM account WHERE id = ", 100 + id));
      if (random() % 5 == 0)
        session.Exec(absl::StrCat("INSERT INTO account VALUES (", 100 + id, ", 0) ON CONFLICT DO NOTHING"));
      session.Exec(random() % 10 == 0 ? "ROLLBACK" : "COMMIT");
    }
  }

  std::atomic<bool> stop_ = false;
  std::vector<std::thread> threads_;
};

// A table without a key, so that a row that comes twice is there twice. commit_delay keeps transactions between their
// commit record and their visibility for 20 ms, so that many a snapshot falls in between.
TEST(HandoverRaceTest, FirstCopiesAtRandomMomentsEndEqual) {
  lab::MirrorLab lab({.settings = {"fsync=on", "commit_delay=20000", "commit_siblings=0"}});
  lab.cluster.Exec(
      "CREATE TABLE account (id int PRIMARY KEY, balance int); INSERT INTO account SELECT i, 0 FROM "
      "generate_series(0, 99) i; CREATE TABLE history (writer int, round int); ALTER TABLE history REPLICA "
      "IDENTITY FULL");
  lab.Begin();
  std::mt19937 random(4711);
  Writers writers(lab.cluster, 4);
  for (int round = 0; round < 20; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    absl::SleepFor(absl::Milliseconds(random() % 100));
    if (random() % 2 == 0) lab.Stream();
    lab.Bootstrap("account,history", R"({"again":true})");
    absl::SleepFor(absl::Milliseconds(random() % 50));
    if (random() % 2 == 0) lab.CatchUp();
    if (round % 5 != 4) continue;
    writers.Stop();
    // What was committed asynchronously is flushed, and so streamed, at the latest with this.
    lab.cluster.Exec("UPDATE account SET balance = balance + 1 WHERE id = 0");
    lab.CatchUp();
    lab.ExpectEqual("account", "id, balance");
    lab.ExpectEqual("history", "writer, round");
    if (::testing::Test::HasFailure()) return;
    writers.Start(lab.cluster, 4);
  }
}

// As in use: one process streams, another one mirrors, and is killed for each first copy of another table.
TEST(HandoverRaceTest, TablesJoinWhileTheStreamRunsAndTheMirrorIsKilled) {
  lab::MirrorLab lab({.settings = {"fsync=on", "commit_delay=20000", "commit_siblings=0"}});
  lab.cluster.Exec(
      "CREATE TABLE account (id int PRIMARY KEY, balance int); INSERT INTO account SELECT i, 0 FROM "
      "generate_series(0, 99) i; CREATE TABLE history (writer int, round int); ALTER TABLE history REPLICA "
      "IDENTITY FULL; CREATE TABLE idle (a int PRIMARY KEY); INSERT INTO idle VALUES (1)");
  lab.Begin();
  lab::Process stream =
      lab::Process::Shell("", absl::StrCat("SELECT * FROM deltastream(", lab::Literal(lab.cluster.conninfo()),
                                           ", 'mirror', ", lab::Literal(lab.Daystream()), ");"));
  Writers writers(lab.cluster, 4);
  lab.Bootstrap("account");
  for (int round = 0; round < 6; ++round) {
    lab::Process mirror = lab::Process::Shell(lab.dir.File("mirror.db"), "SELECT * FROM deltamirror('m');");
    absl::SleepFor(absl::Milliseconds(500));
    EXPECT_TRUE(mirror.Running()) << mirror.Errors();
    mirror.Kill();
    mirror.Wait();
    if (round == 1) lab.Bootstrap("history,idle");
    if (round > 1) lab.Bootstrap(round % 2 == 0 ? "account" : "history", R"({"again":true})");
  }
  writers.Stop();
  lab.cluster.Exec("INSERT INTO idle VALUES (2)");
  lab::Process mirror = lab::Process::Shell(lab.dir.File("mirror.db"), "SELECT * FROM deltamirror('m');");
  EXPECT_TRUE(lab::WaitUntil([&lab] { return lab.host.Value("SELECT count(*) FROM idle") == "2"; }))
      << mirror.Errors() << stream.Errors();
  lab.ExpectEqual("account", "id, balance");
  lab.ExpectEqual("history", "writer, round");
  for (const char* table : {"account", "history", "idle"}) EXPECT_EQ(lab.Status(table, "state"), "live");
}

// What the stalled standby keeps invisible stands in the stream already when the snapshot is taken.
TEST(HandoverRaceTest, CommitsThatWaitForAStandbyAreInTheStreamButNotInTheSnapshot) {
  lab::MirrorLab lab;
  lab.cluster.Exec("CREATE TABLE t (a int); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (0)");
  lab.Begin();
  lab.cluster.Exec("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  lab.cluster.Exec("SELECT pg_reload_conf()");
  std::thread stalled([&lab] {
    lab::Session session(lab.cluster);
    session.Exec("INSERT INTO t VALUES (1)");
  });
  while (lab.cluster.Value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != "1")
    absl::SleepFor(absl::Milliseconds(10));
  lab.Stream();
  EXPECT_EQ(lab.Bootstrap("t"), "1");
  lab.cluster.Exec("ALTER SYSTEM RESET synchronous_standby_names");
  lab.cluster.Exec("SELECT pg_reload_conf()");
  stalled.join();
  lab.cluster.Exec("INSERT INTO t VALUES (2)");
  lab.CatchUp();
  lab.ExpectEqual("t", "a");
}

}  // namespace
}  // namespace deltamirror
