// pg_import: modes, options, and what is left behind when it fails.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror {
namespace {

using lab::Rows;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ImportTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster_ = new lab::Cluster();
    cluster_->Exec(
        "CREATE TABLE zzz (a integer PRIMARY KEY, b text, c numeric); INSERT INTO zzz VALUES (1, 'fox', 1.5), "
        "(2, 'hen', NULL), (3, NULL, 12345678901234567.8); CREATE SCHEMA ops; CREATE TABLE ops.\"Odd one\" (x text);"
        "INSERT INTO ops.\"Odd one\" VALUES ('y')");
  }
  static void TearDownTestSuite() { delete cluster_; }

  std::string Call(const std::string& query, const std::string& table, const std::string& options = "") {
    return absl::StrCat("SELECT pg_import(", lab::Literal(cluster_->conninfo()), ", ", lab::Literal(query), ", ",
                        lab::Literal(table), options.empty() ? "" : ", ", options.empty() ? "" : lab::Literal(options),
                        ")");
  }
  std::string Import(const std::string& query, const std::string& table, const std::string& options = "") {
    return host_.Value(Call(query, table, options));
  }
  std::string Failure(const std::string& query, const std::string& table, const std::string& options = "") {
    return host_.Error(Call(query, table, options));
  }
  std::string Schema(const std::string& table) {
    return host_.Value(absl::StrCat("SELECT sql FROM sqlite_schema WHERE name = ", lab::Literal(table)));
  }

  static lab::Cluster* cluster_;
  lab::TempDir dir_;
  lab::Host host_{dir_.File("cache.db")};
};

lab::Cluster* ImportTest::cluster_ = nullptr;

TEST_F(ImportTest, MakesTheTable) {
  EXPECT_EQ(Import("zzz", "zzz"), "3");
  EXPECT_EQ(Schema("zzz"), "CREATE TABLE \"zzz\" (\"a\" INTEGER, \"b\" TEXT, \"c\")");
  EXPECT_EQ(
      host_.Query("SELECT a, b, c, typeof(c) FROM zzz"),
      (Rows{{"1", "fox", "1.5", "real"}, {"2", "hen", "NULL", "null"}, {"3", "NULL", "12345678901234567.8", "text"}}));
}

TEST_F(ImportTest, TakesQueriesAndNames) {
  EXPECT_EQ(Import("  SELECT a, b || '!' AS b FROM zzz ORDER BY a DESC ; ", "q1"), "3");
  EXPECT_EQ(host_.Query("SELECT * FROM q1 LIMIT 1"), (Rows{{"3", "NULL"}}));
  EXPECT_EQ(Import("ops.\"Odd one\"", "q2"), "1");
  EXPECT_EQ(Import("VALUES (1, 'a'), (2, 'b')", "q3"), "2");
  EXPECT_EQ(Import("WITH w AS (SELECT 1 AS n) SELECT n FROM w", "q4"), "1");
  EXPECT_EQ(Import("SELECT 1 AS n WHERE false", "q5"), "0");
  EXPECT_EQ(Import("SELECT ';' AS a; -- as scripts have it\n", "q6"), "1");
  EXPECT_EQ(host_.Value("SELECT count(*) FROM q5"), "0");
}

// What a mirror does not have.
TEST_F(ImportTest, ViewsAndLargeObjects) {
  cluster_->Exec(
      "CREATE VIEW seen AS SELECT a, upper(b) AS b FROM zzz WHERE b IS NOT NULL; CREATE MATERIALIZED VIEW kept AS "
      "SELECT * FROM seen; CREATE TABLE files (name text, content oid); INSERT INTO files VALUES ('x', "
      "lo_from_bytea(0, '\\x00ff5c0a'))");
  for (const std::string view : {"seen", "kept"}) {
    EXPECT_EQ(Import(view, view), "2");
    EXPECT_EQ(host_.Query(absl::StrCat("SELECT * FROM ", view, " ORDER BY a")), (Rows{{"1", "FOX"}, {"2", "HEN"}}));
  }
  EXPECT_EQ(Import("SELECT name, lo_get(content) AS content FROM files", "files"), "1");
  EXPECT_EQ(host_.Query("SELECT name, hex(content) FROM files"), (Rows{{"x", "00FF5C0A"}}));
}

