// deltamirror_bootstrap: what it refuses, what may go wrong, and that nothing stays behind then.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/lab/artefacts.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/wait.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class BootstrapErrorTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete cluster_; }

  // What a first copy that failed must leave: nothing.
  void ExpectNothingStays() {
    EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM sqlite_master WHERE tbl_name NOT LIKE 'm%'"), "0");
    EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM m_table"), "0");
    EXPECT_EQ(lab_.host.Value("SELECT clock FROM m_state"), "0");
    EXPECT_NE(sqlite3_get_autocommit(lab_.host.db()), 0);
  }
  std::string Error(const std::string& tables, const std::string& options = "{}") {
    return lab_.host.Error(lab_.BootstrapSql(tables, options));
  }

  static lab::Cluster* cluster_;
  lab::MirrorLab lab_{cluster_};
};

lab::Cluster* BootstrapErrorTest::cluster_ = nullptr;

TEST_F(BootstrapErrorTest, RefusesTablesThatCannotBeFollowed) {
  lab_.cluster.Exec(
      "CREATE TABLE keyless (a int); CREATE VIEW v AS SELECT 1; CREATE TABLE \"T\" (a int PRIMARY KEY); "
      "CREATE TABLE t (a int PRIMARY KEY)");
  lab_.Begin();
  EXPECT_EQ(Error("nowhere"), "deltamirror_bootstrap: table \"nowhere\" does not exist");
  EXPECT_EQ(Error("v"), "deltamirror_bootstrap: \"v\" is a view, expected a table");
  EXPECT_THAT(Error("keyless"), StartsWith("deltamirror_bootstrap: cannot mirror table \"keyless\": it has no primary "
                                           "key, so that"));
  EXPECT_EQ(Error("t,\"T\""),
            "deltamirror_bootstrap: cannot mirror table \"t\": SQLite does not tell its name apart from that of "
            "\"public\".\"T\"");
  EXPECT_THAT(Error("t,"), StartsWith("deltamirror_bootstrap: invalid list of tables \"t,\", expected"));
  ExpectNothingStays();
}

TEST_F(BootstrapErrorTest, RefusesATableOfThatNameThatIsNotTheMirrors) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE z (a int PRIMARY KEY)");
  lab_.Begin();
  lab_.host.Exec("CREATE TABLE z (mine)");
  EXPECT_EQ(Error("t,z"),
            "deltamirror_bootstrap: cannot make table \"z\": there is a table of that name that is not the "
            "mirror's. Drop or rename it");
  lab_.host.Exec("DROP TABLE z");
  ExpectNothingStays();
}

TEST_F(BootstrapErrorTest, ChecksItsArguments) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY)");
  lab_.Begin();
  EXPECT_EQ(Error("t", R"({"margin":-1})"),
            "deltamirror_bootstrap: invalid value -1 for option \"margin\", expected a whole number from 0 to 86400");
  EXPECT_THAT(Error("t", R"({"index":true})"), StartsWith("deltamirror_bootstrap: unknown option \"index\""));
  EXPECT_THAT(Error("t", R"({"types":{"array":"xml"}})"), StartsWith("deltamirror_bootstrap: "));
  EXPECT_THAT(lab_.host.Error("SELECT deltamirror_bootstrap('n', '', 't')"),
              StartsWith("deltamirror_bootstrap: mirror \"n\" does not exist"));
  EXPECT_THAT(lab_.host.Error("SELECT deltamirror_bootstrap('m', 'host=/nowhere password=secret', 't')"),
              ::testing::AllOf(StartsWith("deltamirror_bootstrap: could not connect to the server"),
                               ::testing::Not(HasSubstr("secret"))));
  lab_.host.Exec("BEGIN");
  EXPECT_EQ(Error("t"),
            "deltamirror_bootstrap cannot run inside a transaction: it commits transactions of its own. "
            "COMMIT first");
  lab_.host.Exec("ROLLBACK");
  lab_.host.Exec("CREATE VIEW v AS SELECT deltamirror_bootstrap('m', '', 't')");
  EXPECT_THAT(lab_.host.Error("SELECT * FROM v"), HasSubstr("unsafe use of deltamirror_bootstrap()"));
}

TEST_F(BootstrapErrorTest, ChecksTheMirrorsTables) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (a int PRIMARY KEY)");
  lab_.Begin();
  lab_.host.Exec(
      absl::StrCat("CREATE VIRTUAL TABLE n USING daystream_apply(source='", lab_.Daystream(), "', tables='t')"));
  EXPECT_EQ(lab_.host.Error(
                absl::StrCat("SELECT deltamirror_bootstrap('n', ", lab::Literal(lab_.cluster.conninfo()), ", 't,u')")),
            "deltamirror_bootstrap: table \"u\" is not one of mirror \"n\", whose tables are \"t\"");
}

TEST_F(BootstrapErrorTest, NeedsADaystreamThatHasBegun) {
  lab_.host.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", lab_.Daystream(), "')"));
  EXPECT_EQ(Error("t"),
            absl::StrCat("deltamirror_bootstrap: no daystream was begun in \"", lab_.Daystream(),
                         "\". Make a slot with pg_slot_create, and start deltastream, before the first copy"));
  std::filesystem::create_directory(lab_.Daystream());
  EXPECT_THAT(Error("t"), StartsWith("deltamirror_bootstrap: no daystream was begun in \""));
}

