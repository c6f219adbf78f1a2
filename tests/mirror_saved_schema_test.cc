// A mirror that is built against a saved schema, and an archive that it replays: tables as they were, whatever has
// become of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/temp_dir.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

class SavedSchemaTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete cluster_; }

  void Save(const std::string& tables = "*") {
    lab_.host.Exec(
        absl::StrCat("SELECT pg_schema_save(", lab::Literal(lab_.cluster.conninfo()), ", ", lab::Literal(tables), ")"));
  }
  // What the daystream has now, for a mirror of its own.
  std::string Archive() {
    lab_.Stream();
    const std::string archive = lab_.dir.File(absl::StrCat("archive", ++archives_));
    std::filesystem::copy(lab_.Daystream(), archive);
    return archive;
  }
  void MakeMirror(const std::string& source, const std::string& arguments = "") {
    lab_.host.Exec(absl::StrCat("CREATE VIRTUAL TABLE r USING daystream_apply(source='", source, "'", arguments, ")"));
  }
  std::string Sql(const std::string& tables, const std::string& options = R"({"schema":"saved"})") {
    return absl::StrCat("SELECT deltamirror_bootstrap('r', ", lab::Literal(lab_.cluster.conninfo()), ", ",
                        lab::Literal(tables), ", ", lab::Literal(options), ")");
  }
  void Replay() { lab_.host.Exec("SELECT * FROM deltamirror('r', '{\"until\":\"caught_up\"}')"); }
  lab::Rows Ask(const std::string& sql) { return lab_.host.Query(sql); }

  static lab::Cluster* cluster_;
  lab::MirrorLab lab_{cluster_};
  int archives_ = 0;
};

lab::Cluster* SavedSchemaTest::cluster_ = nullptr;

TEST_F(SavedSchemaTest, ReplaysTheArchiveOfTablesThatAreGoneOrChanged) {
  lab_.cluster.Exec(R"(
    CREATE TABLE gone (a int PRIMARY KEY, b bool, c bytea, d timestamptz NOT NULL);
    CREATE SCHEMA ops; CREATE TABLE ops.changed (k text, n int, v numeric, PRIMARY KEY (n, k)))");
  lab_.Begin();
  Save();
  lab_.cluster.Exec(R"(
    INSERT INTO gone VALUES (1, true, '\x00ff', '2026-08-01 12:00+02'), (2, false, NULL, 'infinity');
    INSERT INTO ops.changed VALUES ('x', 1, 1.50), ('y', 2, 'NaN');
    UPDATE gone SET b = NULL, a = 3 WHERE a = 1; DELETE FROM ops.changed WHERE n = 2)");
  const std::string archive = Archive();
  lab_.cluster.Exec("DROP TABLE gone; ALTER TABLE ops.changed DROP COLUMN v, ALTER k TYPE int USING 7, ADD z int");
  MakeMirror(archive);
  EXPECT_EQ(lab_.host.Value(Sql("*")), "0");
  EXPECT_EQ(
      Ask("SELECT name, type, \"notnull\", pk FROM pragma_table_info('gone')"),
      (lab::Rows{
          {"a", "INTEGER", "0", "1"}, {"b", "INTEGER", "0", "0"}, {"c", "BLOB", "0", "0"}, {"d", "TEXT", "1", "0"}}));
  Replay();
  EXPECT_EQ(Ask("SELECT a, b, quote(c), d FROM gone ORDER BY a"),
            (lab::Rows{{"2", "0", "NULL", "infinity"}, {"3", "NULL", "X'00FF'", "2026-08-01 10:00:00+00:00"}}));
  EXPECT_EQ(Ask("SELECT k, n, v, typeof(v) FROM \"ops.changed\""), (lab::Rows{{"x", "1", "1.5", "real"}}));
  EXPECT_EQ(Ask("SELECT state, inserts FROM r WHERE \"table\" = 'gone'"), (lab::Rows{{"live", "2"}}));
}

