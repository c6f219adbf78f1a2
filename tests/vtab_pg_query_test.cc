#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/wait.h"

namespace deltamirror {
namespace {

using lab::Rows;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PgQueryTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster(); }
  static void TearDownTestSuite() { delete cluster_; }

  std::string From(const std::string& query) {
    return absl::StrCat(" FROM pg_query(", lab::Literal(cluster_->conninfo()), ", ", lab::Literal(query), ")");
  }

  static lab::Cluster* cluster_;
  lab::Host host_;
};

lab::Cluster* PgQueryTest::cluster_ = nullptr;

TEST_F(PgQueryTest, GivesRowsAsJson) {
  EXPECT_EQ(host_.Query("SELECT *" + From("SELECT 1 AS i, 12345678901234567890.10 AS n, 'NaN'::float8 AS f, true AS o, "
                                          "'{\"a\": [1]}'::jsonb AS j, NULL AS z, E'q\"\\n\\\\' AS s, "
                                          "array[1, 2] AS r, '\\x00ff'::bytea AS b")),
            (Rows{{"{\"i\":1,\"n\":12345678901234567890.10,\"f\":\"NaN\",\"o\":true,\"j\":{\"a\": [1]},\"z\":null,"
                   "\"s\":\"q\\\"\\u000a\\\\\",\"r\":\"{1,2}\",\"b\":\"\\\\x00ff\"}"}}));
  EXPECT_EQ(host_.Value("SELECT json_valid(row)" + From("SELECT * FROM pg_class LIMIT 1")), "1");
}

TEST_F(PgQueryTest, RowsCanBeCountedFilteredAndJoined) {
  EXPECT_EQ(host_.Value("SELECT count(*)" + From("SELECT n FROM generate_series(1, 100000) AS n")), "100000");
  EXPECT_EQ(host_.Value("SELECT count(*)" + From("SELECT 1 WHERE false")), "0");
  host_.Exec("CREATE TABLE q (sql); INSERT INTO q VALUES ('SELECT 1 AS a'), ('SELECT 2 AS a')");
  EXPECT_EQ(host_.Query(absl::StrCat("SELECT json_extract(p.row, '$.a') FROM q, pg_query(",
                                     lab::Literal(cluster_->conninfo()), ", q.sql) AS p")),
            (Rows{{"1"}, {"2"}}));
}

TEST_F(PgQueryTest, TheEndOfTheScanEndsTheQuery) {
  EXPECT_EQ(
      host_.Query("SELECT row" + From("SELECT n FROM (SELECT generate_series(1, 2000000000) AS n) AS g") + " LIMIT 2"),
      (Rows{{"{\"n\":1}"}, {"{\"n\":2}"}}));
  EXPECT_TRUE(lab::WaitUntil([] {
    return cluster_->Value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'deltamirror'") == "0";
  }));
}

TEST_F(PgQueryTest, ErrorsAlsoHalfWay) {
  EXPECT_EQ(host_.Error("SELECT row" + From("SELECT 1 / (3 - n) FROM generate_series(1, 5) AS n")),
            "pg_query: division by zero");
  EXPECT_EQ(host_.Error("SELECT row" + From("SELEC 1")), "pg_query: syntax error at or near \"SELEC\"");
  EXPECT_EQ(host_.Error("SELECT row" + From("COPY pg_class TO STDOUT")),
            "pg_query: COPY from STDIN or to STDOUT is not possible here. Use pg_import or pg_export");
  EXPECT_THAT(host_.Error("SELECT * FROM pg_query('host=/nowhere password=secret', 'SELECT 1')"),
              AllOf(HasSubstr("pg_query: could not connect to the server"), Not(HasSubstr("secret"))));
}

TEST_F(PgQueryTest, ArgumentsMissing) {
  EXPECT_EQ(host_.Error("SELECT * FROM pg_query('dbname=x')"),
            "pg_query: expected two arguments, the connection string and the query, like pg_query('dbname=prod', "
            "'SELECT 1')");
}

TEST_F(PgQueryTest, NotFromASchema) {
  host_.Exec("CREATE VIEW v AS SELECT *" + From("SELECT 1"));
  EXPECT_EQ(host_.Error("SELECT * FROM v"), "unsafe use of virtual table \"pg_query\"");
}

}  // namespace
}  // namespace deltamirror
