// deltamirror_verify(): what it finds, what it shows, and what it refuses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

class DeltamirrorVerifyTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete cluster_; }

  // A mirror of what `sql` makes.
  // A slot that tells of a table's new shape with its next change.
  static constexpr char kOfChangesAlone[] = R"({"plugin":"pgoutput"})";

  void Mirror(const std::string& sql, const std::string& tables, const std::string& options = "{}",
              const std::string& slot_options = "{}") {
    lab_.cluster.Exec(sql);
    lab_.Begin(slot_options);
    lab_.Bootstrap(tables, options);
  }
  std::string Sql(const std::string& columns, const std::string& options = "{}") {
    return absl::StrCat("SELECT ", columns, " FROM deltamirror_verify('m', ", lab::Literal(lab_.cluster.conninfo()),
                        ", ", lab::Literal(options), ")");
  }
  lab::Rows Verify(const std::string& columns = "\"table\", equal, differing", const std::string& options = "{}") {
    return lab_.host.Query(Sql(columns, options));
  }
  // Of a mirror of one table.
  std::string Details(const std::string& options = "{}") { return lab_.host.Value(Sql("details", options)); }

  static lab::Cluster* cluster_;
  lab::MirrorLab lab_{cluster_};
};

lab::Cluster* DeltamirrorVerifyTest::cluster_ = nullptr;

TEST_F(DeltamirrorVerifyTest, EqualTablesAreEqual) {
  Mirror(
      R"(CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 2000) i;
            CREATE SCHEMA ops; CREATE TABLE ops.log (line text); ALTER TABLE ops.log REPLICA IDENTITY FULL;
            INSERT INTO ops.log VALUES ('x'), ('x'), (NULL); CREATE TABLE none (a int PRIMARY KEY))",
      "t,ops.log,none");
  EXPECT_EQ(Verify("\"table\", schema, equal, source_rows, mirror_rows, differing, details"),
            (lab::Rows{{"ops.log", "ops", "1", "3", "3", "0", "NULL"},
                       {"none", "public", "1", "0", "0", "0", "NULL"},
                       {"t", "public", "1", "2000", "2000", "0", "NULL"}}));
  lab_.cluster.Exec(
      "UPDATE t SET a = -a WHERE a < 10; DELETE FROM ops.log WHERE ctid = '(0,1)'; INSERT INTO none VALUES (1)");
  lab_.CatchUp();
  EXPECT_EQ(Verify("\"table\", equal, source_rows"),
            (lab::Rows{{"ops.log", "1", "2"}, {"none", "1", "1"}, {"t", "1", "2000"}}));
}

// SQLite takes an expression that is 1,000 deep.
TEST_F(DeltamirrorVerifyTest, SixteenHundredColumnsWithoutAKey) {
  Mirror(
      R"(DO $$ BEGIN EXECUTE 'CREATE TABLE t (id int, '
             || (SELECT string_agg('c' || i || ' int', ', ') FROM generate_series(1, 1599) i) || ')'; END $$;
         ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t (id, c7) VALUES (1, 7), (1, 7), (2, NULL))",
      "t");
  lab_.cluster.Exec("DELETE FROM t WHERE ctid = '(0,1)'; UPDATE t SET c1500 = 1 WHERE id = 2");
  lab_.CatchUp();
  EXPECT_EQ(Verify(), (lab::Rows{{"t", "1", "0"}}));
  lab_.host.Exec("UPDATE t SET c1599 = 9 WHERE id = 1");
  EXPECT_EQ(Verify(), (lab::Rows{{"t", "0", "2"}}));
}

TEST_F(DeltamirrorVerifyTest, TellsThePosition) {
  Mirror("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)", "t");
  lab_.cluster.Exec("INSERT INTO t VALUES (2)");
  lab_.CatchUp();
  EXPECT_EQ(Verify("clock, seq, lsn"), lab_.host.Query("SELECT clock, seq, lsn FROM m"));
}

