// The option `types` by each way: pg_import, the first copy of a mirror, deltaflood's stream and pgoutput's.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/types/ways.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

// A column: its type in PostgreSQL, a value of it, and what Shown must say of that in SQLite.
struct Overridden {
  std::string type;
  std::string value;
  std::string expected;
};

class OverridesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster_ = new lab::Cluster();
    cluster_->Exec(
        "CREATE DOMAIN flag AS boolean; CREATE DOMAIN price AS numeric(10,2); CREATE DOMAIN bag AS integer[];"
        "CREATE TYPE mood AS ENUM ('sad', 'so so'); CREATE TYPE pair AS (a int, b text)");
    flood_ = new Stream(cluster_->conninfo(), "deltaflood");
    out_ = new Stream(cluster_->conninfo(), "pgoutput");
  }
  static void TearDownTestSuite() {
    delete out_;
    delete flood_;
    delete cluster_;
  }

  // A table with a column for each, and a row that is there before the mirror is.
  void Make(const std::string& table, const std::vector<Overridden>& columns) {
    std::vector<std::string> definitions = {"id int PRIMARY KEY"};
    std::vector<std::string> values = {"1"};
    for (size_t i = 0; i < columns.size(); ++i) {
      definitions.push_back(absl::StrCat("c", i, " ", columns[i].type));
      values.push_back(lab::Literal(columns[i].value));
    }
    cluster_->Exec(absl::StrCat("CREATE TABLE ", table, " (", absl::StrJoin(definitions, ", "), "); INSERT INTO ",
                                table, " VALUES (", absl::StrJoin(values, ", "), ")"));
  }

  // The row by each way; what comes by a stream is a copy of the row there.
  void ExpectEachWay(const std::string& table, const std::string& types, const std::vector<Overridden>& columns) {
    Make(table, columns);
    const std::string options = absl::StrCat("{\"types\":", types, "}");
    lab::Host imported;
    ImportTable(&imported, cluster_->conninfo(), table, options);
    for (Stream* stream : {flood_, out_}) stream->Bootstrap(table, options);
    cluster_->Exec(absl::StrCat("CREATE TEMP TABLE copy AS SELECT * FROM ", table,
                                "; UPDATE copy SET id = 2; INSERT INTO ", table, " SELECT * FROM copy"));
    for (Stream* stream : {flood_, out_}) stream->CatchUp();
    for (size_t i = 0; i < columns.size(); ++i) {
      SCOPED_TRACE(absl::StrCat(types, ", ", columns[i].type));
      const std::string select = absl::StrCat("SELECT c", i, " FROM ", table, " ORDER BY id");
      const std::string& expected = columns[i].expected;
      EXPECT_EQ(Shown(&imported, select), (lab::Rows{{expected}})) << "pg_import";
      for (Stream* stream : {flood_, out_}) {
        EXPECT_EQ(Shown(&stream->host, select), (lab::Rows{{expected}, {expected}})) << stream->plugin();
      }
    }
  }

  static lab::Cluster* cluster_;
  static Stream* flood_;
  static Stream* out_;
};

lab::Cluster* OverridesTest::cluster_ = nullptr;
Stream* OverridesTest::flood_ = nullptr;
Stream* OverridesTest::out_ = nullptr;

// An object that names each type once.
std::string All(const std::vector<Overridden>& columns, const std::string& target) {
  std::vector<std::string> pairs;
  for (const Overridden& column : columns) {
    pairs.push_back(absl::StrCat("\"", absl::StrReplaceAll(column.type, {{"\"", "\\\""}}), "\":\"", target, "\""));
  }
  return absl::StrCat("{", absl::StrJoin(pairs, ","), "}");
}

