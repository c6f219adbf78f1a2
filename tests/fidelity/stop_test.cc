// What the mirror does not follow by itself: it stops, says what to run, and goes on once that was run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/fidelity/stop_fixture.h"

namespace deltamirror::fidelity {
namespace {

using ::testing::HasSubstr;

constexpr char kPartitioned[] =
    "CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);"
    "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (10); CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) "
    "TO (20);"
    "INSERT INTO p VALUES (1, 'x'), (11, 'y')";

TEST_F(StopTest, APartitionTruncatedAlone) {
  Begin("tables='*'", {kPartitioned});
  ExpectStopAndGoOn({"TRUNCATE p1", "INSERT INTO p VALUES (2, 'new')"}, "partition \"p1\" was truncated alone");
}

TEST_F(StopTest, APartitionThatIsDetached) {
  Begin("tables='*'", {kPartitioned});
  ExpectStopAndGoOn({"ALTER TABLE p DETACH PARTITION p1", "INSERT INTO p1 VALUES (2, 'new')"},
                    "partition \"p1\" was detached");
}

// In two transactions, of which the first only begins to detach it.
TEST_F(StopTest, APartitionThatIsDetachedConcurrently) {
  if (server_->Value("SELECT current_setting('server_version_num')::int >= 140000") == "f") {
    GTEST_SKIP() << "PostgreSQL 13 has no DETACH PARTITION ... CONCURRENTLY";
  }
  Begin("tables='*'", {kPartitioned});
  ExpectStopAndGoOn({"ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY", "INSERT INTO p1 VALUES (2, 'new')",
                     "INSERT INTO p VALUES (12, 'new')"},
                    "partition \"p1\" was detached");
}

TEST_F(StopTest, APartitionThatIsDropped) {
  Begin("tables='*'", {kPartitioned});
  ExpectStopAndGoOn({"DROP TABLE p1", "INSERT INTO p VALUES (12, 'new')"}, "partition \"p1\" was detached or dropped");
}

TEST_F(StopTest, APartitionThatComesAndGoesWithRows) {
  Begin("tables='*'", {kPartitioned});
  ExpectStopAndGoOn({"BEGIN; CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30); INSERT INTO p VALUES (25, "
                     "'gone'); DROP TABLE p3; COMMIT",
                     "INSERT INTO p VALUES (12, 'new')"},
                    "partition \"p3\" was detached or dropped");
}

TEST_F(StopTest, ATableThatComesIntoAMirroredSchemaWithRows) {
  Begin("tables='ops.*'",
        {"CREATE SCHEMA ops", "CREATE TABLE ops.t (id int PRIMARY KEY)", "INSERT INTO ops.t VALUES (1)"});
  // The slot has all tables, the mirror one schema.
  lab_->Source({"CREATE TABLE public.u (id int PRIMARY KEY)", "INSERT INTO public.u VALUES (1)",
                "ALTER TABLE public.u SET SCHEMA ops", "INSERT INTO ops.u VALUES (2)"});
  const std::string message = lab_->CatchUp();
  EXPECT_THAT(message, HasSubstr("it was called public.u before, and its rows are not here"));
  lab_->host.Exec(ToRun(message));
  lab_->ExpectEqual("after the copy");
}

// Values print otherwise then, and no row of them is in the WAL: the mirror kept the old ones without a word.
TEST_F(StopTest, AnEnumWhoseLabelIsRenamed) {
  Begin("tables='*'", {"CREATE TYPE mood AS ENUM ('sad', 'ok')", "CREATE DOMAIN moods AS mood[]",
                       "CREATE TABLE t (id int PRIMARY KEY, m moods)", "INSERT INTO t VALUES (1, '{sad,ok}')",
                       "CREATE TABLE u (id int PRIMARY KEY, m text)"});
  lab_->Source({"ALTER TYPE mood ADD VALUE 'fine' BEFORE 'ok'", "INSERT INTO t VALUES (2, '{fine}')",
                "ALTER TYPE mood RENAME TO spirits"});
  lab_->ExpectEqual("with another value and another name");
  ExpectStopAndGoOn({"ALTER TYPE spirits RENAME VALUE 'sad' TO 'blue'", "INSERT INTO t VALUES (3, '{blue}')"},
                    "a type of its columns was altered");
}

TEST_F(StopTest, ACompositeTypeThatIsAltered) {
  Begin("tables='*'",
        {"CREATE TYPE pair AS (a int, b int)", "CREATE TYPE pairs AS (p pair, q text)",
         "CREATE TABLE t (id int PRIMARY KEY, p pair)", "INSERT INTO t VALUES (1, '(1,2)')",
         "CREATE TABLE u (id int PRIMARY KEY, p pairs[])", "INSERT INTO u VALUES (1, '{\"(\\\"(1,2)\\\",x)\"}')",
         "CREATE TABLE v (id int PRIMARY KEY, t t)", "INSERT INTO v VALUES (1, '(1,\"(1,2)\")')"});
  lab_->Source({"ALTER TYPE pair RENAME ATTRIBUTE a TO c", "UPDATE t SET id = 2"});
  lab_->ExpectEqual("with another name of an attribute");
  ExpectStopAndGoOn({"ALTER TYPE pair ADD ATTRIBUTE d int"}, "a type of its columns was altered");
  ExpectStopAndGoOn({"ALTER TYPE pair DROP ATTRIBUTE b"}, "a type of its columns was altered");
  ExpectStopAndGoOn({"ALTER TABLE t ADD n int"}, "to table \"v\"");
}

TEST_F(StopTest, AnUpdateThatDoesNotTellItsRow) {
  Begin("tables='*'", {"CREATE TABLE t (a int, b text)", "INSERT INTO t VALUES (1, 'x'), (2, 'y')"});
  lab_->Source({"UPDATE t SET b = 'z' WHERE a = 1", "ALTER TABLE t REPLICA IDENTITY FULL"});
  const std::string message = lab_->CatchUp();
  EXPECT_THAT(message, HasSubstr("The table needs a primary key here, or ALTER TABLE ... REPLICA IDENTITY FULL in "
                                 "PostgreSQL. Then: Bootstrap"));
  lab_->host.Exec(ToRun(message));
  lab_->ExpectEqual("after the copy");
}

TEST_F(StopTest, AnIdentityIndexThatIsDropped) {
  Begin("tables='*'",
        {"CREATE TABLE t (id int PRIMARY KEY, k text NOT NULL, v text)", "CREATE UNIQUE INDEX chosen ON t (k)",
         "ALTER TABLE t REPLICA IDENTITY USING INDEX chosen", "INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', 'y')"});
  lab_->Source({"UPDATE t SET v = 'z' WHERE id = 1", "DROP INDEX chosen", "INSERT INTO t VALUES (3, 'c', 'w')",
                "DELETE FROM t WHERE id = 2"});
  const std::string message = lab_->CatchUp();
  EXPECT_THAT(message, HasSubstr("the line does not tell which row of table \"t\" it is for"));
  lab_->Source({"ALTER TABLE t REPLICA IDENTITY DEFAULT", "UPDATE t SET v = 'u' WHERE id = 1"});
  lab_->host.Exec(ToRun(message));
  lab_->ExpectEqual("after the copy");
}

TEST_F(StopTest, RowsWithoutAKeyAndWithoutANameForTheirNumber) {
  Begin("tables='*'", {"CREATE TABLE t (rowid int, _rowid_ int, oid int)", "ALTER TABLE t REPLICA IDENTITY FULL",
                       "INSERT INTO t VALUES (1, 2, 3)"});
  lab_->Source({"UPDATE t SET oid = 4"});
  const std::string message = lab_->CatchUp();
  EXPECT_THAT(message, HasSubstr("which leaves no name for the number of a row in SQLite, and no key"));
  lab_->Source({"ALTER TABLE t RENAME oid TO o"});
  lab_->host.Exec(ToRun(message));
  lab_->ExpectEqual("after the copy");
}

TEST_F(StopTest, ATableWithoutColumns) {
  Begin("tables='*'", {"CREATE TABLE t (a int)", "INSERT INTO t VALUES (1), (2)"});
  lab_->Source({"ALTER TABLE t DROP a"});
  const std::string message = lab_->CatchUp();
  EXPECT_THAT(message, HasSubstr("it has rows, but no column any more"));
  lab_->Source({"ALTER TABLE t ADD b int DEFAULT 4, REPLICA IDENTITY FULL"});
  lab_->host.Exec(ToRun(message));
  lab_->ExpectEqual("after the copy");
}

TEST_F(StopTest, NamesThatDifferOnlyInCase) {
  Begin("tables='*'", {kTable, kRows});
  lab_->Source(
      {"CREATE TABLE \"T\" (id int PRIMARY KEY)", "INSERT INTO \"T\" VALUES (1)", "DELETE FROM t WHERE id = 1"});
  EXPECT_THAT(lab_->CatchUp(),
              HasSubstr("the name \"T\" apart from that of another table of the mirror, \"public.t\""));
  lab_->host.Exec("INSERT INTO m(\"table\", state) VALUES ('\"T\"', 'detached')");
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_EQ(lab_->host.Value("SELECT count(*) FROM t"), "4");
}

TEST_F(StopTest, ColumnsThatDifferOnlyInCase) {
  Begin("tables='*'", {kTable, kRows});
  lab_->Source({"ALTER TABLE t ADD \"A\" text"});
  const std::string message = lab_->CatchUp();
  EXPECT_THAT(message, HasSubstr("the columns \"a\" and \"A\" of table \"t\" differ only in case"));
  lab_->Source({"ALTER TABLE t RENAME \"A\" TO n", "DELETE FROM t WHERE id = 1"});
  lab_->host.Exec(ToRun(message));
  lab_->ExpectEqual("after the copy");
}

TEST_F(StopTest, NamesThatSqliteKeeps) {
  Begin("tables='*'", {kTable, kRows});
  lab_->Source({"CREATE TABLE sqlite_mine (id int PRIMARY KEY)", "INSERT INTO sqlite_mine VALUES (1)"});
  EXPECT_THAT(lab_->CatchUp(), HasSubstr("SQLite keeps names that begin with \"sqlite_\" for itself. Rename it"));
  lab_->Source({"ALTER TABLE sqlite_mine RENAME TO mine"});
  lab_->host.Exec("INSERT INTO m(\"table\", state) VALUES ('sqlite_mine', 'detached')");
  const std::string message = lab_->CatchUp();
  EXPECT_THAT(message, HasSubstr("it was called public.sqlite_mine before, and its rows are not here"));
  lab_->host.Exec(ToRun(message));
  lab_->ExpectEqual("under a name of its own");
}

TEST_F(StopTest, TheMirrorsOwnNames) {
  Begin("tables='*'", {kTable, kRows});
  lab_->Source({"CREATE TABLE m_state (id int PRIMARY KEY)", "INSERT INTO m_state VALUES (1)"});
  EXPECT_THAT(lab_->CatchUp(),
              HasSubstr("mirror \"m\" itself has a table of the name \"m_state\". Give the mirror another "
                        "name with ALTER TABLE ... RENAME TO"));
  lab_->host.Exec("ALTER TABLE m RENAME TO n");
  lab_->host.Exec("SELECT * FROM deltamirror('n', '{\"until\":\"caught_up\"}')");
  EXPECT_EQ(lab_->host.Value("SELECT id FROM m_state"), "1");
}

// What was left out before it was made here has nothing here, and what bears its name is not to be dropped: it was the
// table of the user's, or the mirror's own state.
TEST_F(StopTest, NamesThatWereLeftOutAreLeftAlone) {
  Begin("tables='*', on_error='detach'", {kTable, kRows});
  lab_->host.Exec(
      "CREATE TABLE mine (x); INSERT INTO mine VALUES (7); INSERT INTO m(\"table\", state) VALUES ('mine', "
      "'detached')");
  lab_->Source({"CREATE TABLE mine (id int PRIMARY KEY)", "INSERT INTO mine VALUES (1)", "DROP TABLE mine"});
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_EQ(lab_->host.Value("SELECT x FROM mine"), "7");
  for (const std::string table : {"m", "m_state"}) {
    const std::string create = absl::StrCat("CREATE TABLE ", table, " (id int PRIMARY KEY)");
    const std::string insert = absl::StrCat("INSERT INTO ", table, " VALUES (1)");
    lab_->Source({create, insert});
    EXPECT_EQ(lab_->CatchUp(), "");
    EXPECT_EQ(lab_->mirror.Status(table, "state"), "detached");
    EXPECT_THAT(lab_->BootstrapAgain(table), HasSubstr("itself has a table of the name"));
    lab_->Source({absl::StrCat("DROP TABLE ", table), create, insert});
    EXPECT_EQ(lab_->CatchUp(), "");
    EXPECT_EQ(lab_->mirror.Status(table, "state"), "detached");
    lab_->Source({absl::StrCat("ALTER TABLE ", table, " RENAME TO u"), "INSERT INTO u VALUES (2)", "DROP TABLE u"});
    EXPECT_EQ(lab_->CatchUp(), "");
  }
  lab_->Source({"DELETE FROM t WHERE id = 1"});
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_EQ(lab_->host.Value("SELECT count(*) FROM t"), "4");
}

// A name that was left out is no other table's that has it now, in another case.
TEST_F(StopTest, ANameThatWasLeftOutHindersNoOther) {
  Begin("tables='*'", {kTable, kRows});
  lab_->Source({"CREATE TABLE \"T\" (id int PRIMARY KEY)", "INSERT INTO \"T\" VALUES (1)"});
  EXPECT_THAT(lab_->CatchUp(), HasSubstr("\"T\""));
  lab_->host.Exec("INSERT INTO m(\"table\", state) VALUES ('\"T\"', 'detached')");
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_EQ(lab_->BootstrapAgain("t"), "");
  lab_->Source({"DROP TABLE t", kTable, "INSERT INTO t (id, a) VALUES (1, 'new')"});
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_EQ(lab_->host.Value("SELECT a FROM t"), "new");
}

TEST_F(StopTest, ATableThatWasMadeByHandWithMore) {
  lab_ = std::make_unique<FidelityLab>(server_, "tables='*'");
  lab_->host.Exec(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL CHECK (a <> ''), b INTEGER, c TEXT, d TEXT)");
  lab_->Source({kTable, kRows});
  EXPECT_EQ(lab_->CatchUp(), "");
  ExpectStopAndGoOn({"ALTER TABLE t ALTER a DROP NOT NULL", "UPDATE t SET a = NULL WHERE id = 1"},
                    "its CHECK would be lost");
}

TEST_F(StopTest, OnErrorDetachLeavesOneTableOut) {
  Begin("tables='*', on_error='detach'", {kPartitioned, kTable, kRows});
  lab_->Source({"BEGIN", "DELETE FROM t WHERE id = 1", "TRUNCATE p1", "INSERT INTO p VALUES (12, 'new')",
                "DELETE FROM t WHERE id = 2", "COMMIT"});
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_EQ(lab_->host.Value("SELECT count(*) FROM t"), "3");
  EXPECT_EQ(lab_->host.Value("SELECT group_concat(id) FROM p"), "1,11");
  EXPECT_EQ(lab_->host.Query("SELECT state, skipped, last_error LIKE '%partition \"p1\" was truncated alone%' FROM m "
                             "WHERE \"table\" = 'p'"),
            (lab::Rows{{"detached", "2", "1"}}));
  EXPECT_EQ(lab_->BootstrapAgain("p"), "");
  lab_->Source({"INSERT INTO p VALUES (13, 'after')"});
  lab_->ExpectEqual("after the copy");
}

// It stayed for ever: as a partition it is not dropped by itself. And what it became and was again within one batch was
// an error that came again.
TEST_F(StopTest, ATableThatWasLeftOutGoesWhenItBecomesAPartition) {
  Begin("tables='*', on_error='detach'", {kPartitioned, kTable, kRows});
  const std::string attach = "ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (1) TO (10)";
  lab_->Source({"ALTER TABLE p DETACH PARTITION p1", "INSERT INTO p1 VALUES (3, 'alone')", attach,
                "ALTER TABLE p DETACH PARTITION p1"});
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_EQ(lab_->mirror.Status("p1", "state"), "detached");
  lab_->Source({attach, "DROP TABLE p1", "CREATE TABLE p1 (id int PRIMARY KEY)", "INSERT INTO p1 VALUES (4)"});
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_EQ(lab_->host.Query("SELECT \"table\", state FROM m WHERE \"table\" LIKE 'p1%'"), (lab::Rows{{"p1", "live"}}));
  EXPECT_EQ(lab_->BootstrapAgain("p"), "");
  lab_->ExpectEqual("after the copy");
}

// A copy sets the mirror back by some seconds: an ATTACH that it had had was taken for a new one, and the table went.
TEST_F(StopTest, ATableThatWasLeftOutStaysWhenAnotherOneIsCopiedAgain) {
  Begin("tables='*', on_error='detach'", {kPartitioned, kTable, kRows});
  lab_->Source({"ALTER TABLE p DETACH PARTITION p1", "INSERT INTO p1 VALUES (3, 'alone')",
                "ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (1) TO (10)", "ALTER TABLE p DETACH PARTITION p1"});
  EXPECT_EQ(lab_->CatchUp(), "");
  const std::string left_out = "SELECT \"table\", state, last_error FROM m WHERE \"table\" LIKE 'p%' ORDER BY 1";
  const lab::Rows before = lab_->host.Query(left_out);
  EXPECT_EQ(before.size(), 2);
  EXPECT_EQ(lab_->mirror.Status("p1", "state"), "detached");
  EXPECT_EQ(lab_->BootstrapAgain("t"), "");
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_EQ(lab_->host.Query(left_out), before);
}

// The two had one name in what the mirror keeps, which was an error that nobody could mend.
TEST_F(StopTest, ATableTakesTheNameOfOneThatWasLeftOutBeforeTheMirrorMetIt) {
  Begin("tables='*'", {kTable, kRows});
  lab_->host.Exec("INSERT INTO m(\"table\", state) VALUES ('u', 'detached')");
  lab_->Source({"ALTER TABLE t RENAME TO u", "DELETE FROM u WHERE id = 1"});
  lab_->ExpectEqual("under the new name");
}

// It went round for ever: the entry that has the name before the batch was detached, and not the table that fails.
TEST_F(StopTest, OnErrorDetachTellsATableFromTheOneThatHadItsName) {
  Begin("tables='*', on_error='detach'", {kPartitioned, kTable, kRows});
  lab_->Source({"TRUNCATE p1", "DROP TABLE p", kPartitioned, "TRUNCATE p1", "DELETE FROM t WHERE id = 1"});
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_EQ(lab_->host.Value("SELECT count(*) FROM t"), "4");
  EXPECT_EQ(
      lab_->host.Value("SELECT last_error LIKE '%partition \"p1\" was truncated alone%' FROM m WHERE \"table\" = 'p'"),
      "1");
  EXPECT_EQ(lab_->mirror.Status("p", "state"), "detached");
  EXPECT_EQ(lab_->BootstrapAgain("p"), "");
  lab_->Source({"INSERT INTO p VALUES (3, 'after')"});
  lab_->ExpectEqual("after the copy");
}

}  // namespace
}  // namespace deltamirror::fidelity