TEST_F(ImportTest, AQueryThatChangesRowsIsCommittedWithTheImport) {
  cluster_->Exec("CREATE TABLE queue (n integer); INSERT INTO queue VALUES (1), (2)");
  EXPECT_THAT(Failure("DELETE FROM queue RETURNING 1 / (2 - n) AS n", "taken"), HasSubstr("division by zero"));
  EXPECT_EQ(cluster_->Value("SELECT count(*) FROM queue"), "2");
  host_.Exec("CREATE TABLE full (n CHECK (n < 2))");
  EXPECT_THAT(Failure("DELETE FROM queue RETURNING n", "full"), HasSubstr("CHECK constraint failed"));
  EXPECT_EQ(cluster_->Value("SELECT count(*) FROM queue"), "2");
  EXPECT_EQ(Import("DELETE FROM queue RETURNING n", "taken"), "2");
  EXPECT_EQ(cluster_->Value("SELECT count(*) FROM queue"), "0");
}

TEST_F(ImportTest, AppendsByName) {
  host_.Exec("CREATE TABLE zzz (extra DEFAULT 'x', B TEXT, a INTEGER)");
  EXPECT_EQ(Import("SELECT a, b FROM zzz", "zzz"), "3");
  EXPECT_EQ(Import("SELECT a, b FROM zzz", "zzz", "{\"mode\":\"append\"}"), "3");
  EXPECT_EQ(host_.Query("SELECT extra, b, a FROM zzz WHERE a = 1"), (Rows{{"x", "fox", "1"}, {"x", "fox", "1"}}));
}

TEST_F(ImportTest, ColumnsThatDoNotFit) {
  host_.Exec("CREATE TABLE zzz (a, d, e AS (a + 1))");
  EXPECT_EQ(Failure("zzz", "zzz"),
            "pg_import: table \"zzz\" has no column \"b\", \"c\", expected the query's columns among \"a\", \"d\", "
            "\"e\"");
  EXPECT_EQ(Failure("SELECT 1 AS e", "zzz"),
            "pg_import: cannot write to column \"e\" of table \"zzz\": it is generated. Leave it out of the query");
}

TEST_F(ImportTest, TargetsInOtherDatabases) {
  host_.Exec("ATTACH ':memory:' AS aux");
  EXPECT_EQ(Import("zzz", "aux.zzz"), "3");
  EXPECT_EQ(host_.Value("SELECT count(*) FROM aux.zzz"), "3");
  EXPECT_EQ(Import("zzz", "temp.zzz"), "3");
  EXPECT_EQ(Import("zzz", "main.\"my.zzz\""), "3");
  EXPECT_EQ(host_.Value("SELECT count(*) FROM main.\"my.zzz\""), "3");
  EXPECT_EQ(Import("zzz", "[q [x]"), "3");
  // What SQLite would find under the name.
  EXPECT_EQ(Import("zzz", "zzz"), "3");
  EXPECT_EQ(host_.Value("SELECT count(*) FROM temp.zzz"), "6");
  EXPECT_EQ(Failure("zzz", "nowhere.zzz"),
            "pg_import: no attached database \"nowhere\" for table \"nowhere.zzz\", expected one of \"temp\", "
            "\"main\", \"aux\"");
  EXPECT_THAT(Failure("zzz", "a.b.c"), HasSubstr("invalid table name \"a.b.c\", expected table or database.table"));
  EXPECT_THAT(Failure("zzz", ""), HasSubstr("invalid table name \"\""));
  EXPECT_THAT(Failure("zzz", "sqlite_zzz"), HasSubstr("SQLite keeps names that begin with sqlite_ for itself"));
}

TEST_F(ImportTest, ModeCreate) {
  EXPECT_EQ(Import("zzz", "zzz", "{\"mode\":\"create\"}"), "3");
  EXPECT_EQ(Failure("zzz", "zzz", "{\"mode\":\"create\"}"),
            "pg_import: table \"zzz\" already exists. Use another mode than \"create\" to write to it");
}

TEST_F(ImportTest, ModeAppendNeedsTheTable) {
  EXPECT_EQ(Failure("zzz", "zzz", "{\"mode\":\"append\"}"),
            "pg_import: no table \"zzz\" to append to. Use mode \"auto\" to have it made");
}