TEST_F(OverridesTest, TextIsWhatPostgresqlPrints) {
  const std::vector<Overridden> columns = {
      {"boolean", "t", "text t"},
      {"smallint", "-5", "text -5"},
      {"bigint", "9223372036854775807", "text 9223372036854775807"},
      {"oid", "4294967295", "text 4294967295"},
      {"real", "0.1", "text 0.1"},
      {"double precision", "-0", "text -0"},
      {"numeric", "1200.00", "text 1200.00"},
      {"character varying", "a", "text a"},
      {"character", "b", "text b"},
      {"name", "c", "text c"},
      {"bytea", "\\x00ff", "text \\x00ff"},
      {"date", "2026-08-01", "text 2026-08-01"},
      {"time without time zone", "24:00", "text 24:00:00"},
      {"time with time zone", "12:00+05:30", "text 12:00:00+05:30"},
      {"timestamp without time zone", "2026-08-01 12:00:00.5", "text 2026-08-01 12:00:00.5"},
      {"timestamp with time zone", "2026-08-01 12:00:00+02", "text 2026-08-01 10:00:00+00"},
      {"json", "{ }", "text { }"},
      {"jsonb", "{\"a\":1}", "text {\"a\": 1}"},
      {"uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "text a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
      {"mood", "so so", "text so so"},
      {"pair", "(1,x)", "text (1,x)"},
      {"boolean[]", "{t,NULL}", "text {t,NULL}"},
      {"inet", "::1", "text ::1"},
  };
  ExpectEachWay("texts", All(columns, "text"), columns);
}

TEST_F(OverridesTest, BlobIsTheBytesOfTheText) {
  const std::vector<Overridden> columns = {
      {"boolean", "f", "blob 66"},
      {"integer", "-5", "blob 2d35"},
      {"real", "0.1", "blob 302e31"},
      {"numeric", "1.0", "blob 312e30"},
      {"text", "\xc3\xa4", "blob c3a4"},
      {"bytea", "\\x00ff", "blob 00ff"},
      {"date", "infinity", "blob 696e66696e697479"},
      {"timestamp with time zone", "2026-08-01 12:00:00+00", "blob 323032362d30382d30312031323a30303a30302b3030"},
      {"mood", "sad", "blob 736164"},
      {"integer[]", "{1}", "blob 7b317d"},
  };
  ExpectEachWay("blobs", All(columns, "blob"), columns);
}

TEST_F(OverridesTest, IntegerIsAnyWholeNumber) {
  const std::vector<Overridden> columns = {
      {"boolean", "t", "integer 1"},          {"smallint", "-5", "integer -5"},
      {"numeric", "1200.00", "integer 1200"}, {"double precision", "7", "integer 7"},
      {"text", "-12", "integer -12"},         {"xid", "4294967295", "integer 4294967295"},
      {"xid8", "12", "integer 12"},
  };
  ExpectEachWay("integers", All(columns, "integer"), columns);
}

TEST_F(OverridesTest, RealIsAnyNumber) {
  const std::vector<Overridden> columns = {
      {"boolean", "t", "real 0x1p+0"},
      {"integer", "3", "real 0x1.8p+1"},
      {"real", "0.1", "real 0x1.999999999999ap-4"},
      {"numeric", "1200.00", "real 0x1.2cp+10"},
      {"text", "1e3", "real 0x1.f4p+9"},
      {"xid", "7", "real 0x1.cp+2"},
  };
  ExpectEachWay("reals", All(columns, "real"), columns);
  ExpectEachWay("reals2", R"({"numeric":"real","double precision":"real"})",
                {{"numeric", "NaN", "text NaN"},
                 {"numeric", "12345678901234567890.5", "real 0x1.56a95319d63e1p+63"},
                 {"double precision", "5e-324", "real 0x0.0000000000001p-1022"}});
}

TEST_F(OverridesTest, InfiniteNumericIsTheInfinity) {
  LAB_NEEDS_VERSION(*cluster_, 14, "an infinite numeric");
  ExpectEachWay("infinite", R"({"numeric":"real","array":"json"})",
                {{"numeric", "-Infinity", "real -inf"}, {"numeric[]", "{-Infinity}", "text [\"-Infinity\"]"}});
}

TEST_F(OverridesTest, ArraysBecomeJson) {
  ExpectEachWay("arrays", R"({"array":"json"})",
                {{"integer[]", "[0:1]={7,NULL}", "text [7,null]"},
                 {"integer[]", "{}", "text []"},
                 {"integer[][]", "{{1,2},{3,4}}", "text [[1,2],[3,4]]"},
                 {"bag", "{1}", "text [1]"},
                 {"boolean[]", "{t,f,NULL}", "text [true,false,null]"},
                 {"numeric[]", "{1.50,NaN,1e400}", absl::StrCat("text [1.50,\"NaN\",1", std::string(400, '0'), "]")},
                 {"real[]", "{0.1,-0,1e20}", "text [0.1,-0,1e+20]"},
                 {"price[]", "{1.50,NULL}", "text [1.50,null]"},
                 {"flag[]", "{t,f}", "text [true,false]"},
                 {"text[]", "{\"\",\"NULL\",NULL,\"a\\\"b\\\\c\",\"\t\n\",\"{}\"}",
                  "text [\"\",\"NULL\",null,\"a\\\"b\\\\c\",\"\\u0009\\u000a\",\"{}\"]"},
                 {"jsonb[]", "{\"{\\\"a\\\": 1}\",NULL}", "text [{\"a\": 1},null]"},
                 {"bytea[]", "{\"\\\\x00ff\"}", "text [\"\\\\x00ff\"]"},
                 {"timestamp with time zone[]", "{\"2026-08-01 12:00:00+02\",infinity}",
                  "text [\"2026-08-01 10:00:00+00\",\"infinity\"]"},
                 {"mood[]", "{sad,\"so so\"}", "text [\"sad\",\"so so\"]"},
                 {"pair[]", "{\"(1,x)\"}", "text [\"(1,x)\"]"},
                 {"box[]", "{(1,1),(0,0);(2,2),(0,0)}", "text [\"(1,1),(0,0)\",\"(2,2),(0,0)\"]"},
                 {"\"char\"[]", "{a,NULL}", "text [\"a\",null]"},
                 {"money[]", "{1.5}", "text [\"$1.50\"]"},
                 // These print no braces: to PostgreSQL's own eyes they are half arrays, half texts.
                 {"int2vector", "1 2", "text 1 2"},
                 {"oidvector", "1 2", "text 1 2"},
                 {"int2vector[]", "{1 2,3}", "text [\"1 2\",\"3\"]"},
                 {"point", "(1,2)", "text (1,2)"},
                 {"integer", "5", "integer 5"}});
}

TEST_F(OverridesTest, OneKindOfArrayCanBeNamed) {
  ExpectEachWay(
      "kinds", R"({"int4[]":"json","text[]":"blob","array":"text"})",
      {{"integer[]", "{1,NULL}", "text [1,null]"}, {"text[]", "{a}", "blob 7b617d"}, {"boolean[]", "{t}", "text {t}"}});
}

// A domain goes by its base type's name; in a mirror by its own as well.
TEST_F(OverridesTest, DomainsGoByTheirBaseType) {
  ExpectEachWay("domains", R"({"boolean":"text","numeric":"text"})",
                {{"flag", "t", "text t"}, {"price", "1.50", "text 1.50"}, {"numeric(5,1)", "1", "text 1.0"}});
}

TEST_F(OverridesTest, ValueThatDoesNotFitIsAnErrorByEachWay) {
  Make("wrong", {{"numeric", "1.5", ""}});
  const std::string options = R"({"types":{"numeric":"integer"}})";
  EXPECT_EQ(
      lab::Host().Error(absl::StrCat("SELECT pg_import(", lab::Literal(cluster_->conninfo()), ", 'wrong', 'wrong', ",
                                     lab::Literal(options), ")")),
      "pg_import: column \"c0\": invalid text \"1.5\" for type integer, expected a whole number of at most 64 bits");
  for (Stream* stream : {flood_, out_}) {
    EXPECT_THAT(stream->host.Error(stream->BootstrapSql("wrong", options)),
                HasSubstr("column \"c0\": invalid text \"1.5\" for type integer, expected a whole number"));
  }
  cluster_->Exec("TRUNCATE wrong");
  for (Stream* stream : {flood_, out_}) stream->Bootstrap("wrong", options);
  cluster_->Exec("INSERT INTO wrong VALUES (7, 1.5)");
  for (Stream* stream : {flood_, out_}) {
    stream->host.Exec(stream->MoveSql());
    const std::string error = stream->host.Error(stream->ApplySql());
    EXPECT_THAT(error, HasSubstr("could not apply insert to table \"wrong\" with key (id=7)"));
    EXPECT_THAT(error, HasSubstr("column \"c0\": invalid text \"1.5\" for type integer, expected a whole number"));
  }
}

}  // namespace
}  // namespace deltamirror
