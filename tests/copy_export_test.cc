// pg_export and pg_exec.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"

namespace deltamirror {
namespace {

using lab::Rows;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ExportTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster(); }
  static void TearDownTestSuite() { delete cluster_; }
  void SetUp() override { cluster_->Exec("DROP TABLE IF EXISTS t"); }

  std::string Call(const std::string& query, const std::string& table, const std::string& options = "{}") {
    return absl::StrCat("SELECT pg_export(", lab::Literal(cluster_->conninfo()), ", ", lab::Literal(query), ", ",
                        lab::Literal(table), ", ", lab::Literal(options), ")");
  }
  std::string Export(const std::string& query, const std::string& table, const std::string& options = "{}") {
    return host_.Value(Call(query, table, options));
  }
  std::string Failure(const std::string& query, const std::string& table, const std::string& options = "{}") {
    return host_.Error(Call(query, table, options));
  }
  std::string Exec(const std::string& sql) {
    return absl::StrCat("SELECT pg_exec(", lab::Literal(cluster_->conninfo()), ", ", lab::Literal(sql), ")");
  }

  static lab::Cluster* cluster_;
  lab::Host host_;
};

lab::Cluster* ExportTest::cluster_ = nullptr;

TEST_F(ExportTest, EveryKindOfValueArrives) {
  cluster_->Exec("CREATE TABLE t (i bigint, f float8, s text, b bytea, o boolean, d timestamptz)");
  host_.Exec(
      "CREATE TABLE t (f, s, i, b, o, d); INSERT INTO t VALUES (0.1, 'tab' || char(9) || 'line' || char(10) || "
      "'cr' || char(13) || 'back\\slash \\N', -9223372036854775808, x'00ff5c', 1, '2026-08-01 12:00:00+00:00'), "
      "(1e999, '', 0, x'', 0, NULL), (-1e999, NULL, NULL, NULL, NULL, 'infinity'), (1e300, '\\N', 1, x'01', 1, NULL)");
  EXPECT_EQ(Export("t", "t"), "4");
  EXPECT_EQ(cluster_->Query("SELECT i, f, s, b, o FROM t"),
            (Rows{{"-9223372036854775808", "0.1", "tab\tline\ncr\rback\\slash \\N", "\\x00ff5c", "t"},
                  {"0", "Infinity", "", "\\x", "f"},
                  {"NULL", "-Infinity", "NULL", "NULL", "NULL"},
                  {"1", "1e+300", "\\N", "\\x01", "t"}}));
}

TEST_F(ExportTest, ThereAndBack) {
  cluster_->Exec("CREATE TABLE t (n integer, s text, x numeric)");
  host_.Exec(
      "CREATE TABLE big AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 200000) "
      "SELECT n, 'row ' || n AS s, n / 4.0 AS x FROM c");
  EXPECT_EQ(Export("SELECT * FROM big", "public.t"), "200000");
  host_.Exec(absl::StrCat("SELECT pg_import(", lab::Literal(cluster_->conninfo()), ", 't', 'back')"));
  EXPECT_EQ(host_.Value("SELECT count(*) FROM (SELECT n, s, x FROM big EXCEPT SELECT n, s, x FROM back)"), "0");
  EXPECT_EQ(host_.Value("SELECT count(*) FROM back"), "200000");
}

TEST_F(ExportTest, OptionColumnsAndRefresh) {
  cluster_->Exec("CREATE TABLE t (n integer, \"My col\" text); INSERT INTO t VALUES (7, 'old')");
  EXPECT_EQ(Export("SELECT 1, 'a'", "t", "{\"columns\":[\"n\",\"My col\"]}"), "1");
  EXPECT_EQ(cluster_->Value("SELECT count(*) FROM t"), "2");
  EXPECT_EQ(Export("SELECT 2 AS n", "t", "{\"mode\":\"refresh\"}"), "1");
  EXPECT_EQ(cluster_->Query("SELECT * FROM t"), (Rows{{"2", "NULL"}}));
  EXPECT_EQ(Failure("SELECT 1, 2", "t", "{\"columns\":[\"n\"]}"),
            "pg_export: option \"columns\" gives 1 names, expected 2, as many as the query has columns");
  EXPECT_THAT(Failure("SELECT 1", "t", "{\"mode\":\"replace\"}"),
              HasSubstr("invalid value \"replace\" for option \"mode\", expected one of \"append\", \"refresh\""));
  EXPECT_THAT(Failure("SELECT 1", "t", "{\"x\":1}"), HasSubstr("pg_export: unknown option \"x\""));
}