// Its lines say nothing of types and keys: the saved shape does.
TEST_F(SavedSchemaTest, GivesTheLinesOfTheOriginalPluginTheirTypes) {
  lab_.cluster.Exec("CREATE TABLE zzz (id int PRIMARY KEY, ok bool, raw bytea, at timestamptz, n numeric, t text)");
  lab_.Begin();
  Save("zzz");
  lab_.cluster.Exec("DROP TABLE zzz");
  const std::string file = lab_.dir.File("original.daystream");
  lab::WriteFile(file,
                 absl::StrReplaceAll(
                     "_c|100|_s|0|_table|zzz|_xid|7|_action|insert|id|1|ok|t|raw|\\\\x00ff|at|2026-08-01 "
                     "12:00:00+02|n|1.50|t|x\n"
                     "_c|100|_s|1|_table|zzz|_xid|7|_action|insert|id|2|ok|f|t|y\n"
                     "_c|101|_s|0|_table|zzz|_xid|8|_action|replace|id|2\n"
                     "_c|101|_s|1|_table|zzz|_xid|8|_action|update|id|3|ok|t|t|y\n"
                     "_c|102|_s|0|_table|zzz|_xid|9|_action|delete|id|1\n"
                     "_c|102|_s|1|_table|zzz|_xid|9|_action|insert|id|4|ok|t|raw|\\\\x01|n|12345678901234567890.5\n",
                     {{"|", "\t"}}));
  MakeMirror(file);
  lab_.host.Exec(Sql("zzz"));
  Replay();
  EXPECT_EQ(Ask("SELECT id, ok, typeof(ok), quote(raw), at, n, typeof(n), t FROM zzz ORDER BY id"),
            (lab::Rows{{"3", "1", "integer", "NULL", "NULL", "NULL", "null", "y"},
                       {"4", "1", "integer", "X'01'", "NULL", "12345678901234567890.5", "text", "NULL"}}));
}

TEST_F(SavedSchemaTest, HasTheFiltersOfItsStream) {
  lab_.cluster.Exec("CREATE TABLE t (a int, b int, secret text, PRIMARY KEY (a, b))");
  lab_.Begin(R"({"tables":"t","filters":{"t":{"columns":["b","a"],"where":"b > 50"}}})");
  Save();
  lab_.cluster.Exec(R"(
    INSERT INTO t VALUES (1, 5, 'x'), (2, 30, 'y'), (3, 60, 'z'), (4, 90, 'z'); UPDATE t SET b = b + 40 WHERE b < 90;
    DELETE FROM t WHERE a = 4)");
  const std::string archive = Archive();
  lab_.cluster.Exec("DROP TABLE t");
  MakeMirror(archive);
  lab_.host.Exec(Sql("t"));
  Replay();
  EXPECT_EQ(Ask("SELECT * FROM t ORDER BY a"), (lab::Rows{{"2", "70"}, {"3", "100"}}));
}

TEST_F(SavedSchemaTest, TheStreamGoesOnFromTheSavedShapeToLaterOnes) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY, b text)");
  lab_.Begin();
  Save();
  lab_.cluster.Exec(R"(INSERT INTO t VALUES (1, '5'); ALTER TABLE t ADD c int DEFAULT 3; ALTER TABLE t ALTER b TYPE int
                       USING b::int; ALTER TABLE t RENAME TO u; UPDATE u SET b = b + 1)");
  MakeMirror(Archive());
  lab_.host.Exec(Sql("t"));
  Replay();
  EXPECT_EQ(Ask("SELECT a, b, c FROM u"), (lab::Rows{{"1", "6", "3"}}));
}

