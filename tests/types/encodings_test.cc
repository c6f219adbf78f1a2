// Databases whose encoding is not UTF-8: what becomes of their texts by each way.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/types/ways.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

class EncodingsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster(); }
  static void TearDownTestSuite() { delete cluster_; }

  // A database of that encoding, and a mirror of it by each of the two plugins.
  explicit EncodingsTest(const std::string& encoding)
      : conninfo_(absl::StrCat(cluster_->conninfo(), " dbname=", Create(encoding))),
        flood_(conninfo_, "deltaflood", Name(encoding)),
        out_(conninfo_, "pgoutput", Name(encoding)) {}

  // SQL in that database; \x.. in E'' texts gives its bytes.
  void Exec(const std::string& sql) {
    host_.Exec(absl::StrCat("SELECT pg_exec(", lab::Literal(conninfo_), ", ", lab::Literal(sql), ")"));
  }
  void Bootstrap(const std::string& tables, const std::string& options = "{}") {
    for (Stream* stream : {&flood_, &out_}) stream->Bootstrap(tables, options);
  }
  void CatchUp() {
    for (Stream* stream : {&flood_, &out_}) stream->CatchUp();
  }
  // What each way has; what pg_import brings goes to the table too.
  void ExpectEachWay(const std::string& table, const std::string& sql, const lab::Rows& expected) {
    ImportTable(&host_, conninfo_, table);
    EXPECT_EQ(Shown(&host_, sql), expected) << "pg_import";
    for (Stream* stream : {&flood_, &out_}) EXPECT_EQ(Shown(&stream->host, sql), expected) << stream->plugin();
  }

  static lab::Cluster* cluster_;

 private:
  // A database for each test.
  static std::string Name(const std::string& encoding) { return absl::StrCat(encoding, databases_); }
  static std::string Create(const std::string& encoding) {
    const std::string name = absl::StrCat(encoding, ++databases_);
    cluster_->Exec(absl::StrCat("CREATE DATABASE ", name, " ENCODING '", encoding, "' LOCALE 'C' TEMPLATE template0"));
    return name;
  }
  static int databases_;

 protected:
  const std::string conninfo_;
  lab::Host host_;
  Stream flood_;
  Stream out_;
};

lab::Cluster* EncodingsTest::cluster_ = nullptr;
int EncodingsTest::databases_ = 0;

class Win1252Test : public EncodingsTest {
 protected:
  Win1252Test() : EncodingsTest("win1252") {}
};

class Latin1Test : public EncodingsTest {
 protected:
  Latin1Test() : EncodingsTest("latin1") {}
};

// Names and values arrive as UTF-8, in the first copy and by both streams, and rows are found by them.
TEST_F(Latin1Test, NamesAndValuesBecomeUtf8) {
  Exec(
      "CREATE TYPE größe AS ENUM ('groß', 'größer');"
      "CREATE TABLE café (schlüssel text PRIMARY KEY, wert varchar, g größe, t text[], j jsonb, b bytea);"
      R"(INSERT INTO café VALUES (E'\xe9', E'\xff\xa0 |', 'größer', ARRAY[E'\xe9'], E'{"\xe9": 1}', '\xe9'))");
  Bootstrap("café");
  Exec(
      R"(UPDATE café SET schlüssel = 'ß' WHERE schlüssel = 'é'; INSERT INTO café SELECT 'é', wert, g, t, j, b FROM café;
         INSERT INTO café (schlüssel) VALUES ('weg'); DELETE FROM café WHERE schlüssel = 'weg')");
  CatchUp();
  const std::vector<std::string> rest = {"text ÿ\xc2\xa0 |", "text größer", "text {é}", "text {\"é\": 1}", "blob e9"};
  lab::Rows expected = {{"text ß"}, {"text é"}};
  for (auto& row : expected) row.insert(row.end(), rest.begin(), rest.end());
  ExpectEachWay("café", "SELECT schlüssel, wert, g, t, j, b FROM café ORDER BY 1", expected);
}