TEST_F(ImportTest, ModeReplace) {
  EXPECT_EQ(Import("zzz", "zzz", "{\"mode\":\"replace\",\"primary_key\":[\"a\"]}"), "3");
  host_.Exec("UPDATE zzz SET b = 'wolf'; INSERT INTO zzz VALUES (9, 'kept', NULL)");
  EXPECT_EQ(Import("SELECT a, b FROM zzz WHERE a < 3 UNION SELECT 4, 'new'", "zzz", "{\"mode\":\"replace\"}"), "3");
  // A column that the query does not bring stays.
  EXPECT_EQ(host_.Query("SELECT a, b, c FROM zzz"), (Rows{{"1", "fox", "1.5"},
                                                          {"2", "hen", "NULL"},
                                                          {"3", "wolf", "12345678901234567.8"},
                                                          {"4", "new", "NULL"},
                                                          {"9", "kept", "NULL"}}));
  EXPECT_EQ(Import("SELECT 4 AS a", "zzz", "{\"mode\":\"replace\"}"), "1");
}

TEST_F(ImportTest, ModeReplaceNeedsAKey) {
  host_.Exec("CREATE TABLE zzz (a, b, c)");
  EXPECT_EQ(Failure("zzz", "zzz", "{\"mode\":\"replace\"}"),
            "pg_import: table \"zzz\" has no primary key to replace rows by. Name the columns of a unique key with "
            "option \"primary_key\"");
  host_.Exec("CREATE UNIQUE INDEX zzz_a ON zzz (a)");
  EXPECT_EQ(Import("zzz", "zzz", "{\"mode\":\"replace\",\"primary_key\":[\"a\"]}"), "3");
  EXPECT_EQ(Failure("SELECT 'x' AS b", "zzz", "{\"mode\":\"replace\",\"primary_key\":[\"a\"]}"),
            "pg_import: key column \"a\" of table \"zzz\" is not among the query's columns");
}

TEST_F(ImportTest, ModeRefresh) {
  host_.Exec("CREATE TABLE zzz (a, b, c); INSERT INTO zzz VALUES (7, 'old', NULL)");
  EXPECT_EQ(Import("zzz", "zzz", "{\"mode\":\"refresh\"}"), "3");
  EXPECT_EQ(host_.Value("SELECT group_concat(a) FROM zzz"), "1,2,3");
  EXPECT_THAT(Failure("SELECT 1 / (a - 3) AS a FROM zzz ORDER BY zzz.a", "zzz", "{\"mode\":\"refresh\"}"),
              HasSubstr("division by zero"));
  EXPECT_EQ(host_.Value("SELECT group_concat(a) FROM zzz"), "1,2,3");
}

TEST_F(ImportTest, OptionColumns) {
  // Names of the query choose and order.
  EXPECT_EQ(Import("zzz", "one", "{\"columns\":{\"c\":\"TEXT\",\"a\":\"TEXT\"}}"), "3");
  EXPECT_EQ(Schema("one"), "CREATE TABLE \"one\" (\"c\" TEXT, \"a\" TEXT)");
  EXPECT_EQ(host_.Query("SELECT c, a, typeof(a) FROM one LIMIT 1"), (Rows{{"1.5", "1", "text"}}));
  // Others rename.
  EXPECT_EQ(Import("zzz", "two", "{\"columns\":{\"id\":\"INTEGER\",\"name\":\"VARCHAR(9)\",\"price\":\"\"}}"), "3");
  EXPECT_EQ(Schema("two"), "CREATE TABLE \"two\" (\"id\" INTEGER, \"name\" VARCHAR(9), \"price\")");
  EXPECT_EQ(Failure("zzz", "three", "{\"columns\":{\"id\":\"INTEGER\"}}"),
            "pg_import: option \"columns\" gives 1 new names, expected 3, or only names among \"a\", \"b\", \"c\"");
  EXPECT_EQ(Failure("zzz", "three", "{\"columns\":{\"a\":\"TEXT); DROP TABLE one; --\"}}"),
            "pg_import: invalid value \"TEXT); DROP TABLE one; --\" for column \"a\" in option \"columns\", expected a "
            "type such as \"TEXT\"");
}

TEST_F(ImportTest, OptionPrimaryKey) {
  Import("zzz", "one", "{\"primary_key\":[\"a\"]}");
  EXPECT_EQ(Schema("one"), "CREATE TABLE \"one\" (\"a\" INTEGER PRIMARY KEY, \"b\" TEXT, \"c\")");
  // PostgreSQL's keys have no NULLs, so neither have ours.
  EXPECT_EQ(Failure("zzz", "two", "{\"primary_key\":[\"c\",\"a\"]}"),
            "pg_import: could not write to table \"two\": NOT NULL constraint failed: two.c");
  EXPECT_EQ(host_.Value("SELECT count(*) FROM sqlite_schema WHERE name = 'two'"), "0");
  EXPECT_EQ(Failure("zzz", "three", "{\"primary_key\":[\"nix\"]}"),
            "pg_import: primary key column \"nix\" is not among the columns");
}

