// deltamirror_bootstrap: what it makes, and that the stream goes on from there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

std::string LinesWith(const std::string& part, const std::string& text) {
  std::string lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StrContains(line, part)) absl::StrAppend(&lines, line, "\n");
  }
  return lines;
}

class BootstrapTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete cluster_; }

  static lab::Cluster* cluster_;
  lab::MirrorLab lab_{cluster_};
};

lab::Cluster* BootstrapTest::cluster_ = nullptr;

TEST_F(BootstrapTest, MakesTablesWithKeysAndCopiesTheRows) {
  lab_.cluster.Exec(R"(
    CREATE TABLE flights (ident text, leg smallint, fare numeric NOT NULL, gone boolean, PRIMARY KEY (leg, ident));
    INSERT INTO flights VALUES ('LH1', 1, 12.50, true), ('LH1', 2, 'NaN', NULL);
    CREATE SCHEMA ops; CREATE TABLE ops.crew (id bigint PRIMARY KEY, name text);
    INSERT INTO ops.crew VALUES (9007199254740993, 'Ann');
    CREATE TABLE log (line text); ALTER TABLE log REPLICA IDENTITY FULL; INSERT INTO log VALUES ('a'), ('a'))");
  lab_.Begin();
  EXPECT_EQ(lab_.Bootstrap("flights,ops.*,log"), "5");
  EXPECT_EQ(lab_.host.Query("SELECT name, type, \"notnull\", pk FROM pragma_table_info('flights')"),
            (lab::Rows{{"ident", "TEXT", "1", "2"},
                       {"leg", "INTEGER", "1", "1"},
                       {"fare", "", "1", "0"},
                       {"gone", "INTEGER", "0", "0"}}));
  EXPECT_EQ(lab_.host.Query("SELECT * FROM flights ORDER BY leg"),
            (lab::Rows{{"LH1", "1", "12.5", "1"}, {"LH1", "2", "NaN", "NULL"}}));
  EXPECT_EQ(lab_.host.Query("SELECT rowid, * FROM \"ops.crew\""),
            (lab::Rows{{"9007199254740993", "9007199254740993", "Ann"}}));
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM log"), "2");
  EXPECT_EQ(lab_.Status("flights", "state"), "handover");
  lab_.cluster.Exec("UPDATE flights SET gone = true; UPDATE ops.crew SET id = 7; DELETE FROM log WHERE ctid = '(0,1)'");
  lab_.CatchUp();
  EXPECT_EQ(lab_.host.Value("SELECT sum(gone) FROM flights"), "2");
  EXPECT_EQ(lab_.host.Query("SELECT * FROM \"ops.crew\""), (lab::Rows{{"7", "Ann"}}));
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM log"), "1");
  EXPECT_EQ(lab_.Status("flights", "state"), "live");
}

TEST_F(BootstrapTest, CopiesWhatTheServerGenerates) {
  LAB_NEEDS_DELTAFLOOD();
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY, twice int GENERATED ALWAYS AS (a * 2) STORED)");
  lab_.cluster.Exec("INSERT INTO t VALUES (1)");
  lab_.Begin();
  EXPECT_EQ(lab_.Bootstrap("t"), "1");
  EXPECT_EQ(lab_.host.Query("SELECT * FROM t"), (lab::Rows{{"1", "2"}}));
  lab_.cluster.Exec("UPDATE t SET a = 7");
  lab_.CatchUp();
  EXPECT_EQ(lab_.host.Query("SELECT * FROM t"), (lab::Rows{{"7", "14"}}));
}

