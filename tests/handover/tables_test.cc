// Tables that are truncated, altered, dropped, renamed or made while a first copy is made, or right before.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/handover/row_hook.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/lab/process.h"
#include "tests/lab/wait.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

constexpr char kAgain[] = R"({"again":true})";

class TablesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete cluster_; }

  void ExpectEqual(const std::string& table, const std::string& columns) {
    lab_.CatchUp();
    lab_.ExpectEqual(table, columns);
  }

  // A mirror of all tables, those that are made later, too.
  void BeginWithAll() {
    lab_.Begin();
    lab_.host.Exec(absl::StrCat("DROP TABLE m; CREATE VIRTUAL TABLE m USING daystream_apply(source='", lab_.Daystream(),
                                "', tables='*')"));
  }
  std::string Tables() {
    return lab_.host.Value(
        "SELECT group_concat(name) FROM (SELECT name FROM sqlite_master WHERE type = 'table' AND "
        "name NOT LIKE 'm_%' AND name <> 'm' ORDER BY name)");
  }

  // Copies t (id int, ...) with 1000 rows, and calls `middle` when 500 of them are there.
  void CopyWithMiddle(std::function<void()> middle) {
    lab_.cluster.Exec("INSERT INTO t SELECT i FROM generate_series(1, 1000) i");
    lab_.Begin();
    const lab::RowHook hook(&lab_.host, "t", 500, std::move(middle));
    EXPECT_EQ(lab_.Bootstrap("t"), "1000");
    EXPECT_TRUE(hook.called());
  }

  // Runs statements in another session, and returns when they wait for a lock on a table.
  std::thread ExecWaiting(std::vector<std::string> statements) {
    std::thread thread([this, statements] {
      for (const std::string& sql : statements) lab_.cluster.Exec(sql);
    });
    EXPECT_TRUE(IsWaited());
    return thread;
  }
  bool IsWaited() {
    return lab::WaitUntil([this] {
      return lab_.cluster.Value("SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND NOT granted") == "1";
    });
  }

  static lab::Cluster* cluster_;
  lab::MirrorLab lab_{cluster_};
};

lab::Cluster* TablesTest::cluster_ = nullptr;

TEST_F(TablesTest, ATruncateInTheMiddleOfTheCopyComesAfterIt) {
  lab_.cluster.Exec("CREATE TABLE t (id int PRIMARY KEY)");
  std::thread truncate;
  CopyWithMiddle([&] { truncate = ExecWaiting({"TRUNCATE t", "INSERT INTO t VALUES (5000)"}); });
  truncate.join();
  ExpectEqual("t", "id");
  EXPECT_EQ(lab_.Status("t", "truncates"), "1");
}

TEST_F(TablesTest, AnAlterInTheMiddleOfTheCopyComesAfterIt) {
  lab_.cluster.Exec("CREATE TABLE t (id int PRIMARY KEY, b text DEFAULT 'b')");
  std::thread alter;
  CopyWithMiddle([&] {
    alter =
        ExecWaiting({"ALTER TABLE t ADD COLUMN c int DEFAULT 7, DROP COLUMN b", "UPDATE t SET c = 8 WHERE id < 10"});
  });
  alter.join();
  ExpectEqual("t", "id, c");
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM pragma_table_info('t')"), "2");
}

TEST_F(TablesTest, ARewriteInTheMiddleOfTheCopyComesAfterIt) {
  LAB_NEEDS_DELTAFLOOD();
  lab_.cluster.Exec("CREATE TABLE t (id int PRIMARY KEY, b int DEFAULT 1)");
  std::thread alter;
  CopyWithMiddle([&] { alter = ExecWaiting({"ALTER TABLE t ALTER COLUMN b TYPE text USING 'was ' || b"}); });
  alter.join();
  ExpectEqual("t", "id, b");
}

TEST_F(TablesTest, ADropInTheMiddleOfTheCopyComesAfterIt) {
  lab_.cluster.Exec("CREATE TABLE t (id int PRIMARY KEY)");
  std::thread drop;
  CopyWithMiddle([&] { drop = ExecWaiting({"DROP TABLE t"}); });
  drop.join();
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM t"), "1000");
  lab_.CatchUp();
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM sqlite_master WHERE name = 't'"), "0");
}

TEST_F(TablesTest, AnAlterBetweenTheCatalogAndTheLockIsInTheCopy) {
  lab_.cluster.Exec("CREATE TABLE t (id int PRIMARY KEY, b int); INSERT INTO t VALUES (1, 1)");
  lab_.Begin();
  lab::Session other(lab_.cluster);
  other.Exec("BEGIN; ALTER TABLE t ADD COLUMN c int DEFAULT 7; ALTER TABLE t RENAME COLUMN b TO d");
  std::thread copy([this] { EXPECT_EQ(lab_.Bootstrap("t"), "1"); });
  EXPECT_TRUE(IsWaited());
  other.Exec("UPDATE t SET d = 2; COMMIT");
  copy.join();
  EXPECT_EQ(lab_.host.Query("SELECT id, d, c FROM t"), (lab::Rows{{"1", "2", "7"}}));
  lab_.cluster.Exec("INSERT INTO t VALUES (2, 2, 2)");
  ExpectEqual("t", "id, d, c");
}