TEST_F(SavedSchemaTest, TakesTheLastShapeUnlessToldOtherwise) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE left_alone (a int PRIMARY KEY)");
  lab_.Begin();
  Save();
  const std::string then = lab_.cluster.Value("SELECT clock_timestamp()");
  lab_.cluster.Exec("ALTER TABLE t RENAME TO u; ALTER TABLE u ADD b int");
  Save("u");
  MakeMirror(Archive());
  const std::string tables =
      "SELECT group_concat(name) FROM (SELECT name FROM sqlite_master WHERE type = 'table' AND name "
      "IN ('t', 'u', 'left_alone') ORDER BY 1)";
  // A table that was renamed comes under its last name.
  lab_.host.Exec(Sql("*"));
  EXPECT_EQ(lab_.host.Value(tables), "left_alone,u");
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM pragma_table_info('u')"), "2");
  lab_.host.Exec(Sql("*", absl::StrCat(R"({"schema":"saved","again":true,"saved_before":")", then, "\"}")));
  EXPECT_EQ(lab_.host.Value(tables), "left_alone,t");
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM pragma_table_info('t')"), "1");
  EXPECT_EQ(
      lab_.host.Error(Sql("t,u", R"({"schema":"saved","again":true})")),
      "deltamirror_bootstrap: \"t\" and \"u\" are names that one table had, one after the other. Give one of them: "
      "the stream tells of the rename");
}

TEST_F(SavedSchemaTest, ATableWithoutAnyIdentityTakesWhatIsInserted) {
  lab_.cluster.Exec("CREATE TABLE log (line text)");
  lab_.Begin();
  Save();
  lab_.cluster.Exec("INSERT INTO log VALUES ('a'), ('a')");
  MakeMirror(Archive());
  lab_.host.Exec(Sql("log"));
  Replay();
  EXPECT_EQ(Ask("SELECT line FROM log"), (lab::Rows{{"a"}, {"a"}}));
}

// A day that somebody has removed cannot be replayed, and a clock says from where on.
TEST_F(SavedSchemaTest, BeginsAtTheOldestLineOrWhereItIsTold) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY)");
  lab_.Begin();
  Save();
  const std::string folder = lab_.dir.File("days");
  std::filesystem::create_directory(folder);
  const auto line = [](int clock, int a) {
    return absl::StrCat("_c\t", clock, "\t_s\t0\t_table\tt\t_xid\t", a, "\t_action\tinsert\ta\t", a, "\n");
  };
  lab::WriteFile(folder + "/20260802.daystream", line(1785628800, 1) + line(1785628900, 2));
  lab::WriteFile(folder + "/20260803.daystream", line(1785715200, 3));
  MakeMirror(folder);
  lab_.host.Exec(Sql("t"));
  Replay();
  EXPECT_EQ(lab_.host.Value("SELECT group_concat(a) FROM t"), "1,2,3");
  lab_.host.Exec(Sql("t", R"({"schema":"saved","again":true,"clock":1785628900})"));
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM t"), "0");
  Replay();
  EXPECT_EQ(lab_.host.Value("SELECT group_concat(a) FROM t"), "2,3");
  std::filesystem::remove(folder + "/20260802.daystream");
  lab_.host.Exec(Sql("t", R"({"schema":"saved","again":true})"));
  Replay();
  EXPECT_EQ(lab_.host.Value("SELECT group_concat(a) FROM t"), "3");
}

// The oldest file that is left may begin within a transaction, and so may what a clock points to.
TEST_F(SavedSchemaTest, BeginsWithAWholeTransaction) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY)");
  lab_.Begin();
  Save();
  lab_.cluster.Exec("INSERT INTO t VALUES (1), (2), (3)");
  lab_.cluster.Exec("INSERT INTO t VALUES (4)");
  const std::string archive = Archive();
  std::string day;
  for (const auto& entry : std::filesystem::directory_iterator(archive)) {
    if (entry.path().extension() == ".daystream") day = entry.path();
  }
  const std::string lines = lab::ReadFile(day);
  lab::WriteFile(day, lines.substr(lines.find('\n', lines.find("_action\tinsert")) + 1));
  const std::string info = lab::ReadFile(archive + "/daystream.json");
  lab::WriteFile(archive + "/daystream.json",
                 std::regex_replace(info, std::regex("\"began\": *[0-9]+"), "\"began\": 1507507200"));
  MakeMirror(archive);
  lab_.host.Exec(Sql("t"));
  Replay();
  EXPECT_EQ(lab_.host.Value("SELECT group_concat(a) FROM t"), "4");
}