TEST_F(BootstrapTest, MakesIndexesWhenAskedTo) {
  lab_.cluster.Exec(R"(
    CREATE TABLE t (a int PRIMARY KEY, b text UNIQUE, c text, d int UNIQUE DEFERRABLE);
    CREATE INDEX by_c ON t (c DESC, b) INCLUDE (d); CREATE INDEX part ON t (c) WHERE c > 'a'; CREATE INDEX ON t (lower(c));
    CREATE INDEX hashed ON t USING hash (c); CREATE SCHEMA s; CREATE TABLE s.t (a int PRIMARY KEY, b int);
    CREATE INDEX by_b ON s.t (b))");
  lab_.Begin();
  lab_.Bootstrap("t,s.t", R"({"indexes":true})");
  EXPECT_EQ(lab_.host.Query("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"),
            (lab::Rows{{"CREATE INDEX \"by_c\" ON \"t\" (\"c\" DESC, \"b\")"},
                       {"CREATE INDEX \"s.by_b\" ON \"s.t\" (\"b\")"},
                       {"CREATE UNIQUE INDEX \"t_b_key\" ON \"t\" (\"b\")"},
                       {"CREATE INDEX \"t_d_key\" ON \"t\" (\"d\")"}}));
}

TEST_F(BootstrapTest, ListsTheIndexesThatSqliteCannotHave) {
  lab_.cluster.Exec(R"(
    CREATE TABLE t (a int PRIMARY KEY, b text, c text, v int GENERATED ALWAYS AS (a * 2) STORED);
    CREATE INDEX part ON t (c) WHERE c > 'a'; CREATE INDEX lowered ON t (lower(c)); CREATE INDEX plain ON t (c);
    CREATE INDEX hashed ON t USING hash (c); CREATE SCHEMA s; CREATE TABLE s.t (a int PRIMARY KEY, b int[]);
    CREATE INDEX elements ON s.t USING gin (b))");
  lab_.Begin();
  ::testing::internal::CaptureStderr();
  lab_.Bootstrap("t,s.t", R"({"indexes":true,"progress":true})");
  // A slow machine also has time to tell how many rows there are.
  EXPECT_EQ(LinesWith(": index ", ::testing::internal::GetCapturedStderr()),
            "deltamirror_bootstrap: index \"hashed\" of table \"t\" is not made: it is of kind hash\n"
            "deltamirror_bootstrap: index \"lowered\" of table \"t\" is not made: it is on an expression\n"
            "deltamirror_bootstrap: index \"part\" of table \"t\" is not made: it is partial\n"
            "deltamirror_bootstrap: index \"s.elements\" of table \"s.t\" is not made: it is of kind gin\n");
  EXPECT_EQ(lab_.host.Query("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"),
            (lab::Rows{{"plain"}}));
}

// What orders or compares otherwise in PostgreSQL, but holds all rows, is an index of SQLite's kind here.
TEST_F(BootstrapTest, MakesIndexesOfOtherOrdersAndNoneThatIsNotValid) {
  LAB_NEEDS_DELTAFLOOD();  // the generated column's values come
  const bool has_nulls = lab_.cluster.Value("SELECT current_setting('server_version_num')::int >= 150000") == "t";
  lab_.cluster.Exec(absl::StrCat(R"(
    CREATE TABLE t (a int PRIMARY KEY, b text, c text, v int GENERATED ALWAYS AS (a * 2) STORED);
    CREATE INDEX broken ON t (c); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass;
    CREATE INDEX collated ON t (b COLLATE "C"); CREATE INDEX patterns ON t (b text_pattern_ops, c);
    CREATE UNIQUE INDEX nulls ON t (c) )",
                                 has_nulls ? "NULLS NOT DISTINCT" : "", "; CREATE UNIQUE INDEX generated ON t (v)"));
  lab_.Begin();
  ::testing::internal::CaptureStderr();
  lab_.Bootstrap("t", R"({"indexes":true,"progress":true})");
  EXPECT_EQ(LinesWith(": index ", ::testing::internal::GetCapturedStderr()),
            "deltamirror_bootstrap: index \"broken\" of table \"t\" is not made: it is not valid\n");
  EXPECT_EQ(lab_.host.Query("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"),
            (lab::Rows{{"CREATE INDEX \"collated\" ON \"t\" (\"b\")"},
                       {"CREATE UNIQUE INDEX \"generated\" ON \"t\" (\"v\")"},
                       {"CREATE UNIQUE INDEX \"nulls\" ON \"t\" (\"c\")"},
                       {"CREATE INDEX \"patterns\" ON \"t\" (\"b\", \"c\")"}}));
}

