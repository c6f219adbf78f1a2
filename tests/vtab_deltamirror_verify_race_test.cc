// deltamirror_verify() while the source is written to and another process keeps the mirror equal: never a false
// difference, never a planted one missed.

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

constexpr char kTables[] = R"(
  CREATE TABLE account (id int PRIMARY KEY, balance int, note text);
  ALTER TABLE account ALTER note SET STORAGE EXTERNAL;
  INSERT INTO account SELECT i, 0, repeat(md5(i::text), 100) FROM generate_series(0, 999) i;
  CREATE TABLE pair (a text, b int, v int, PRIMARY KEY (a, b));
  INSERT INTO pair SELECT 'a' || i, i, 0 FROM generate_series(0, 99) i;
  CREATE TABLE history (writer int, round int); ALTER TABLE history REPLICA IDENTITY FULL)";

// One account is written by every transaction; keys move, and are given to others within a transaction; large values
// stay as they are; rows without a key come, change and go; subtransactions and transactions are rolled back.
class Writers {
 public:
  Writers(const lab::Cluster& cluster, int count) {
    for (int i = 0; i < count; ++i) threads_.emplace_back([this, &cluster, i] { Write(cluster, i); });
  }
  ~Writers() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  int64_t transactions() const { return transactions_; }

 private:
  void Write(const lab::Cluster& cluster, int id) {
    std::mt19937 random(id);
    lab::Session session(cluster);
    if (id % 2 == 0) session.Exec("SET synchronous_commit = off");
    for (int round = 0; !stop_; ++round, ++transactions_) {
      const int own = 10 * id + static_cast<int>(random() % 10);
      session.Exec("BEGIN");
      session.Exec(absl::StrCat("INSERT INTO history VALUES (", id, ", ", round % 20, ")"));
      if (random() % 4 == 0) session.Exec("SAVEPOINT s; INSERT INTO history VALUES (-1, -1); ROLLBACK TO s");
      if (random() % 3 == 0)
        session.Exec(absl::StrCat("DELETE FROM history WHERE writer = ", id, " AND round = ", own));
      if (random() % 3 == 0) {
        session.Exec(absl::StrCat("UPDATE pair SET a = a || 'x', v = v + 1 WHERE b = ", own));
      } else {
        session.Exec(absl::StrCat("DELETE FROM pair WHERE b = ", own));
        session.Exec(absl::StrCat("INSERT INTO pair VALUES ('a", own, "', ", own, ", ", round, ")"));
      }
      // All lock account 0 first: one statement for both would go by their place in the table.
      session.Exec("UPDATE account SET balance = balance + 1 WHERE id = 0");
      session.Exec(absl::StrCat("UPDATE account SET balance = balance + 1 WHERE id = ", 1 + random() % 500));
      session.Exec(random() % 10 == 0 ? "ROLLBACK" : "COMMIT");
    }
  }

  std::atomic<bool> stop_ = false;
  std::atomic<int64_t> transactions_ = 0;
  std::vector<std::thread> threads_;
};

class DeltamirrorVerifyRaceTest : public ::testing::Test {
 protected:
  void Begin() {
    lab_.cluster.Exec(kTables);
    lab_.host.Exec("PRAGMA journal_mode = wal");
    lab_.Begin();
    lab_.Bootstrap("account,pair,history");
  }
  std::string StreamSql() const {
    return absl::StrCat("SELECT * FROM deltastream(", lab::Literal(lab_.cluster.conninfo()), ", 'mirror', ",
                        lab::Literal(lab_.Daystream()), ");");
  }
  std::string VerifySql(const std::string& columns, const std::string& options = "{}") const {
    return absl::StrCat("SELECT ", columns, " FROM deltamirror_verify('m', ", lab::Literal(lab_.cluster.conninfo()),
                        ", ", lab::Literal(options), ")");
  }
  lab::Rows Verify(const std::string& columns, const std::string& options = "{}") {
    return lab_.host.Query(VerifySql(columns, options));
  }

  lab::MirrorLab lab_{{.settings = {"fsync=on", "commit_delay=2000", "commit_siblings=0"}}};
  const lab::Rows equal_ = {{"account", "1", "NULL"}, {"history", "1", "NULL"}, {"pair", "1", "NULL"}};
};