TEST_F(ExportTest, AnErrorLeavesTheServerAsItWas) {
  cluster_->Exec("CREATE TABLE t (n integer PRIMARY KEY); INSERT INTO t VALUES (7)");
  EXPECT_THAT(Failure("SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 'x'", "t", "{\"mode\":\"refresh\"}"),
              StartsWith("pg_export: invalid input syntax for type integer: \"x\""));
  EXPECT_THAT(Failure("SELECT 8 AS n UNION ALL SELECT 7", "t"),
              HasSubstr("duplicate key value violates unique constraint \"t_pkey\": Key (n)=(7) already exists."));
  // SQLite's own error, half way.
  EXPECT_THAT(Failure("SELECT 8 AS n UNION ALL SELECT abs(-9223372036854775808)", "t"), HasSubstr("integer overflow"));
  EXPECT_EQ(cluster_->Value("SELECT n FROM t"), "7");
}

// A lone surrogate is no character, however it is written.
TEST_F(ExportTest, TextThatIsNotUtf8IsTheServersError) {
  cluster_->Exec("CREATE TABLE t (s text, j jsonb)");
  EXPECT_THAT(Failure("SELECT 'ok' AS s UNION ALL SELECT CAST(x'eda080' AS TEXT)", "t"),
              HasSubstr("pg_export: invalid byte sequence for encoding \"UTF8\": 0xed 0xa0 0x80"));
  EXPECT_THAT(Failure(R"(SELECT 'true' AS j UNION ALL SELECT '"\ud800"')", "t"),
              HasSubstr("pg_export: invalid input syntax for type json"));
  EXPECT_EQ(cluster_->Value("SELECT count(*) FROM t"), "0");
}

TEST_F(ExportTest, WhatCannotBe) {
  EXPECT_THAT(Failure("SELECT 1 AS n", "nix"), HasSubstr("pg_export: relation \"nix\" does not exist"));
  EXPECT_THAT(Failure("SELECT 1 AS n", "t; DROP TABLE t"),
              HasSubstr("invalid table name \"t; DROP TABLE t\", expected table or schema.table"));
  EXPECT_THAT(Failure("nix", "t"), HasSubstr("no such table: nix"));
  EXPECT_THAT(Failure("CREATE TABLE x (y)", "t"), HasSubstr("the query gives no columns"));
  cluster_->Exec("CREATE TABLE t (n integer)");
  EXPECT_EQ(Failure("SELECT 1 AS m", "t"), "pg_export: column \"m\" of relation \"t\" does not exist");
  EXPECT_THAT(host_.Error("SELECT pg_export('host=/nowhere password=secret', 'SELECT 1', 't')"),
              AllOf(StartsWith("pg_export: could not connect to the server"), Not(HasSubstr("secret"))));
  host_.Exec("CREATE TABLE z (x); CREATE VIEW v AS SELECT pg_export('', '', ''), pg_exec('', '')");
  EXPECT_EQ(host_.Error("SELECT * FROM v"), "unsafe use of pg_export()");
}

TEST_F(ExportTest, ExecTellsTheRowsOfTheLastStatement) {
  EXPECT_EQ(host_.Value(Exec("CREATE TABLE t (n integer)")), "NULL");
  EXPECT_EQ(host_.Value(Exec("INSERT INTO t VALUES (1), (2), (3)")), "3");
  EXPECT_EQ(host_.Value(Exec("DELETE FROM t WHERE n = 1; UPDATE t SET n = n + 1")), "2");
  EXPECT_EQ(host_.Value(Exec("SELECT * FROM generate_series(1, 100000)")), "100000");
  EXPECT_EQ(host_.Value(Exec("-- nothing")), "NULL");
}

TEST_F(ExportTest, ExecsErrors) {
  cluster_->Exec("CREATE TABLE t (n integer)");
  EXPECT_EQ(host_.Error(Exec("INSERT INTO t VALUES (1); SELECT 1 / 0")), "pg_exec: division by zero");
  EXPECT_EQ(cluster_->Value("SELECT count(*) FROM t"), "0");
  EXPECT_EQ(host_.Error(Exec("COPY t TO STDOUT")),
            "pg_exec: COPY from STDIN or to STDOUT is not possible here. Use pg_import or pg_export");
  EXPECT_EQ(host_.Error(Exec("COPY t FROM STDIN")),
            "pg_exec: COPY from STDIN or to STDOUT is not possible here. Use pg_import or pg_export");
  EXPECT_EQ(host_.Error(Exec("")), "pg_exec: no statement given, expected SQL for the server");
}

}  // namespace
}  // namespace deltamirror