// LOCK TABLE finds a table gone that the catalog had shown a moment ago.
TEST_F(TablesTest, ATableThatIsDroppedBetweenTheCatalogAndTheLockIsNotInTheCopy) {
  lab_.cluster.Exec("CREATE TABLE gone (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY)");
  lab_.Begin();
  lab::Session other(lab_.cluster);
  other.Exec("BEGIN; INSERT INTO t VALUES (1); DROP TABLE gone");
  std::thread copy([this] { EXPECT_EQ(lab_.Bootstrap("*"), "1"); });
  EXPECT_TRUE(IsWaited());
  other.Exec("COMMIT");
  copy.join();
  EXPECT_EQ(Tables(), "t");
}

TEST_F(TablesTest, ATableThatIsNamedAndDroppedMeanwhileIsAClearError) {
  lab_.cluster.Exec("CREATE TABLE gone (id int PRIMARY KEY)");
  lab_.Begin();
  lab::Session other(lab_.cluster);
  other.Exec("BEGIN; DROP TABLE gone");
  std::thread copy([this] {
    EXPECT_EQ(lab_.host.Error(lab_.BootstrapSql("gone")), "deltamirror_bootstrap: table \"gone\" does not exist");
  });
  EXPECT_TRUE(IsWaited());
  other.Exec("COMMIT");
  copy.join();
}

// The stream is read from before the copy, and tells of tables that the copy has not found any more.
TEST_F(TablesTest, ATableThatWasDroppedBeforeTheCopyIsNotMade) {
  lab_.cluster.Exec("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE gone (id int PRIMARY KEY)");
  BeginWithAll();
  lab_.cluster.Exec("INSERT INTO gone VALUES (1); INSERT INTO t VALUES (1)");
  lab_.Stream();
  lab_.cluster.Exec("DROP TABLE gone");
  EXPECT_EQ(lab_.Bootstrap("*"), "1");
  lab_.CatchUp();
  EXPECT_EQ(Tables(), "t");
  // Another one of that name is a new table, also within the hand-over.
  lab_.cluster.Exec("CREATE TABLE gone (a text PRIMARY KEY, b int); INSERT INTO gone VALUES ('x', 1)");
  ExpectEqual("gone", "a, b");
  lab_.cluster.Exec("INSERT INTO t VALUES (2); INSERT INTO gone VALUES ('y', 2)");
  ExpectEqual("gone", "a, b");
  ExpectEqual("t", "id");
}

TEST_F(TablesTest, NothingIsMadeOfTablesThatWereAllDroppedBeforeTheCopy) {
  lab_.cluster.Exec("CREATE TABLE gone (id int PRIMARY KEY)");
  BeginWithAll();
  lab_.cluster.Exec("INSERT INTO gone VALUES (1)");
  lab_.Stream();
  lab_.cluster.Exec("DROP TABLE gone");
  EXPECT_EQ(lab_.Bootstrap("*"), "0");
  lab_.CatchUp();
  EXPECT_EQ(Tables(), "NULL");
  lab_.cluster.Exec("CREATE TABLE gone (a text PRIMARY KEY); INSERT INTO gone VALUES ('x')");
  ExpectEqual("gone", "a");
}

// Its shape was announced long before the moment from which on the stream is read.
TEST_F(TablesTest, RowsOfADroppedTableWithoutItsShapeArePassedOver) {
  lab_.cluster.Exec("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE gone (id int PRIMARY KEY)");
  BeginWithAll();
  lab::Process stream =
      lab::Process::Shell("", absl::StrCat("SELECT * FROM deltastream(", lab::Literal(lab_.cluster.conninfo()),
                                           ", 'mirror', ", lab::Literal(lab_.Daystream()), ");"));
  lab_.cluster.Exec("INSERT INTO gone VALUES (1)");
  absl::SleepFor(absl::Milliseconds(2100));
  lab_.cluster.Exec("INSERT INTO gone VALUES (2)");
  EXPECT_TRUE(lab::WaitUntil([this] {
    return lab_.host.Value(
               absl::StrCat("SELECT count(*) FROM daystream('", lab_.Daystream(), "') WHERE action = 'insert'")) == "2";
  }));
  lab_.cluster.Exec("DROP TABLE gone");
  EXPECT_EQ(lab_.Bootstrap("*", R"({"margin":0})"), "0");
  stream.Kill();
  stream.Wait();
  lab_.cluster.Exec("INSERT INTO t VALUES (1)");
  ExpectEqual("t", "id");
  EXPECT_EQ(Tables(), "t");
}