TEST_F(BootstrapTest, MakesNoIndexOnAColumnThatPgoutputLeavesOut) {
  lab_.cluster.Exec(
      "CREATE TABLE t (a int PRIMARY KEY, v int GENERATED ALWAYS AS (a * 2) STORED); CREATE INDEX generated ON t (v);"
      "CREATE PUBLICATION theirs FOR TABLE t");
  lab_.Begin(R"({"publication":"theirs"})");
  ::testing::internal::CaptureStderr();
  lab_.Bootstrap("t", R"({"indexes":true,"progress":true})");
  EXPECT_EQ(
      LinesWith(": index ", ::testing::internal::GetCapturedStderr()),
      "deltamirror_bootstrap: index \"generated\" of table \"t\" is not made: its column \"v\" is not mirrored\n");
}

TEST_F(BootstrapTest, MoreTablesJoinARunningMirror) {
  lab_.cluster.Exec(
      "CREATE TABLE t (a int); ALTER TABLE t REPLICA IDENTITY FULL; CREATE TABLE u (a int); ALTER TABLE "
      "u REPLICA IDENTITY FULL; INSERT INTO t VALUES (1); INSERT INTO u VALUES (1)");
  lab_.Begin();
  lab_.Bootstrap("t");
  lab_.cluster.Exec("INSERT INTO t VALUES (2); INSERT INTO u VALUES (2)");
  lab_.CatchUp();
  EXPECT_EQ(lab_.Status("t", "inserts"), "1");
  lab_.cluster.Exec("INSERT INTO t VALUES (3); INSERT INTO u VALUES (3)");
  lab_.Stream();
  EXPECT_EQ(lab_.Bootstrap("u"), "3");
  lab_.cluster.Exec("INSERT INTO t VALUES (4); INSERT INTO u VALUES (4)");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a");
  lab_.ExpectEqual("u", "a");
  EXPECT_EQ(lab_.Status("t", "inserts"), "3");
  EXPECT_EQ(lab_.Status("u", "inserts"), "1");
}

TEST_F(BootstrapTest, ATableIsCopiedAnewWhenAskedTo) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t VALUES (1, 'x')");
  lab_.Begin();
  lab_.Bootstrap("t");
  lab_.host.Exec("CREATE INDEX mine ON t (b); DELETE FROM t; INSERT INTO t VALUES (9, 'wrong')");
  EXPECT_EQ(lab_.host.Error(lab_.BootstrapSql("t")),
            "deltamirror_bootstrap: table \"t\" is in mirror \"m\" already. Use option \"again\" to copy it "
            "anew");
  EXPECT_EQ(lab_.Bootstrap("t", R"({"again":true})"), "1");
  lab_.ExpectEqual("t", "a, b");
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM sqlite_master WHERE name = 'mine'"), "1");
  lab_.cluster.Exec("ALTER TABLE t ADD COLUMN c int DEFAULT 3; INSERT INTO t VALUES (2, 'y')");
  EXPECT_EQ(lab_.Bootstrap("t", R"({"again":true})"), "2");
  lab_.cluster.Exec("UPDATE t SET c = 4 WHERE a = 1");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a, b, c");
}

// The stream is read from a moment at which the table had another name.
TEST_F(BootstrapTest, ARenameBeforeTheCopyIsPast) {
  lab_.cluster.Exec("CREATE TABLE old (a int PRIMARY KEY)");
  lab_.Begin();
  lab_.cluster.Exec("INSERT INTO old VALUES (1); ALTER TABLE old RENAME TO t");
  EXPECT_EQ(lab_.Bootstrap("t"), "1");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a");
  lab_.cluster.Exec("INSERT INTO t VALUES (2); ALTER TABLE t RENAME TO u; INSERT INTO u VALUES (3)");
  lab_.CatchUp();
  lab_.ExpectEqual("u", "a");
}

