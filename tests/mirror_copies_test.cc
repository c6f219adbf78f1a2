// Materialised views and sequences: copied at a bootstrap on request, and not followed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

class CopiesTest : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete cluster_; }

  void Begin() {
    lab_.cluster.Exec(R"(
      CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n numeric); INSERT INTO t (n) VALUES (1.5), (2.5);
      CREATE SCHEMA ops; CREATE SEQUENCE ops.tickets START 100;
      CREATE MATERIALIZED VIEW sums AS SELECT sum(n) AS n, true AS ok FROM t;
      CREATE MATERIALIZED VIEW ops.rows AS SELECT * FROM t; CREATE UNIQUE INDEX rows_id ON ops.rows (id))");
    lab_.Begin(absl::StrCat(R"({"plugin":")", GetParam(), "\"}"));
  }
  lab::Rows Ask(const std::string& sql) { return lab_.host.Query(sql); }

  static lab::Cluster* cluster_;
  lab::MirrorLab lab_{cluster_};
};

lab::Cluster* CopiesTest::cluster_ = nullptr;

TEST_P(CopiesTest, AreMadeOnRequestAndNotFollowed) {
  Begin();
  EXPECT_EQ(lab_.Bootstrap("t", R"({"matviews":"*","sequences":"*","indexes":true})"), "7");
  EXPECT_EQ(Ask("SELECT n, typeof(n), ok FROM sums"), (lab::Rows{{"4", "integer", "1"}}));
  EXPECT_EQ(Ask("SELECT id, n FROM \"ops.rows\""), (lab::Rows{{"1", "1.5"}, {"2", "2.5"}}));
  EXPECT_EQ(Ask("SELECT sql FROM sqlite_master WHERE tbl_name = 'ops.rows' AND type = 'index'"),
            (lab::Rows{{"CREATE UNIQUE INDEX \"ops.rows_id\" ON \"ops.rows\" (\"id\")"}}));
  EXPECT_EQ(Ask("SELECT last_value, is_called FROM t_id_seq"), (lab::Rows{{"2", "1"}}));
  EXPECT_EQ(Ask("SELECT last_value, is_called FROM \"ops.tickets\""), (lab::Rows{{"100", "0"}}));
  lab_.cluster.Exec(
      "INSERT INTO t (n) VALUES (3); REFRESH MATERIALIZED VIEW sums; REFRESH MATERIALIZED VIEW CONCURRENTLY ops.rows;"
      "SELECT nextval('ops.tickets')");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "id, n");
  EXPECT_EQ(Ask("SELECT count(*) FROM \"ops.rows\""), (lab::Rows{{"2"}}));
  EXPECT_EQ(Ask("SELECT \"table\", inserts, state, clock, lag_seconds FROM m WHERE state = 'copied' ORDER BY 1"),
            (lab::Rows{{"ops.rows", "0", "copied", "NULL", "NULL"},
                       {"ops.tickets", "0", "copied", "NULL", "NULL"},
                       {"sums", "0", "copied", "NULL", "NULL"},
                       {"t_id_seq", "0", "copied", "NULL", "NULL"}}));
}

TEST_P(CopiesTest, AreRenewedWithAgain) {
  Begin();
  lab_.Bootstrap("t", R"({"matviews":"sums,ops.rows","sequences":"ops.*"})");
  lab_.cluster.Exec(
      "INSERT INTO t (n) VALUES (3); SELECT nextval('ops.tickets'); DROP MATERIALIZED VIEW ops.rows;"
      "REFRESH MATERIALIZED VIEW sums; ALTER MATERIALIZED VIEW sums RENAME TO totals");
  EXPECT_EQ(lab_.host.Error(lab_.BootstrapSql("t", R"({"again":false,"sequences":"ops.tickets"})")),
            "deltamirror_bootstrap: table \"t\" is in mirror \"m\" already. Use option \"again\" to copy it anew");
  lab_.Bootstrap("t", R"({"again":true,"matviews":"totals","sequences":"ops.tickets"})");
  EXPECT_EQ(Ask("SELECT last_value, is_called FROM \"ops.tickets\""), (lab::Rows{{"100", "1"}}));
  EXPECT_EQ(Ask("SELECT n FROM totals"), (lab::Rows{{"7"}}));
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM sqlite_master WHERE name = 'sums'"), "0");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "id, n");
}