TEST_F(DeltamirrorVerifyTest, FindsWhatIsMissingExtraAndChanged) {
  Mirror(
      "CREATE TABLE t (a int PRIMARY KEY, b text, c numeric); INSERT INTO t SELECT i, 'b', i FROM "
      "generate_series(1, 1000) i",
      "t");
  lab_.host.Exec("DELETE FROM t WHERE a = 7; INSERT INTO t VALUES (-1, 'new', 0); UPDATE t SET b = 'c' WHERE a = 9");
  EXPECT_EQ(Verify("equal, source_rows, mirror_rows, differing"), (lab::Rows{{"0", "1000", "1000", "3"}}));
  EXPECT_EQ(lab_.host.Query(absl::StrCat("SELECT details ->> '$.missing', details ->> '$.extra', details ->> "
                                         "'$.changed' FROM (",
                                         Sql("details"), ")")),
            (lab::Rows{{R"([{"a":7}])", R"([{"a":-1}])",
                        R"([{"key":{"a":9},"columns":{"b":{"source":"b","mirror":"c"}}}])"}}));
}

// Once, the shape that decoding tells again of a table that was analyzed counted as a change that the mirror lacked.
TEST_F(DeltamirrorVerifyTest, ATableThatWasAnalyzedHasNotChanged) {
  Mirror("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)", "t");
  lab_.cluster.Exec("ANALYZE t");
  EXPECT_EQ(Verify("equal", R"({"timeout":2})"), (lab::Rows{{"1"}}));
  lab_.cluster.Exec("ANALYZE t; INSERT INTO t VALUES (2); ANALYZE t");
  EXPECT_THAT(lab_.host.Error(Sql("*", R"({"timeout":0})")), HasSubstr("has not come up to"));
}

TEST_F(DeltamirrorVerifyTest, FindsWhatDiffersInTypeAlone) {
  Mirror(
      "CREATE TABLE t (a int PRIMARY KEY, n numeric, b bytea, s text, r real); "
      "INSERT INTO t VALUES (1, 1, 'x', '', 0), (2, 2, 'y', NULL, 1.5)",
      "t");
  ASSERT_EQ(Verify("equal"), (lab::Rows{{"1"}}));
  struct Planted {
    std::string plant;
    std::string heal;
    std::string found;
  };
  for (const auto& [plant, heal, found] : std::vector<Planted>{
           {"n = '1'", "n = 1", R"({"n":{"source":1,"mirror":"1"}})"},
           {"n = 1.0", "n = 1", R"({"n":{"source":1,"mirror":1.0}})"},
           {"b = 'x'", "b = x'78'", R"({"b":{"source":"x'78'","mirror":"x"}})"},
           {"s = NULL", "s = ''", R"({"s":{"source":"","mirror":null}})"},
           {"r = 'zero'", "r = 0", R"({"r":{"source":0.0,"mirror":"zero"}})"},
       }) {
    lab_.host.Exec(absl::StrCat("UPDATE t SET ", plant, " WHERE a = 1"));
    EXPECT_EQ(Details(), absl::StrCat(R"({"changed":[{"key":{"a":1},"columns":)", found, "}]}"));
    lab_.host.Exec(absl::StrCat("UPDATE t SET ", heal, " WHERE a = 1"));
  }
  EXPECT_EQ(Verify("equal"), (lab::Rows{{"1"}}));
}

TEST_F(DeltamirrorVerifyTest, FindsRowsByKeysOfManyColumnsAndTypes) {
  Mirror(
      "CREATE TABLE t (b text, v int, a date, PRIMARY KEY (a, b)); INSERT INTO t SELECT 'k' || i, i, "
      "date '2026-08-01' + i FROM generate_series(1, 100) i",
      "t");
  lab_.host.Exec("UPDATE t SET b = 'other' WHERE v = 5; UPDATE t SET v = 0 WHERE v = 6");
  EXPECT_EQ(Details(), R"({"extra":[{"a":"2026-08-06","b":"other"}],"changed":[{"key":{"a":"2026-08-07","b":"k6"},)"
                       R"("columns":{"v":{"source":6,"mirror":0}}}],"missing":[{"a":"2026-08-06","b":"k5"}]})");
}