TEST_F(BootstrapTest, CopiesAPartitionedTableUnderItsName) {
  lab_.cluster.Exec(
      "CREATE TABLE t (a int PRIMARY KEY, b text) PARTITION BY RANGE (a); CREATE TABLE t1 PARTITION OF t FOR "
      "VALUES FROM (0) TO (10); CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20); INSERT INTO t "
      "VALUES (1, 'x'), (11, 'y')");
  lab_.Begin();
  EXPECT_EQ(lab_.Bootstrap("*"), "2");
  lab_.cluster.Exec("UPDATE t SET a = 12, b = 'moved' WHERE a = 1; INSERT INTO t VALUES (3, 'z')");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a, b");
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM sqlite_master WHERE name LIKE 't_'"), "0");
}

TEST_F(BootstrapTest, FollowsPgoutputWithoutWhatItDoesNotBring) {
  lab_.cluster.Exec(
      "CREATE TABLE t (a int PRIMARY KEY, twice int GENERATED ALWAYS AS (a * 2) STORED, b text); INSERT INTO t (a, b) "
      "VALUES (1, 'x'); CREATE TABLE p (a int PRIMARY KEY) PARTITION BY RANGE (a); CREATE TABLE p1 PARTITION OF p "
      "DEFAULT; CREATE TABLE log (line text); ALTER TABLE log REPLICA IDENTITY FULL; INSERT INTO p VALUES (1);"
      "CREATE PUBLICATION theirs FOR ALL TABLES WITH (publish_via_partition_root = true)");
  lab_.Begin(R"({"publication":"theirs"})");
  EXPECT_EQ(lab_.Bootstrap("*"), "2");
  EXPECT_EQ(lab_.host.Query("SELECT * FROM t"), (lab::Rows{{"1", "x"}}));
  lab_.cluster.Exec(
      "INSERT INTO t (a, b) VALUES (2, 'y'); UPDATE t SET b = 'z', a = 3 WHERE a = 1; INSERT INTO p "
      "VALUES (2); INSERT INTO log VALUES ('l'), ('l'); DELETE FROM log WHERE ctid = '(0,1)'");
  lab_.CatchUp();
  lab_.ExpectEqual("p", "a");
  lab_.ExpectEqual("log", "line");
  lab_.ExpectEqual("t", "a, b");
}

TEST_F(BootstrapTest, InheritedRowsAreTheChildsAlone) {
  lab_.cluster.Exec(
      "CREATE TABLE parent (a int PRIMARY KEY); CREATE TABLE child (PRIMARY KEY (a)) INHERITS (parent); "
      "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2)");
  lab_.Begin();
  EXPECT_EQ(lab_.Bootstrap("parent,child"), "2");
  EXPECT_EQ(lab_.host.Value("SELECT group_concat(a) FROM parent"), "1");
}

TEST_F(BootstrapTest, WritesToTheDatabaseOfTheMirrorsSchema) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)");
  lab_.Begin();
  lab_.host.Exec(absl::StrCat("ATTACH '", lab_.dir.File("other.db"),
                              "' AS other; CREATE VIRTUAL TABLE n USING "
                              "daystream_apply(source='",
                              lab_.Daystream(), "', schema='other')"));
  EXPECT_EQ(lab_.host.Value(absl::StrCat("SELECT deltamirror_bootstrap('main.n', ",
                                         lab::Literal(lab_.cluster.conninfo()), ", 't')")),
            "1");
  EXPECT_EQ(lab_.host.Value("SELECT a FROM other.t"), "1");
}

TEST_F(BootstrapTest, TakesTypesAsTheUserWantsThem) {
  lab_.cluster.Exec(
      "CREATE TABLE t (a int PRIMARY KEY, b int[], c numeric); INSERT INTO t VALUES (1, '{1,NULL}', 1.10)");
  lab_.Begin();
  lab_.Bootstrap("t", R"({"types":{"array":"json","numeric":"text"}})");
  EXPECT_EQ(lab_.host.Query("SELECT * FROM t"), (lab::Rows{{"1", "[1,null]", "1.10"}}));
  lab_.cluster.Exec("UPDATE t SET b = '{2}', c = 2.20");
  lab_.CatchUp();
  EXPECT_EQ(lab_.host.Query("SELECT * FROM t"), (lab::Rows{{"1", "[2]", "2.20"}}));
}

}  // namespace
}  // namespace deltamirror
