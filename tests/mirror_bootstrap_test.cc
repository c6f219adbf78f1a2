// deltamirror_bootstrap: what it makes, what it refuses, and that nothing stays behind when it fails.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/wait.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class BootstrapTest : public ::testing::Test {
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

lab::Cluster* BootstrapTest::cluster_ = nullptr;

TEST_F(BootstrapTest, MakesTablesWithKeysAndCopiesTheRows) {
  lab_.cluster.Exec(R"(
    CREATE TABLE flights (ident text, leg smallint, fare numeric NOT NULL, gone boolean, PRIMARY KEY (leg, ident));
    INSERT INTO flights VALUES ('LH1', 1, 12.50, true), ('LH1', 2, 'NaN', NULL);
    CREATE SCHEMA ops; CREATE TABLE ops.crew (id bigint PRIMARY KEY, name text, twice bigint
      GENERATED ALWAYS AS (id * 2) STORED);
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
            (lab::Rows{{"9007199254740993", "9007199254740993", "Ann", "18014398509481986"}}));
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM log"), "2");
  EXPECT_EQ(lab_.Status("flights", "state"), "handover");
  lab_.cluster.Exec("UPDATE flights SET gone = true; UPDATE ops.crew SET id = 7; DELETE FROM log WHERE ctid = '(0,1)'");
  lab_.CatchUp();
  EXPECT_EQ(lab_.host.Value("SELECT sum(gone) FROM flights"), "2");
  EXPECT_EQ(lab_.host.Query("SELECT * FROM \"ops.crew\""), (lab::Rows{{"7", "Ann", "14"}}));
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM log"), "1");
  EXPECT_EQ(lab_.Status("flights", "state"), "live");
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

TEST_F(BootstrapTest, ATransactionThatIsOpenAcrossIsNeitherLostNorDoubled) {
  lab_.cluster.Exec("CREATE TABLE t (a int); ALTER TABLE t REPLICA IDENTITY FULL");  // without a key nothing hides
  lab_.Begin();
  lab::Session open(lab_.cluster);
  open.Exec("BEGIN");
  open.Exec("INSERT INTO t VALUES (1)");
  open.Exec("SAVEPOINT s");
  open.Exec("INSERT INTO t VALUES (2)");
  open.Exec("RELEASE s");
  lab_.cluster.Exec("INSERT INTO t VALUES (3)");
  EXPECT_EQ(lab_.Bootstrap("t"), "1");
  lab_.cluster.Exec("INSERT INTO t VALUES (4)");
  open.Exec("INSERT INTO t VALUES (5)");
  open.Exec("COMMIT");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a");
  EXPECT_EQ(lab_.Status("t", "inserts"), "4");
}

// They are visible before they are written, and written long before they are flushed.
TEST(BootstrapAsynchronousTest, AsynchronousCommitsAreSeenOnce) {
  lab::MirrorLab lab({.settings = {"wal_writer_delay=10s", "synchronous_commit=off"}});
  lab.cluster.Exec("CREATE TABLE t (a int); ALTER TABLE t REPLICA IDENTITY FULL");
  lab.Begin();
  lab::Session writer(lab.cluster);
  for (int i = 0; i < 20; ++i) writer.Exec(absl::StrCat("INSERT INTO t VALUES (", i, ")"));
  EXPECT_EQ(lab.Bootstrap("t"), "20");
  for (int i = 20; i < 40; ++i) writer.Exec(absl::StrCat("INSERT INTO t VALUES (", i, ")"));
  writer.Exec("SET synchronous_commit = on");
  writer.Exec("INSERT INTO t VALUES (100)");
  lab.CatchUp();
  lab.ExpectEqual("t", "a");
}

TEST(BootstrapPreparedTest, APreparedTransactionAcrossIsAppliedOnce) {
  lab::MirrorLab lab({.settings = {"max_prepared_transactions=5"}});
  lab.cluster.Exec("CREATE TABLE t (a int); ALTER TABLE t REPLICA IDENTITY FULL");
  lab.Begin();
  lab.cluster.Exec("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'p'");
  lab.cluster.Exec("INSERT INTO t VALUES (2)");
  EXPECT_EQ(lab.Bootstrap("t"), "1");
  lab.cluster.Exec("COMMIT PREPARED 'p'");
  lab.CatchUp();
  lab.ExpectEqual("t", "a");
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
  EXPECT_EQ(Error("t"),
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

TEST_F(BootstrapTest, RefusesTablesThatCannotBeFollowed) {
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

TEST_F(BootstrapTest, RefusesATableOfThatNameThatIsNotTheMirrors) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE z (a int PRIMARY KEY)");
  lab_.Begin();
  lab_.host.Exec("CREATE TABLE z (mine)");
  EXPECT_EQ(Error("t,z"),
            "deltamirror_bootstrap: cannot make table \"z\": there is a table of that name that is not the "
            "mirror's. Drop or rename it");
  lab_.host.Exec("DROP TABLE z");
  ExpectNothingStays();
}

TEST_F(BootstrapTest, ChecksItsArguments) {
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

TEST_F(BootstrapTest, ChecksTheMirrorsTables) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (a int PRIMARY KEY)");
  lab_.Begin();
  lab_.host.Exec(
      absl::StrCat("CREATE VIRTUAL TABLE n USING daystream_apply(source='", lab_.Daystream(), "', tables='t')"));
  EXPECT_EQ(lab_.host.Error(
                absl::StrCat("SELECT deltamirror_bootstrap('n', ", lab::Literal(lab_.cluster.conninfo()), ", 't,u')")),
            "deltamirror_bootstrap: table \"u\" is not one of mirror \"n\", whose tables are \"t\"");
}

TEST_F(BootstrapTest, NeedsADaystreamThatHasBegun) {
  lab_.host.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", lab_.Daystream(), "')"));
  EXPECT_EQ(Error("t"),
            absl::StrCat("deltamirror_bootstrap: no daystream was begun in \"", lab_.Daystream(),
                         "\". Make a slot with pg_slot_create, and start deltastream, before the first copy"));
  std::filesystem::create_directory(lab_.Daystream());
  EXPECT_THAT(Error("t"), StartsWith("deltamirror_bootstrap: no daystream was begun in \""));
}

TEST_F(BootstrapTest, NeedsADaystreamWithItsTables) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (a int PRIMARY KEY); CREATE SCHEMA ops");
  lab_.Begin(R"({"tables":"t,ops.*"})");
  EXPECT_EQ(Error("t,u"), absl::StrCat("deltamirror_bootstrap: daystream \"", lab_.Daystream(),
                                       "\" does not have table \"u\": its slot's tables are \"t,ops.*\""));
  EXPECT_EQ(lab_.Bootstrap("t"), "0");
}

TEST_F(BootstrapTest, NeedsTheDaystreamsServerDatabaseAndSlot) {
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

TEST_F(BootstrapTest, NeedsTheDaystreamsPast) {
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

TEST_F(BootstrapTest, ARoleThatMayNotSeeOthersWaitsForThem) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY); CREATE ROLE reader LOGIN; GRANT SELECT ON t TO reader");
  lab_.Begin();
  lab::Session open(lab_.cluster);
  open.Exec("BEGIN");
  open.Exec("INSERT INTO t VALUES (1)");
  std::thread committer([&open] {
    absl::SleepFor(absl::Milliseconds(500));
    open.Exec("COMMIT");
  });
  EXPECT_EQ(lab_.host.Value(lab_.BootstrapSql("t", "{}", " user=reader")), "1");
  committer.join();
  lab_.cluster.Exec("INSERT INTO t VALUES (2)");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a");
}

TEST_F(BootstrapTest, AnInterruptEndsTheWait) {
  lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY); CREATE ROLE reader LOGIN; GRANT SELECT ON t TO reader");
  lab_.Begin();
  lab::Session open(lab_.cluster);
  open.Exec("BEGIN");
  const std::string xid = open.Value("SELECT pg_current_xact_id()");
  std::thread interrupter([this] {
    absl::SleepFor(absl::Milliseconds(500));
    sqlite3_interrupt(lab_.host.db());
  });
  EXPECT_EQ(lab_.host.Error(lab_.BootstrapSql("t", "{}", " user=reader")),
            absl::StrCat("deltamirror_bootstrap: interrupted while waiting for transaction ", xid,
                         " to end, whose start this role may not see. A role with pg_read_all_stats need not wait"));
  interrupter.join();
  ExpectNothingStays();
}

TEST_F(BootstrapTest, AnInterruptEndsTheCopyAndNothingStays) {
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

TEST_F(BootstrapTest, ALostConnectionLeavesNothing) {
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

TEST_F(BootstrapTest, RowsThatAPolicyHidesAreAnError) {
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