TEST_F(DeltamirrorVerifyTest, CountsHowOftenARowWithoutAKeyIsThere) {
  Mirror(
      "CREATE TABLE t (a int, b text); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1, 'x'), (1, 'x'), "
      "(2, NULL)",
      "t");
  ASSERT_EQ(Verify("equal"), (lab::Rows{{"1"}}));
  lab_.host.Exec("INSERT INTO t VALUES (1, 'x'); UPDATE t SET b = '' WHERE a = 2");
  EXPECT_EQ(Verify("equal, source_rows, mirror_rows, differing"), (lab::Rows{{"0", "3", "4", "3"}}));
  EXPECT_THAT(Details(), HasSubstr(R"("missing":[{"a":2,"b":null}])"));
  EXPECT_THAT(Details(), HasSubstr(R"({"a":2,"b":""})"));
  lab_.host.Exec("DELETE FROM t WHERE a = 2 OR rowid = (SELECT min(rowid) FROM t); INSERT INTO t VALUES (2, NULL)");
  EXPECT_EQ(Verify("equal"), (lab::Rows{{"1"}}));
  lab_.host.Exec("DELETE FROM t WHERE a = 1");
  EXPECT_EQ(Details(), R"({"missing":[{"a":1,"b":"x"},{"a":1,"b":"x"}]})");
}

TEST_F(DeltamirrorVerifyTest, CountsAllDifferencesButShowsNoMoreThanWanted) {
  Mirror("CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t SELECT i, 'b' FROM generate_series(1, 5000) i",
         "t");
  lab_.host.Exec("UPDATE t SET b = 'c' WHERE a <= 3000; DELETE FROM t WHERE a > 4000");
  const std::string shown =
      "differing, json_array_length(details, '$.changed') + json_array_length(details, '$.missing')";
  EXPECT_EQ(Verify(shown), (lab::Rows{{"4000", "20"}}));
  EXPECT_EQ(Verify(shown, R"({"max_differences":300})"), (lab::Rows{{"4000", "300"}}));
  EXPECT_EQ(Verify("differing, details", R"({"max_differences":0})"), (lab::Rows{{"4000", "NULL"}}));
}

TEST_F(DeltamirrorVerifyTest, AnEmptiedMirrorAndAnEmptiedSourceDiffer) {
  Mirror("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1), (2)", "t");
  lab_.host.Exec("DELETE FROM t");
  EXPECT_EQ(Details(), R"({"missing":[{"a":1},{"a":2}]})");
  lab_.host.Exec("INSERT INTO t VALUES (3)");
  lab_.cluster.Exec("TRUNCATE t");
  lab_.Stream();
  EXPECT_THAT(lab_.host.Error(Sql("*", R"({"timeout":0})")), HasSubstr("The daystream has more: run deltamirror"));
}

TEST_F(DeltamirrorVerifyTest, ChoosesTables) {
  Mirror(
      "CREATE TABLE a (a int PRIMARY KEY); CREATE TABLE b (a int PRIMARY KEY); CREATE SCHEMA s; CREATE TABLE s.c (a "
      "int PRIMARY KEY)",
      "a,b,s.c");
  EXPECT_EQ(Verify("\"table\"", R"({"tables":"b,s.*"})"), (lab::Rows{{"b"}, {"s.c"}}));
  EXPECT_EQ(lab_.host.Error(Sql("*", R"({"tables":"a,nix"})")),
            "deltamirror_verify: table \"nix\" is not one of mirror \"m\"");
}

TEST_F(DeltamirrorVerifyTest, AppliesWhatTheDaystreamHasIfAskedTo) {
  Mirror("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)", "t");
  lab_.cluster.Exec("INSERT INTO t VALUES (2)");
  lab_.Stream();
  EXPECT_EQ(Verify("equal, source_rows, mirror_rows", R"({"apply":true})"), (lab::Rows{{"1", "2", "2"}}));
  EXPECT_EQ(lab_.Status("t", "inserts"), "1");
}