TEST_F(DeltamirrorVerifyRaceTest, NeverTellsOfADifferenceThatIsNotThere) {
  Begin();
  lab::Process stream = lab::Process::Shell("", StreamSql());
  lab::Process mirror =
      lab::Process::Shell(lab_.dir.File("mirror.db"), ".timeout 10000\nSELECT * FROM deltamirror('m');");
  Writers writers(lab_.cluster, 8);
  for (int round = 0; round < 40; ++round) {
    ASSERT_EQ(Verify("\"table\", equal, details"), equal_) << "round " << round << stream.Errors() << mirror.Errors();
  }
  EXPECT_GT(writers.transactions(), 200);
}

TEST_F(DeltamirrorVerifyRaceTest, MissesNoPlantedDifference) {
  Begin();
  lab::Process stream = lab::Process::Shell("", StreamSql());
  lab::Process mirror =
      lab::Process::Shell(lab_.dir.File("mirror.db"), ".timeout 10000\nSELECT * FROM deltamirror('m');");
  Writers writers(lab_.cluster, 8);
  // Of account 0, which every transaction writes, the note is never written.
  struct Planted {
    std::string plant;
    std::string heal;
    std::string table;
    std::string found;
  };
  for (const auto& [plant, heal, table, found] : std::vector<Planted>{
           {"UPDATE account SET balance = -1 WHERE id = 900", "UPDATE account SET balance = 0 WHERE id = 900",
            "account", R"({"changed":[{"key":{"id":900},"columns":{"balance":{"source":0,"mirror":-1}}}]})"},
           {"UPDATE account SET note = 'x' || note WHERE id = 0",
            "UPDATE account SET note = substr(note, 2) WHERE id = 0", "account", ""},
           {"INSERT INTO account VALUES (-1, 0, '')", "DELETE FROM account WHERE id = -1", "account",
            R"({"extra":[{"id":-1}]})"},
           {"DELETE FROM pair WHERE b = 99", "INSERT INTO pair VALUES ('a99', 99, 0)", "pair",
            R"({"missing":[{"a":"a99","b":99}]})"},
           {"INSERT INTO history VALUES (-2, NULL)", "DELETE FROM history WHERE writer = -2", "history",
            R"({"extra":[{"writer":-2,"round":null}]})"},
       }) {
    SCOPED_TRACE(plant);
    lab_.host.Exec(plant);
    const std::string options = absl::StrCat(R"({"tables":")", table, "\"}");
    for (int round = 0; round < 3; ++round) {
      const lab::Rows rows = Verify("equal, differing, details", options);
      ASSERT_EQ(rows.size(), 1) << stream.Errors() << mirror.Errors();
      EXPECT_EQ(rows[0][0], "0");
      EXPECT_EQ(rows[0][1], "1");
      if (!found.empty()) {
        EXPECT_EQ(rows[0][2], found);
      }
    }
    lab_.host.Exec(heal);
    EXPECT_EQ(Verify("equal, details", options), (lab::Rows{{"1", "NULL"}})) << stream.Errors() << mirror.Errors();
  }
}

// A transaction that waits for its standby is in the daystream, and in the mirror, before any snapshot sees it.
TEST_F(DeltamirrorVerifyRaceTest, WhatIsInTheMirrorButInvisibleAtTheSourceIsNoDifference) {
  Begin();
  lab_.cluster.StallCommits();
  std::thread stalled([this] {
    lab::Session session(lab_.cluster);
    session.Exec(
        "BEGIN; UPDATE account SET balance = 7 WHERE id < 10; DELETE FROM account WHERE id = 11; UPDATE pair SET "
        "a = 'moved' WHERE b = 1; INSERT INTO history VALUES (1, 1); COMMIT");
  });
  ASSERT_TRUE(lab::WaitUntil([this] {
    return lab_.cluster.Value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "1";
  }));
  lab_.CatchUp();
  EXPECT_EQ(lab_.cluster.Value("SELECT count(*) FROM account WHERE balance = 7"), "0");
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM account WHERE balance = 7"), "10");
  EXPECT_EQ(Verify("\"table\", equal, details"), equal_);
  lab_.host.Exec("UPDATE account SET balance = 8 WHERE id = 5");
  EXPECT_EQ(Verify("details", R"({"tables":"account"})"),
            (lab::Rows{{R"({"changed":[{"key":{"id":5},"columns":{"balance":{"source":7,"mirror":8}}}]})"}}));
  lab_.cluster.AnswerCommits();
  stalled.join();
}

}  // namespace
}  // namespace deltamirror