TEST_F(SavedSchemaTest, OtherTablesOfTheMirrorAreNotDisturbed) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (a int PRIMARY KEY, n int)");
  lab_.Begin();
  Save();
  lab_.cluster.Exec("INSERT INTO t VALUES (1); INSERT INTO u VALUES (1, 1)");
  MakeMirror(lab_.Daystream());
  lab_.host.Exec(absl::StrReplaceAll(lab_.BootstrapSql("u"), {{"'m'", "'r'"}}));
  lab_.cluster.Exec("UPDATE u SET n = n + 1; INSERT INTO t VALUES (2)");
  lab_.Stream();
  Replay();
  lab_.host.Exec(Sql("t"));
  lab_.cluster.Exec("UPDATE u SET n = n + 1; INSERT INTO t VALUES (3)");
  lab_.Stream();
  Replay();
  lab_.ExpectEqual("t", "a");
  lab_.ExpectEqual("u", "a, n");
  EXPECT_EQ(Ask("SELECT \"table\", inserts, updates FROM r ORDER BY 1"), (lab::Rows{{"t", "3", "0"}, {"u", "0", "2"}}));
}

TEST_F(SavedSchemaTest, SaysWhatIsWrong) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE twins (a int, \"A\" int)");
  lab_.Begin();
  MakeMirror(lab_.Daystream());
  const std::string name = "deltamirror_bootstrap: ";
  EXPECT_EQ(lab_.host.Error(Sql("t")),
            name + "no schema was saved in database \"postgres\". Save it with pg_schema_save");
  Save();
  const std::string hint = ". pg_schema_save saves tables as they are when it is called";
  EXPECT_EQ(lab_.host.Error(Sql("nix")), name + "table \"nix\" was not saved" + hint);
  EXPECT_EQ(lab_.host.Error(Sql("ops.*")), name + "no table of schema \"ops\" was saved" + hint);
  EXPECT_EQ(lab_.host.Error(Sql("t", R"({"schema":"saved","saved_before":"1999-12-31"})")),
            name + "table \"t\" was not saved at or before 1999-12-31" + hint);
  EXPECT_EQ(lab_.host.Error(Sql("t", R"({"schema":"saved","saved_before":"soon"})")),
            name + "invalid input syntax for type timestamp with time zone: \"soon\"");
  EXPECT_EQ(lab_.host.Error(Sql("twins")),
            name +
                "cannot mirror table \"twins\": its columns \"a\" and \"A\" differ only in case, which SQLite does not "
                "tell apart");
  EXPECT_EQ(lab_.host.Error(Sql("t", R"({"schema":"older"})")),
            name + "invalid value \"older\" for option \"schema\", expected one of \"current\", \"saved\"");
  EXPECT_EQ(lab_.host.Error(Sql("t", R"({"clock":5})")), name + "option \"clock\" needs \"schema\":\"saved\"");
  EXPECT_EQ(lab_.host.Error(Sql("t", R"({"schema":"saved","indexes":true})")),
            name + "option \"indexes\" does not go with \"schema\":\"saved\", which copies nothing");
  lab_.host.Exec(Sql("t"));
  EXPECT_EQ(lab_.host.Error(Sql("t")),
            name + "table \"t\" is in mirror \"r\" already. Use option \"again\" to copy it anew");
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM r"), "1");
}

TEST_F(SavedSchemaTest, AShapeOfAnotherDatabaseIsRefused) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY)");
  lab_.Begin();
  Save();
  MakeMirror(lab_.Daystream());
  lab_.cluster.Exec("UPDATE deltamirror.saved_table SET database = 'other'");
  EXPECT_THAT(lab_.host.Error(Sql("t")),
              HasSubstr("is of database \"postgres\", but table \"t\" was saved in database \"other\""));
}

}  // namespace
}  // namespace deltamirror