TEST_F(DeltamirrorVerifyTest, SaysHowFarAMirrorIsThatDoesNotComeUp) {
  Mirror("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)", "t");
  lab_.cluster.Exec("INSERT INTO t VALUES (2)");
  EXPECT_THAT(
      lab_.host.Error(Sql("*", R"({"timeout":1})")),
      ::testing::MatchesRegex("deltamirror_verify: mirror \"m\" has not come up to 0/[0-9A-F]+, where PostgreSQL "
                              "is, within 1s: it is at no commit yet, position \\([0-9]+, -1\\)\\. It has all "
                              "that the daystream has, but nobody reads slot \"mirror\": run deltastream"));
  lab_.host.Exec("ALTER TABLE t RENAME TO u");
  lab_.Stream();
  lab_.host.Error("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')");
  EXPECT_THAT(lab_.host.Error(Sql("*", R"({"timeout":0})")),
              HasSubstr("It has stopped: could not apply insert to table \"t\""));
}

TEST_F(DeltamirrorVerifyTest, ATableThatIsGoneOnOneSideDiffers) {
  Mirror("CREATE TABLE a (a int PRIMARY KEY); CREATE TABLE b (a int PRIMARY KEY); CREATE TABLE c (a int PRIMARY KEY)",
         "a,b,c", "{}", kOfChangesAlone);
  lab_.cluster.Exec("DROP TABLE a");
  lab_.host.Exec("DROP TABLE b");
  EXPECT_EQ(
      Verify("\"table\", equal, source_rows, mirror_rows, differing, details"),
      (lab::Rows{
          {"a", "0", "NULL", "NULL", "NULL", R"({"error":"table \"a\" does not exist in PostgreSQL any more"})"},
          {"b", "0", "NULL", "NULL", "NULL", R"({"error":"table \"b\" does not exist in database \"main\" any more"})"},
          {"c", "1", "0", "0", "0", "NULL"}}));
}

// deltaflood tells of it.
TEST_F(DeltamirrorVerifyTest, ATableThatTheMirrorHasDroppedIsNotCompared) {
  Mirror("CREATE TABLE a (a int PRIMARY KEY); CREATE TABLE b (a int PRIMARY KEY)", "a,b");
  lab_.cluster.Exec("DROP TABLE a");
  lab_.CatchUp();
  EXPECT_EQ(Verify("\"table\", equal"), (lab::Rows{{"b", "1"}}));
}