TEST_F(BootstrapErrorTest, NeedsADaystreamWithItsTables) {
  lab_.cluster.Exec(
      "CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (a int PRIMARY KEY); CREATE SCHEMA ops;"
      "CREATE TABLE ops.crew (a int PRIMARY KEY)");
  lab_.Begin(R"({"tables":"t,ops.crew"})");
  const bool published = lab::PluginPath().empty();
  EXPECT_EQ(Error("t,u"),
            absl::StrCat("deltamirror_bootstrap: daystream \"", lab_.Daystream(), "\" does not have table \"u\": ",
                         published ? "it is not in publication \"mirror\"" : "its slot's tables are \"t,ops.crew\""));
  EXPECT_EQ(lab_.Bootstrap("t"), "0");
}

TEST_F(BootstrapErrorTest, NeedsTheDaystreamsServerDatabaseAndSlot) {
  lab_.Begin();
  lab_.cluster.Exec("CREATE DATABASE other");
  EXPECT_EQ(lab_.host.Error(lab_.BootstrapSql("*", "{}", " dbname=other")),
            absl::StrCat("deltamirror_bootstrap: daystream \"", lab_.Daystream(),
                         "\" is of database \"postgres\", but the connection leads to \"other\""));
  lab::Cluster stranger;
  EXPECT_THAT(
      lab_.host.Error(absl::StrCat("SELECT deltamirror_bootstrap('m', ", lab::Literal(stranger.conninfo()), ", '*')")),
      StartsWith(absl::StrCat("deltamirror_bootstrap: daystream \"", lab_.Daystream(),
                              "\" is of the server with system identifier \"")));
  lab_.cluster.Exec("SELECT pg_drop_replication_slot('mirror')");
  EXPECT_THAT(Error("*"), HasSubstr("replication slot \"mirror\", which feeds daystream \""));
}

TEST_F(BootstrapErrorTest, NeedsTheDaystreamsPast) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY)");
  lab_.Begin();
  for (const auto& entry : std::filesystem::directory_iterator(lab_.Daystream())) {
    if (entry.path().extension() == ".daystream") std::filesystem::remove(entry.path());
  }
  // A day file that begins after the start, and none of the first day.
  const int64_t tomorrow = (absl::ToUnixSeconds(absl::Now()) / 86400 + 1) * 86400;
  lab::WriteFile(
      absl::StrCat(lab_.Daystream(), "/",
                   absl::FormatTime("%Y%m%d", absl::FromUnixSeconds(tomorrow), absl::UTCTimeZone()), ".daystream"),
      absl::StrCat("_c\t", tomorrow, "\t_s\t0\t_table\tt\t_action\ttruncate\n"));
  EXPECT_THAT(Error("t"), HasSubstr("is no longer in daystream"));
  ExpectNothingStays();
}

TEST_F(BootstrapErrorTest, AnInterruptEndsTheWait) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY); CREATE ROLE reader LOGIN; GRANT SELECT ON t TO reader");
  lab_.Begin();
  lab::Session open(lab_.cluster);
  open.Exec("BEGIN");
  const std::string xid = open.Value("SELECT pg_current_xact_id()");
  std::thread interrupter([this] {
    // It has looked who runs, and waits.
    EXPECT_TRUE(lab::WaitUntil([this] {
      return lab_.cluster.Value(
                 "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND state = 'idle' AND query LIKE "
                 "'%pg_current_snapshot%'") == "1";
    }));
    sqlite3_interrupt(lab_.host.db());
  });
  EXPECT_EQ(lab_.host.Error(lab_.BootstrapSql("t", "{}", " user=reader")),
            absl::StrCat("deltamirror_bootstrap: interrupted while waiting for transaction ", xid,
                         " to end, whose start this role may not see. A role with pg_read_all_stats need not wait"));
  interrupter.join();
  ExpectNothingStays();
}

TEST_F(BootstrapErrorTest, AnInterruptEndsTheCopyAndNothingStays) {
  lab_.cluster.Exec(
      "CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t SELECT i, repeat('x', 200) FROM "
      "generate_series(1, 1000000) i");
  lab_.Begin();
  std::thread interrupter([this] {
    EXPECT_TRUE(lab::WaitUntil([this] {
      return lab_.cluster.Value(
                 "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'") == "1";
    }));
    sqlite3_interrupt(lab_.host.db());
  });
  EXPECT_EQ(Error("t"), "deltamirror_bootstrap: interrupted");
  interrupter.join();
  ExpectNothingStays();
  EXPECT_TRUE(lab::WaitUntil([this] {
    return lab_.cluster.Value(
               "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'deltamirror' AND "
               "backend_type = 'client backend'") == "0";
  }));
}

TEST_F(BootstrapErrorTest, ALostConnectionLeavesNothing) {
  lab_.cluster.Exec(
      "CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t SELECT i, repeat('x', 200) FROM "
      "generate_series(1, 1000000) i");
  lab_.Begin();
  std::thread killer([this] {
    EXPECT_TRUE(lab::WaitUntil([this] {
      return lab_.cluster.Value(
                 "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'COPY%' "
                 "AND state = 'active'") == "1";
    }));
  });
  EXPECT_THAT(Error("t"), StartsWith("deltamirror_bootstrap: could not copy table \"t\": "));
  killer.join();
  ExpectNothingStays();
}

TEST_F(BootstrapErrorTest, RowsThatAPolicyHidesAreAnError) {
  lab_.cluster.Exec(
      "CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1); ALTER TABLE t ENABLE ROW LEVEL "
      "SECURITY; CREATE ROLE reader LOGIN; GRANT SELECT ON t TO reader; CREATE POLICY p ON t USING (false)");
  lab_.Begin();
  EXPECT_THAT(lab_.host.Error(lab_.BootstrapSql("t", "{}", " user=reader")),
              HasSubstr("query would be affected by row-level security policy for table \"t\""));
  ExpectNothingStays();
}

}  // namespace
}  // namespace deltamirror