TEST_F(ImportTest, OptionsWithoutRowidAndStrict) {
  Import("SELECT b, a FROM zzz WHERE b IS NOT NULL", "one",
         "{\"primary_key\":[\"b\",\"a\"],\"without_rowid\":true,\"strict\":true}");
  EXPECT_EQ(Schema("one"),
            "CREATE TABLE \"one\" (\"b\" TEXT NOT NULL, \"a\" INTEGER NOT NULL, PRIMARY KEY (\"b\", \"a\")) WITHOUT "
            "ROWID, STRICT");
  EXPECT_EQ(Import("SELECT 'NaN'::float8 AS f, 'NaN'::numeric AS n, 1::int AS i", "two", "{\"strict\":true}"), "1");
  EXPECT_EQ(host_.Query("SELECT f, n, i FROM two"), (Rows{{"NaN", "NaN", "1"}}));
  EXPECT_EQ(Failure("zzz", "three", "{\"without_rowid\":true}"),
            "pg_import: option \"without_rowid\" needs a primary key. Give it with option \"primary_key\"");
}

TEST_F(ImportTest, OptionNull) {
  EXPECT_EQ(Import("VALUES (1, '-'), (2, '--')", "one", "{\"null\":\"-\"}"), "2");
  EXPECT_EQ(host_.Query("SELECT column1, column2 FROM one"), (Rows{{"1", "NULL"}, {"2", "--"}}));
  EXPECT_EQ(Import("VALUES ('')", "two", "{\"null\":\"\"}"), "1");
  EXPECT_EQ(host_.Value("SELECT column1 FROM two"), "NULL");
}

TEST_F(ImportTest, OptionTypes) {
  EXPECT_EQ(Import("SELECT 1.50 AS n, array[1, NULL] AS i, now() AS t", "one",
                   "{\"types\":{\"array\":\"json\",\"numeric\":\"text\"}}"),
            "1");
  EXPECT_EQ(host_.Query("SELECT n, typeof(n), i FROM one"), (Rows{{"1.50", "text", "[1,null]"}}));
  EXPECT_EQ(Failure("zzz", "two", "{\"types\":{\"numeric\":\"integer\"}}"),
            "pg_import: column \"c\": invalid text \"1.5\" for type integer, expected a whole number of at most 64 "
            "bits");
  EXPECT_EQ(Failure("zzz", "two", "{\"types\":{\"nummeric\":\"text\"}}"),
            "pg_import: unknown type \"nummeric\" in option \"types\", but the query's columns are of type "
            "\"integer\", \"text\", \"numeric\"");
  EXPECT_THAT(Failure("zzz", "two", "{\"types\":{\"numeric\":\"txt\"}}"),
              HasSubstr("invalid value \"txt\" for type \"numeric\" in option \"types\""));
}

TEST_F(ImportTest, OptionCheckWritesWhatDiffers) {
  Import("zzz", "zzz", "{\"primary_key\":[\"a\"]}");
  const std::string options = "{\"mode\":\"replace\",\"check\":true}";
  EXPECT_EQ(Import("zzz", "zzz", options), "0");
  host_.Exec("UPDATE zzz SET b = NULL WHERE a = 1; DELETE FROM zzz WHERE a = 2");
  EXPECT_EQ(Import("zzz", "zzz", options), "2");
  EXPECT_EQ(Import("zzz", "zzz", "{\"check\":true}"), "0");
  EXPECT_EQ(Import("SELECT a, b FROM zzz", "zzz", "{\"check\":true}"), "0");
  EXPECT_EQ(host_.Value("SELECT group_concat(b) FROM zzz"), "fox,hen");
  EXPECT_EQ(Failure("zzz", "zzz", "{\"mode\":\"refresh\",\"check\":true}"),
            "pg_import: option \"check\" compares rows by their key, so it needs mode \"replace\"");
}