TEST_F(DeltamirrorVerifyTest, ColumnsOfWhichTheStreamHasNotToldAreNamedAndNotCompared) {
  Mirror("CREATE TABLE t (a int PRIMARY KEY, b text, c text, d text); INSERT INTO t VALUES (1, 'b', 'c', 'd')", "t",
         "{}", kOfChangesAlone);
  lab_.cluster.Exec("ALTER TABLE t ADD e int DEFAULT 7, DROP b; ALTER TABLE t RENAME c TO cc");
  EXPECT_EQ(Verify("equal, details"), (lab::Rows{{"1", R"({"awaited":["e","b"]})"}}));
  lab_.cluster.Exec("UPDATE t SET d = 'dd'");
  lab_.CatchUp();
  EXPECT_EQ(Verify("equal, details"), (lab::Rows{{"1", "NULL"}}));
  lab_.host.Exec("UPDATE t SET e = 8");
  EXPECT_EQ(Details(), R"({"changed":[{"key":{"a":1},"columns":{"e":{"source":7,"mirror":8}}}]})");
  lab_.host.Exec("ALTER TABLE t DROP COLUMN e");
  EXPECT_EQ(Verify("equal, details"), (lab::Rows{{"0", R"({"error":"table \"t\" has no column \"e\""})"}}));
}

TEST_F(DeltamirrorVerifyTest, FollowsTheMirrorsOptionsAndNames) {
  lab_.cluster.Exec(R"(
    CREATE TABLE t (id int PRIMARY KEY, tags text[], n numeric, gone text, g int GENERATED ALWAYS AS (id * 2) STORED);
    INSERT INTO t (id, tags, n) VALUES (1, '{a,NULL}', 1.50);
    CREATE TABLE p (a int, b int, PRIMARY KEY (a, b)) PARTITION BY LIST (a);
    CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
    INSERT INTO p VALUES (1, 1), (2, 2);
    CREATE PUBLICATION theirs FOR ALL TABLES WITH (publish_via_partition_root = true))");
  lab_.Begin(R"({"publication":"theirs"})");
  lab_.host.Exec(absl::StrCat("DROP TABLE m; ATTACH '", lab_.dir.File("other.db"),
                              "' AS aux; CREATE VIRTUAL TABLE m "
                              "USING daystream_apply(source='",
                              lab_.Daystream(), "', schema='aux', on_ddl='keep')"));
  lab_.Bootstrap("t,p", R"({"types":{"array":"json","numeric":"text"}})");
  lab_.cluster.Exec("ALTER TABLE t DROP gone; INSERT INTO t VALUES (2, NULL, 0.10); ALTER TABLE p RENAME TO q");
  lab_.cluster.Exec("UPDATE q SET a = 1 WHERE a = 2");
  lab_.CatchUp();
  EXPECT_EQ(lab_.host.Value("SELECT group_concat(name) FROM pragma_table_info('t', 'aux')"), "id,tags,n,gone");
  EXPECT_EQ(Verify("\"table\", equal, source_rows, details"),
            (lab::Rows{{"q", "1", "2", "NULL"}, {"t", "1", "2", "NULL"}}));
  lab_.host.Exec("UPDATE aux.t SET tags = '[]' WHERE id = 1");
  EXPECT_THAT(Verify("details", R"({"tables":"t"})")[0][0],
              HasSubstr(R"("tags":{"source":"[\"a\",null]","mirror":"[]"})"));
}

// The text 1 in PostgreSQL is the number 1 in a column that its owner has declared as INTEGER.
TEST_F(DeltamirrorVerifyTest, AColumnThatConvertsHoldsWhatSqliteMakesOfTheValue) {
  lab_.cluster.Exec(
      "CREATE TABLE t (a int PRIMARY KEY, b text); CREATE TABLE k (b text); ALTER TABLE k REPLICA IDENTITY "
      "FULL");
  lab_.Begin();
  lab_.host.Exec("CREATE TABLE t (a INTEGER, b INTEGER, UNIQUE (a)); CREATE TABLE k (b NUMERIC)");
  lab_.cluster.Exec("INSERT INTO t VALUES (1, '1'), (2, 'two'); INSERT INTO k VALUES ('1.0'), ('x')");
  lab_.CatchUp();
  EXPECT_EQ(lab_.host.Query("SELECT typeof(b) FROM t"), (lab::Rows{{"integer"}, {"text"}}));
  EXPECT_EQ(Verify("equal, source_rows, details"), (lab::Rows{{"1", "2", "NULL"}, {"1", "2", "NULL"}}));
  lab_.host.Exec("UPDATE t SET b = 2 WHERE a = 1; UPDATE k SET b = 1.5 WHERE b = 1");
  EXPECT_EQ(Verify("differing", R"({"tables":"t"})"), (lab::Rows{{"1"}}));
  EXPECT_EQ(Verify("differing", R"({"tables":"k"})"), (lab::Rows{{"2"}}));
}

TEST_F(DeltamirrorVerifyTest, FindsAKeyThatIsThereTwice) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY, b text)");
  lab_.Begin();
  lab_.host.Exec("CREATE TABLE t (a INTEGER, b TEXT)");
  lab_.cluster.Exec("INSERT INTO t VALUES (1, 'x')");
  lab_.CatchUp();
  lab_.host.Exec("INSERT INTO t VALUES (1, 'x')");
  EXPECT_EQ(Verify("differing, details"), (lab::Rows{{"1", R"({"extra":[{"a":1}]})"}}));
}

TEST_F(DeltamirrorVerifyTest, WorksOnADatabaseInMemory) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
  lab_.Begin();
  lab::Host memory;
  memory.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", lab_.Daystream(), "')"));
  memory.Exec(lab_.BootstrapSql("t"));
  EXPECT_EQ(memory.Query(Sql("equal, differing")), (lab::Rows{{"1", "0"}}));
  memory.Exec("DELETE FROM t WHERE a = 1");
  lab_.cluster.Exec("INSERT INTO t VALUES (3)");
  lab_.Stream();
  EXPECT_THAT(memory.Error(Sql("*", R"({"timeout":0})")), HasSubstr("The daystream has more"));
  EXPECT_EQ(memory.Query(Sql("details", R"({"apply":true})")), (lab::Rows{{R"({"missing":[{"a":1}]})"}}));
}