// A table that has the name now is no business of a mirror of other tables; a mirror of all takes it, and puts the copy
// aside.
TEST_P(CopiesTest, ATableMayTakeTheirName) {
  Begin();
  lab_.Bootstrap("t", R"({"matviews":"sums"})");
  lab_.cluster.Exec("DROP MATERIALIZED VIEW sums; CREATE TABLE sums (a int PRIMARY KEY); INSERT INTO sums VALUES (1)");
  lab_.CatchUp();
  EXPECT_EQ(Ask("SELECT n FROM sums"), (lab::Rows{{"4"}}));
  lab_.host.Exec(
      absl::StrCat("DROP TABLE m; DROP TABLE t; DROP TABLE sums; CREATE VIRTUAL TABLE m USING daystream_apply("
                   "source='",
                   lab_.Daystream(), "', tables='*')"));
  lab_.cluster.Exec("DROP TABLE sums; CREATE MATERIALIZED VIEW sums AS SELECT sum(n) AS n FROM t");
  lab_.Bootstrap("*", R"({"matviews":"sums"})");
  lab_.cluster.Exec("DROP MATERIALIZED VIEW sums; CREATE TABLE sums (a int PRIMARY KEY); INSERT INTO sums VALUES (1)");
  lab_.CatchUp();
  EXPECT_EQ(Ask("SELECT a FROM sums"), (lab::Rows{{"1"}}));
}

TEST_P(CopiesTest, AreNotCompared) {
  Begin();
  lab_.Bootstrap("t", R"({"matviews":"sums"})");
  lab_.CatchUp();
  const auto verify = [this](const std::string& options) {
    return absl::StrCat("SELECT \"table\", equal FROM deltamirror_verify('m', ", lab::Literal(lab_.cluster.conninfo()),
                        ", ", lab::Literal(options), ")");
  };
  EXPECT_EQ(Ask(verify("{}")), (lab::Rows{{"t", "1"}}));
  EXPECT_EQ(lab_.host.Error(verify(R"({"tables":"sums"})")),
            "deltamirror_verify: \"sums\" is a copy that does not follow its source, and so need not be equal to it");
}

TEST_P(CopiesTest, ErrorsSayWhat) {
  Begin();
  lab_.cluster.Exec("CREATE MATERIALIZED VIEW hollow AS SELECT 1 AS a WITH NO DATA");
  const auto error = [this](const std::string& options) { return lab_.host.Error(lab_.BootstrapSql("t", options)); };
  EXPECT_EQ(error(R"({"matviews":"nix"})"), "deltamirror_bootstrap: materialized view \"nix\" does not exist");
  EXPECT_EQ(error(R"({"matviews":"t"})"), "deltamirror_bootstrap: \"t\" is a table, expected a materialized view");
  EXPECT_EQ(error(R"({"sequences":"sums"})"),
            "deltamirror_bootstrap: \"sums\" is a materialized view, expected a sequence");
  EXPECT_EQ(error(R"({"sequences":"Ops.Nix"})"), "deltamirror_bootstrap: sequence \"ops.nix\" does not exist");
  EXPECT_THAT(error(R"({"matviews":"hollow"})"),
              HasSubstr("could not copy table \"hollow\": materialized view \"hollow\" has not been populated"));
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM m"), "0");
}

INSTANTIATE_TEST_SUITE_P(Plugins, CopiesTest, ::testing::Values("deltaflood", "pgoutput"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace deltamirror