TEST_F(ImportTest, OptionCommitEvery) {
  EXPECT_THAT(
      Failure("SELECT n, 1 / (n - 1000) AS m FROM generate_series(1, 1000) AS n", "one", "{\"commit_every\":100}"),
      HasSubstr("division by zero"));
  EXPECT_EQ(Import("SELECT n FROM generate_series(1, 1000) AS n", "two", "{\"commit_every\":300}"), "1000");
  EXPECT_EQ(host_.Value("SELECT count(*) FROM two"), "1000");
  EXPECT_THAT(host_.Error(absl::StrCat("BEGIN; ", Call("zzz", "zzz", "{\"commit_every\":1}"))),
              HasSubstr("option \"commit_every\" cannot run inside a transaction"));
}

TEST_F(ImportTest, OptionSince) {
  cluster_->Exec(
      "CREATE TABLE events (at timestamptz, n integer);"
      "INSERT INTO events VALUES ('2026-01-01 00:00+00', 1), ('2026-01-01 00:00:00.000001+00', 2), (NULL, 0)");
  const std::string options = "{\"since\":\"at\"}";
  EXPECT_EQ(Import("events", "events", options), "3");
  EXPECT_EQ(host_.Query("SELECT * FROM deltamirror_import"), (Rows{{"events", "at", "2026-01-01 00:00:00.000001+00"}}));
  EXPECT_EQ(Import("events", "events", options), "0");
  cluster_->Exec("INSERT INTO events VALUES ('2025-12-31 00:00+00', 3), ('2026-01-02 00:00+00', 4), (NULL, 5)");
  EXPECT_EQ(Import("SELECT * FROM events -- all", "events", options), "1");
  EXPECT_EQ(host_.Value("SELECT group_concat(n) FROM events WHERE n > 2"), "4");
  // What failed is not remembered.
  cluster_->Exec("INSERT INTO events VALUES ('2026-01-03 00:00+00', 6)");
  EXPECT_THAT(Failure("SELECT at, n / 0 AS n FROM events", "events", options), HasSubstr("division by zero"));
  EXPECT_EQ(Import("events", "events", options), "1");
  EXPECT_EQ(Failure("events", "events", "{\"since\":\"later\"}"),
            "pg_import: column \"later\" of option \"since\" is not among the query's columns");
  EXPECT_THAT(Failure("events", "events", "{\"since\":\"at\",\"mode\":\"refresh\"}"),
              HasSubstr("option \"since\" keeps the rows imported before"));
  EXPECT_THAT(Failure("events", "events", "{\"since\":\"at\",\"commit_every\":9}"),
              HasSubstr("option \"since\" with \"commit_every\" would bring rows twice after a failure"));
}

TEST_F(ImportTest, BadOptions) {
  EXPECT_THAT(Failure("zzz", "zzz", "{\"colums\":{}}"),
              AllOf(StartsWith("pg_import: unknown option \"colums\""), HasSubstr("expected one of \"mode\"")));
  EXPECT_THAT(Failure("zzz", "zzz", "{\"mode\":\"upsert\"}"),
              HasSubstr("invalid value \"upsert\" for option \"mode\", expected one of \"auto\""));
  EXPECT_THAT(Failure("zzz", "zzz", "{\"commit_every\":0}"), HasSubstr("expected a whole number of at least 1"));
  EXPECT_THAT(Failure("zzz", "zzz", "mode=append"), HasSubstr("invalid options"));
}

TEST_F(ImportTest, QueriesThatCannotBe) {
  EXPECT_EQ(Failure("nix", "zzz"), "pg_import: relation \"nix\" does not exist");
  EXPECT_EQ(Failure("", "zzz"), "pg_import: no query given, expected a query or the name of a table");
  EXPECT_EQ(Failure("CREATE TABLE x ()", "zzz"), "pg_import: the query gives no columns, expected one that gives rows");
  EXPECT_EQ(Failure("SELECT 1; SELECT 2", "zzz"),
            "pg_import: cannot insert multiple commands into a prepared statement");
  EXPECT_THAT(Failure("SELECT 1, 2", "zzz"), HasSubstr("cannot create column \"?column?\": another column has this "
                                                       "name"));
  EXPECT_THAT(Failure("SELECT 1 AS a, 2 AS \"A\"", "zzz"), HasSubstr("cannot create column \"A\": another column"));
  EXPECT_EQ(host_.Value("SELECT count(*) FROM sqlite_schema"), "0");
}