TEST_F(Latin1Test, ShapesThatChangeBecomeUtf8) {
  Exec("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
  Bootstrap("t");
  Exec("ALTER TABLE t ADD COLUMN größe text DEFAULT 'übergroß'; INSERT INTO t VALUES (2, 'ÿ')");
  CatchUp();
  ExpectEachWay("t", "SELECT id, größe FROM t ORDER BY id", {{"integer 1", "text übergroß"}, {"integer 2", "text ÿ"}});
}

TEST_F(Latin1Test, ValuesGoBack) {
  Exec("CREATE TABLE t (x text)");
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT pg_export(", lab::Literal(conninfo_), ", 'SELECT ''é'' AS x', 't')")),
            "1");
  ImportTable(&host_, conninfo_, "t");
  EXPECT_EQ(Shown(&host_, "SELECT x FROM t"), (lab::Rows{{"text é"}}));
  EXPECT_THAT(host_.Error(absl::StrCat("SELECT pg_export(", lab::Literal(conninfo_), ", 'SELECT ''€'' AS x', 't')")),
              HasSubstr("pg_export: character with byte sequence 0xe2 0x82 0xac in encoding \"UTF8\" has no equivalent "
                        "in encoding \"LATIN1\""));
}

// A byte that the database's own encoding leaves open.
TEST_F(Win1252Test, CharacterThatUnicodeLacksIsTheServersError) {
  Exec("CREATE TABLE t (x text); INSERT INTO t VALUES (E'\\x81')");
  EXPECT_EQ(
      host_.Error(absl::StrCat("SELECT pg_import(", lab::Literal(conninfo_), ", 't', 't')")),
      "pg_import: character with byte sequence 0x81 in encoding \"WIN1252\" has no equivalent in encoding \"UTF8\"");
}

class SqlAsciiTest : public EncodingsTest {
 protected:
  SqlAsciiTest() : EncodingsTest("sql_ascii") {}
};

// In such a database a text is any bytes but zero; what is UTF-8 is a text for us.
TEST_F(SqlAsciiTest, Utf8IsText) {
  Exec("CREATE TABLE t (id int PRIMARY KEY, größe text, n name); INSERT INTO t VALUES (1, 'groß 🦊', 'ä')");
  Bootstrap("t");
  Exec("INSERT INTO t SELECT 2, größe, n FROM t");
  CatchUp();
  ExpectEachWay("t", "SELECT größe, n FROM t ORDER BY id", lab::Rows(2, {"text groß 🦊", "text ä"}));
}

// Not text that a host could read, but nothing is lost, and the mirror goes on.
TEST_F(SqlAsciiTest, OtherBytesAreABlob) {
  Exec(
      "CREATE TYPE mood AS ENUM ('fine'); CREATE TABLE t (key text PRIMARY KEY, x text, v varchar, c character(3), "
      "a text[], j json, m mood);"
      R"(INSERT INTO t VALUES (E'\xe9', E'caf\xe9', E'\xc3', E'\xe9', ARRAY[E'\xff', 'x'], E'{"\xe9": "\xc3\xa9"}', 'fine'))");
  Bootstrap("t");
  Exec(R"(UPDATE t SET key = E'\xe8' WHERE key = E'\xe9'; INSERT INTO t SELECT E'\xe9', x, v, c, a, j, m FROM t;
          INSERT INTO t (key) VALUES (E'\xea'); DELETE FROM t WHERE key = E'\xea')");
  CatchUp();
  const std::vector<std::string> rest = {
      "blob 636166e9", "blob c3", "blob e92020", "blob 7bff2c787d", "blob 7b22e9223a2022c3a9227d", "text fine"};
  lab::Rows expected = {{"blob e8"}, {"blob e9"}};
  for (auto& row : expected) row.insert(row.end(), rest.begin(), rest.end());
  ExpectEachWay("t", "SELECT key, x, v, c, a, j, m FROM t ORDER BY key", expected);
}