TEST_F(TablesTest, ANameFromBeforeTheCopyIsNotATable) {
  lab_.cluster.Exec("CREATE TABLE old (id int PRIMARY KEY)");
  BeginWithAll();
  lab_.cluster.Exec("INSERT INTO old VALUES (1); ALTER TABLE old RENAME TO t; INSERT INTO t VALUES (2)");
  EXPECT_EQ(lab_.Bootstrap("t"), "2");
  ExpectEqual("t", "id");
  EXPECT_EQ(Tables(), "t");
}

// Before the stream has said so.
TEST_F(TablesTest, ATableIsCopiedAgainUnderTheNameThatItHasNow) {
  lab_.cluster.Exec("CREATE TABLE old (id int PRIMARY KEY); INSERT INTO old VALUES (1)");
  BeginWithAll();
  lab_.Bootstrap("*");
  ExpectEqual("old", "id");
  lab_.cluster.Exec("INSERT INTO old VALUES (2); ALTER TABLE old RENAME TO t; INSERT INTO t VALUES (3)");
  EXPECT_EQ(lab_.Bootstrap("t", kAgain), "3");
  EXPECT_EQ(Tables(), "t");
  lab_.cluster.Exec("DELETE FROM t WHERE id = 1");
  ExpectEqual("t", "id");
  EXPECT_EQ(Tables(), "t");
  // The old name may be another table's later.
  lab_.cluster.Exec("CREATE TABLE old (a text PRIMARY KEY); INSERT INTO old VALUES ('x')");
  ExpectEqual("old", "a");
}

// A later copy sets the mirror back behind the end of the first hand-over.
TEST_F(TablesTest, ADroppedTableStaysUnknownWhenTheMirrorIsSetBack) {
  lab_.cluster.Exec("CREATE TABLE gone (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY)");
  BeginWithAll();
  lab_.cluster.Exec("INSERT INTO gone VALUES (1)");
  lab_.Stream();
  lab_.cluster.Exec("DROP TABLE gone");
  lab_.Bootstrap("t");
  lab_.cluster.Exec("INSERT INTO t VALUES (1)");
  ExpectEqual("t", "id");
  EXPECT_EQ(lab_.Status("t", "state"), "live");
  lab_.Bootstrap("t", kAgain);
  lab_.cluster.Exec("INSERT INTO t VALUES (2)");
  ExpectEqual("t", "id");
  EXPECT_EQ(Tables(), "t");
}

// What another copy has seen says nothing of a table that it was not asked for.
TEST_F(TablesTest, ATableThatIsNewWhenAnotherOneIsCopiedIsTaken) {
  lab_.cluster.Exec("CREATE TABLE t (id int PRIMARY KEY)");
  BeginWithAll();
  lab_.Bootstrap("*");
  lab_.cluster.Exec("INSERT INTO t VALUES (1)");
  lab_.CatchUp();
  lab_.cluster.Exec("CREATE TABLE fresh (id int PRIMARY KEY); INSERT INTO fresh VALUES (1)");
  lab_.Bootstrap("t", kAgain);
  lab_.cluster.Exec("INSERT INTO fresh VALUES (2)");
  ExpectEqual("fresh", "id");
  ExpectEqual("t", "id");
}

// Tables come and go while all of them are copied, again and again.
TEST_F(TablesTest, TablesThatComeAndGoWhileAllAreCopied) {
  lab_.cluster.Exec("CREATE TABLE t (id int PRIMARY KEY)");
  BeginWithAll();
  std::atomic<bool> stop = false;
  int rounds = 0;
  std::thread churn([&] {
    lab::Session session(lab_.cluster);
    for (; !stop; ++rounds) {
      const std::string name = absl::StrCat("churn", rounds % 3);
      session.Exec(absl::StrCat("CREATE TABLE ", name, " (id int PRIMARY KEY, r", rounds, " int)"));
      session.Exec(absl::StrCat("INSERT INTO ", name, " VALUES (1, ", rounds, ")"));
      session.Exec(absl::StrCat("INSERT INTO t VALUES (", rounds, ")"));
      if (rounds % 2 == 0) session.Exec(absl::StrCat("ALTER TABLE ", name, " ADD COLUMN c int DEFAULT 5"));
      absl::SleepFor(absl::Milliseconds(rounds % 100));
      session.Exec(absl::StrCat("DROP TABLE ", name));
      absl::SleepFor(absl::Milliseconds(20));
    }
  });
  for (int round = 0; round < 10; ++round) {
    lab_.Bootstrap("*", kAgain);
    if (round % 3 == 0) lab_.CatchUp();
  }
  stop = true;
  churn.join();
  lab_.cluster.Exec("CREATE TABLE churn0 (id int PRIMARY KEY, last int); INSERT INTO churn0 VALUES (1, 1)");
  ExpectEqual("t", "id");
  lab_.ExpectEqual("churn0", "id, last");
}

}  // namespace
}  // namespace deltamirror