TEST_F(ImportTest, AnErrorHalfWayLeavesTheDatabaseAsItWas) {
  host_.Exec("CREATE TABLE zzz (n INTEGER PRIMARY KEY, m); INSERT INTO zzz VALUES (0, 'kept')");
  EXPECT_EQ(Failure("SELECT n, 1 / (n - 300000) AS m FROM generate_series(1, 300000) AS n", "zzz"),
            "pg_import: division by zero");
  EXPECT_EQ(Failure("SELECT n % 200000 AS n FROM generate_series(1, 300000) AS n", "zzz"),
            "pg_import: could not write to table \"zzz\": UNIQUE constraint failed: zzz.n");
  EXPECT_EQ(host_.Query("SELECT * FROM zzz"), (Rows{{"0", "kept"}}));
  EXPECT_EQ(Import("SELECT 1 AS n", "zzz"), "1");
}

TEST_F(ImportTest, InsideTheCallersTransaction) {
  host_.Exec(absl::StrCat("BEGIN; CREATE TABLE before (x); ", Call("zzz", "zzz")));
  EXPECT_THAT(Failure("SELECT a, 1 / (a - 3) AS b FROM zzz ORDER BY a", "zzz"), HasSubstr("division by zero"));
  EXPECT_EQ(host_.Value("SELECT count(*) FROM zzz"), "3");
  host_.Exec("ROLLBACK");
  EXPECT_EQ(host_.Value("SELECT count(*) FROM sqlite_schema"), "0");
}

TEST_F(ImportTest, NotInsideAStatementThatWrites) {
  EXPECT_THAT(host_.Error(absl::StrCat("CREATE TABLE x AS ", Call("zzz", "zzz"))),
              HasSubstr("pg_import cannot run inside a statement that writes"));
}

TEST_F(ImportTest, ReadOnlyDatabase) {
  host_.Exec("PRAGMA query_only = ON");
  EXPECT_THAT(Failure("zzz", "zzz"),
              AllOf(StartsWith("pg_import: "), HasSubstr("attempt to write a readonly database")));
  EXPECT_EQ(sqlite3_errcode(host_.db()), SQLITE_READONLY);
}

TEST_F(ImportTest, LockedDatabase) {
  host_.Exec("CREATE TABLE t (x)");
  lab::Host other(dir_.File("cache.db"));
  other.Exec("BEGIN IMMEDIATE");
  sqlite3_busy_timeout(host_.db(), 10);
  EXPECT_THAT(Failure("zzz", "zzz"), AllOf(StartsWith("pg_import: "), HasSubstr("database is locked")));
  EXPECT_EQ(sqlite3_errcode(host_.db()), SQLITE_BUSY);
}

TEST_F(ImportTest, ServerThatIsNotThere) {
  EXPECT_THAT(host_.Error("SELECT pg_import('host=/nowhere user=u password=secret', 'zzz', 'zzz')"),
              AllOf(StartsWith("pg_import: could not connect to the server: "), Not(HasSubstr("secret"))));
  EXPECT_THAT(host_.Error("SELECT pg_import('host=/nowhere password=sec ret', 'zzz', 'zzz')"),
              AllOf(StartsWith("pg_import: invalid connection string"), Not(HasSubstr("ret'"))));
}

TEST_F(ImportTest, WrongPasswordIsNotPrinted) {
  lab::Cluster guarded({.tcp = true});
  guarded.Exec("CREATE ROLE app LOGIN PASSWORD 'right'");
  guarded.Exec("CREATE TABLE hba (line text)");
  lab::WriteFile(guarded.path() + "/data/pg_hba.conf", "local all postgres trust\nhost all all all scram-sha-256\n");
  guarded.Exec("SELECT pg_reload_conf()");
  std::string conninfo = guarded.tcp_conninfo();
  conninfo.replace(conninfo.find("user=postgres"), 13, "user=app password=wrongsecret");
  EXPECT_THAT(host_.Error(absl::StrCat("SELECT pg_import(", lab::Literal(conninfo), ", 'hba', 'hba')")),
              AllOf(HasSubstr("password authentication failed for user \"app\""), Not(HasSubstr("wrongsecret"))));
}

TEST_F(ImportTest, NotFromASchema) {
  host_.Exec(absl::StrCat("CREATE VIEW v AS ", Call("zzz", "zzz")));
  EXPECT_EQ(host_.Error("SELECT * FROM v"), "unsafe use of pg_import()");
}

}  // namespace
}  // namespace deltamirror