TEST_F(DeltamirrorVerifyTest, RefusesAnotherServersMirror) {
  Mirror("CREATE TABLE t (a int PRIMARY KEY)", "t");
  lab_.cluster.Exec("CREATE DATABASE other");
  const std::string other = absl::StrReplaceAll(lab_.cluster.conninfo(), {{"dbname=postgres", "dbname=other"}});
  EXPECT_EQ(lab_.host.Error(absl::StrReplaceAll(Sql("*"), {{lab_.cluster.conninfo(), other}})),
            absl::StrCat("deltamirror_verify: daystream \"", lab_.Daystream(),
                         "\" is of database \"postgres\", but the "
                         "connection leads to \"other\""));
  lab_.cluster.Exec("DROP DATABASE other");
  const std::string info = lab_.Daystream() + "/daystream.json";
  const std::string identifier = lab_.cluster.Value("SELECT system_identifier FROM pg_control_system()");
  lab::WriteFile(info, absl::StrReplaceAll(lab::ReadFile(info), {{identifier, "4711"}}));
  EXPECT_THAT(lab_.host.Error(Sql("*")), HasSubstr("deltamirror_verify: "));
  EXPECT_THAT(lab_.host.Error(Sql("*")), HasSubstr("4711"));
}

TEST_F(DeltamirrorVerifyTest, ErrorsNameWhatIsWrong) {
  Mirror("CREATE TABLE t (a int PRIMARY KEY)", "t");
  EXPECT_THAT(lab_.host.Error("SELECT * FROM deltamirror_verify('nix', 'x')"),
              HasSubstr("deltamirror_verify: mirror \"nix\" does not exist. Make it with CREATE VIRTUAL TABLE nix"));
  EXPECT_THAT(
      lab_.host.Error("SELECT * FROM deltamirror_verify('m', 'host=/nowhere password=secret')"),
      ::testing::AllOf(HasSubstr("deltamirror_verify: "), HasSubstr("/nowhere"), ::testing::Not(HasSubstr("secret"))));
  EXPECT_EQ(lab_.host.Error("SELECT * FROM deltamirror_verify('m')"),
            "deltamirror_verify: expected the name of a mirror, a connection string and, if wanted, options, like "
            "deltamirror_verify('mirror', 'dbname=prod')");
  EXPECT_EQ(lab_.host.Error(Sql("*", R"({"tabels":"t"})")),
            "deltamirror_verify: unknown option \"tabels\" with value \"t\", expected one of \"tables\", \"timeout\", "
            "\"apply\", "
            "\"max_differences\", \"margin\", \"progress\"");
  EXPECT_THAT(lab_.host.Error(Sql("*", R"({"timeout":-1})")),
              HasSubstr("deltamirror_verify: invalid value -1 for option \"timeout\""));
  EXPECT_EQ(lab_.host.Error("BEGIN; " + Sql("*")),
            "deltamirror_verify cannot run inside a transaction: it commits transactions of its own. COMMIT first");
  lab_.host.Exec("ROLLBACK; CREATE VIRTUAL TABLE fed USING daystream_apply");
  EXPECT_THAT(lab_.host.Error("SELECT * FROM deltamirror_verify('fed', '')"),
              HasSubstr("deltamirror_verify: mirror \"fed\" has no source"));
}

TEST_F(DeltamirrorVerifyTest, ARoleMustSeeAllRows) {
  Mirror("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE ROLE reader LOGIN REPLICATION", "t");
  const std::string reader = absl::StrReplaceAll(Sql("equal"), {{"user=postgres", "user=reader"}});
  EXPECT_THAT(lab_.host.Error(reader), HasSubstr("deltamirror_verify: permission denied for table t"));
  lab_.cluster.Exec("GRANT SELECT ON t TO reader; ALTER TABLE t ENABLE ROW LEVEL SECURITY");
  lab_.CatchUp();
  EXPECT_THAT(lab_.host.Error(reader), HasSubstr("query would be affected by row-level security policy"));
}

}  // namespace
}  // namespace deltamirror