// The bytes that UTF-8 would have for it, if it had any.
TEST_F(SqlAsciiTest, ALoneSurrogateIsABlob) {
  Exec(R"(CREATE TABLE t (id int PRIMARY KEY, x text); INSERT INTO t VALUES (1, E'\xed\xa0\x80'))");
  Bootstrap("t");
  Exec("INSERT INTO t SELECT 2, x FROM t");
  CatchUp();
  ExpectEachWay("t", "SELECT x FROM t ORDER BY id", lab::Rows(2, {"blob eda080"}));
}

TEST_F(SqlAsciiTest, OtherBytesStayInJson) {
  Exec("CREATE TABLE t (id int PRIMARY KEY, a text[]); INSERT INTO t VALUES (1, ARRAY[E'\\xe9', 'x'])");
  Bootstrap("t", R"({"types":{"array":"json"}})");
  Exec("INSERT INTO t SELECT 2, a FROM t");
  CatchUp();
  for (Stream* stream : {&flood_, &out_}) {
    EXPECT_EQ(Shown(&stream->host, "SELECT a FROM t ORDER BY id"), lab::Rows(2, {"blob 5b22e9222c2278225d"}));
  }
}

// Rows from before a column was added hold its default, whatever bytes that has.
TEST_F(SqlAsciiTest, DefaultOfANewColumnMayBeOtherBytes) {
  Exec("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
  Bootstrap("t");
  Exec("ALTER TABLE t ADD COLUMN x text DEFAULT E'caf\\xe9'; INSERT INTO t VALUES (2, 'ok')");
  CatchUp();
  Exec("ALTER TABLE t ADD COLUMN y text DEFAULT 'é'; INSERT INTO t VALUES (3, E'\\xe9')");
  CatchUp();
  ExpectEachWay("t", "SELECT x, y FROM t ORDER BY id",
                {{"blob 636166e9", "text é"}, {"text ok", "text é"}, {"blob e9", "text é"}});
  Bootstrap("t", R"({"again":true})");
  Exec("INSERT INTO t VALUES (4)");
  CatchUp();
  ExpectEachWay("t", "SELECT x FROM t WHERE id IN (1, 4)", lab::Rows(2, {"blob 636166e9"}));
}

// A name must be one in SQLite, too.
TEST_F(SqlAsciiTest, NamesOfOtherBytesAreRefused) {
  Exec(
      "DO $$ BEGIN EXECUTE E'CREATE TABLE \"caf\\xe9\" (id int PRIMARY KEY)'; "
      "EXECUTE E'CREATE TABLE u (id int PRIMARY KEY, \"caf\\xe9\" int)'; "
      "EXECUTE E'CREATE DOMAIN \"dom\\xe9\" AS text'; EXECUTE E'CREATE TABLE w (id int PRIMARY KEY, x \"dom\\xe9\")'; "
      "END $$");
  EXPECT_EQ(
      flood_.host.Error(flood_.BootstrapSql("u")),
      "deltamirror_bootstrap: cannot mirror table \"u\": the name of its column \"caf\\xe9\" is not UTF-8. Rename it");
  EXPECT_EQ(flood_.host.Error(flood_.BootstrapSql("*")),
            "deltamirror_bootstrap: cannot mirror table \"caf\\xe9\": its name is not UTF-8. Rename it");
  EXPECT_EQ(host_.Error(absl::StrCat("SELECT pg_import(", lab::Literal(conninfo_), ", 'u', 'u')")),
            "pg_import: the name of column \"caf\\xe9\" is not UTF-8. Rename it with AS in a query, or give the names "
            "with option \"columns\"");
  host_.Exec(absl::StrCat("SELECT pg_import(", lab::Literal(conninfo_), ", 'w', 'w')"));
}

TEST_F(SqlAsciiTest, LookingAtRowsShowsWhatIsNotUtf8) {
  const std::string query = "'SELECT E''caf\\xe9'' AS x'";
  EXPECT_EQ(Shown(&host_, absl::StrCat("SELECT row FROM pg_query(", lab::Literal(conninfo_), ", ", query, ")")),
            (lab::Rows{{"text {\"x\":\"caf\xef\xbf\xbd\"}"}}));
}

}  // namespace
}  // namespace deltamirror
