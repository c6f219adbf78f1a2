// pg_slot_create, pg_slot_drop and pg_slots on a real server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/lab/wait.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class SlotTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster(); }
  static void TearDownTestSuite() {
    delete cluster_;
    cluster_ = nullptr;
  }

  void SetUp() override {
    cluster_->Exec(
        "CREATE TABLE IF NOT EXISTS zzz (a text PRIMARY KEY, b text); CREATE SCHEMA IF NOT EXISTS ops;"
        "CREATE TABLE IF NOT EXISTS ops.crew (id integer PRIMARY KEY)");
  }

  void TearDown() override {
    cluster_->Exec("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
    cluster_->Exec("DROP SCHEMA IF EXISTS deltamirror CASCADE; DROP PUBLICATION IF EXISTS mirror");
  }

  std::string CreateSql(const std::string& options, const std::string& conninfo) {
    return absl::StrCat("SELECT pg_slot_create(", lab::Literal(conninfo), ", 'mirror', ", lab::Literal(options), ")");
  }
  std::string CreateSql(const std::string& options) { return CreateSql(options, cluster_->conninfo()); }

  std::string Create(const std::string& options) { return host_.Value(CreateSql(options)); }

  std::string Drop() {
    return host_.Value(absl::StrCat("SELECT pg_slot_drop(", lab::Literal(cluster_->conninfo()), ", 'mirror')"));
  }

  std::string Plugin() { return cluster_->Value("SELECT max(plugin) FROM pg_replication_slots"); }
  std::string CountSlots() { return cluster_->Value("SELECT count(*) FROM pg_replication_slots"); }
  std::string CountPublications() { return cluster_->Value("SELECT count(*) FROM pg_publication"); }

  void SetPluginLibraries(const std::string& list) {
    cluster_->Exec(absl::StrCat("ALTER SYSTEM SET output_plugin_libraries = ", list));
    cluster_->Exec("SELECT pg_reload_conf()");
    const std::string shown = list == "DEFAULT" ? "pgoutput, test_decoding, deltaflood" : list;
    EXPECT_TRUE(lab::WaitUntil([&] { return cluster_->Value("SHOW output_plugin_libraries") == shown; }));
  }

  static lab::Cluster* cluster_;
  lab::Host host_;
};

lab::Cluster* SlotTest::cluster_ = nullptr;

TEST_F(SlotTest, DeltafloodIsTheDefaultWhereItCanBeLoaded) {
  LAB_NEEDS_DELTAFLOOD();
  EXPECT_THAT(Create("{}"), MatchesRegex("[0-9A-F]+/[0-9A-F]+"));
  EXPECT_EQ(Plugin(), "deltaflood");
  EXPECT_EQ(cluster_->Value("SELECT count(*) FROM pg_namespace WHERE nspname = 'deltamirror'"), "0")
      << "nothing to remember, nothing made";
  EXPECT_EQ(Drop(), "1");
  EXPECT_EQ(Drop(), "0");
}

TEST_F(SlotTest, ShowsSlotsAsTheServerHasThem) {
  LAB_NEEDS_DELTAFLOOD();
  Create("{}");
  cluster_->Exec("SELECT pg_create_physical_replication_slot('standby')");
  const std::string slots = absl::StrCat("FROM pg_slots(", lab::Literal(cluster_->conninfo()), ")");
  EXPECT_EQ(host_.Query(absl::StrCat("SELECT name, plugin, active, wal_status, retained_bytes IS NULL ", slots)),
            (lab::Rows{{"mirror", "deltaflood", "0", "reserved", "0"}, {"standby", "NULL", "0", "NULL", "1"}}));
  EXPECT_EQ(host_.Query(absl::StrCat("SELECT restart_lsn, confirmed_flush_lsn ", slots)),
            cluster_->Query("SELECT restart_lsn, confirmed_flush_lsn FROM pg_replication_slots ORDER BY slot_name"));
  EXPECT_EQ(host_.Query(absl::StrCat("SELECT conninfo ", slots, " LIMIT 1")), (lab::Rows{{"NULL"}}));
  EXPECT_THAT(host_.Error("SELECT * FROM pg_slots"), HasSubstr("pg_slots: expected one argument"));
}

TEST_F(SlotTest, TablesAreRemembered) {
  LAB_NEEDS_DELTAFLOOD();
  Create(R"({"tables":"zzz, ops.*"})");
  EXPECT_EQ(cluster_->Query("SELECT slot_name, tables, publication, publication_made FROM deltamirror.slot"),
            (lab::Rows{{"mirror", "zzz, ops.*", "NULL", "f"}}));
  EXPECT_EQ(Drop(), "1");
  EXPECT_EQ(cluster_->Value("SELECT count(*) FROM deltamirror.slot"), "0");
}

TEST_F(SlotTest, FiltersAreRememberedWithWhatTheirNamesMean) {
  LAB_NEEDS_DELTAFLOOD();
  // as an earlier version made it
  cluster_->Exec(
      "DROP SCHEMA IF EXISTS deltamirror CASCADE; CREATE SCHEMA deltamirror; CREATE TABLE deltamirror.slot (slot_name "
      "name "
      "PRIMARY KEY, tables text, publication name, publication_made boolean NOT NULL DEFAULT false, created "
      "timestamptz "
      "NOT NULL DEFAULT now()); CREATE TABLE filtered (id int PRIMARY KEY, gone int, v text); ALTER TABLE filtered "
      "DROP gone");
  Create(R"({"tables":"zzz"})");
  EXPECT_EQ(Drop(), "1");
  Create(R"({"filters":{"Filtered":{"columns":["id"],"where":"id > 1"}}})");
  EXPECT_EQ(
      cluster_->Value("SELECT replace(filters, 'filtered'::regclass::oid::text, 'OID') FROM deltamirror.slot"),
      R"({"\"public\".\"filtered\"":{"columns":["id"],"where":"id > 1","relid":OID,"attributes":{"id":1,"v":3}}})");
  EXPECT_EQ(Drop(), "1");
  EXPECT_EQ(cluster_->Value("SELECT count(*) FROM deltamirror.slot"), "0");
  cluster_->Exec("DROP TABLE filtered");
}

TEST_F(SlotTest, ALeftOverRowIsNotTheNewSlots) {
  LAB_NEEDS_DELTAFLOOD();
  Create(R"({"tables":"zzz"})");
  cluster_->Exec("SELECT pg_drop_replication_slot('mirror')");
  Create("{}");
  EXPECT_EQ(cluster_->Value("SELECT count(*) FROM deltamirror.slot"), "0");
}

TEST_F(SlotTest, UnknownTablesAreNamed) {
  EXPECT_EQ(host_.Error(CreateSql(R"({"tables":"zzz,ops.crews"})")),
            "pg_slot_create: table \"ops.crews\" of option \"tables\" does not exist");
  EXPECT_EQ(host_.Error(CreateSql(R"({"tables":"opps.*"})")),
            "pg_slot_create: schema \"opps\" of option \"tables\" does not exist");
  EXPECT_THAT(host_.Error(CreateSql(R"({"tables":"zzz,,"})")), HasSubstr("invalid list of tables \"zzz,,\""));
  EXPECT_EQ(CountSlots(), "0");
}

TEST_F(SlotTest, OptionsThatDoNotFit) {
  EXPECT_THAT(host_.Error(CreateSql(R"({"plugin":"wal2json"})")),
              HasSubstr("invalid value \"wal2json\" for option \"plugin\", expected one of"));
  EXPECT_THAT(host_.Error(CreateSql(R"({"plugn":"deltaflood"})")), HasSubstr("unknown option \"plugn\""));
  EXPECT_THAT(host_.Error(CreateSql(R"({"plugin":"deltaflood","publication":"p"})")),
              HasSubstr("is for plugin \"pgoutput\", but the plugin is \"deltaflood\""));
  EXPECT_THAT(host_.Error(CreateSql(R"({"tables":"zzz","publication":"p"})")), HasSubstr("exclude each other"));
  EXPECT_THAT(host_.Error(CreateSql(R"({"publication":"p"})")), HasSubstr("publication \"p\" does not exist"));
  if (cluster_->Version() < 17) {
    EXPECT_THAT(host_.Error(CreateSql(R"({"failover":true})")),
                HasSubstr("option \"failover\" needs PostgreSQL 17 or later, the server is "));
  }
}

TEST_F(SlotTest, ASlotThatIsThereIsLeftAlone) {
  Create("{}");
  EXPECT_EQ(host_.Error(CreateSql("{}")), "pg_slot_create: replication slot \"mirror\" already exists");
  EXPECT_EQ(CountSlots(), "1");
}

TEST_F(SlotTest, PgoutputBringsAPublicationOfItsOwn) {
  Create(R"({"plugin":"pgoutput","tables":"zzz,ops.crew"})");
  EXPECT_EQ(Plugin(), "pgoutput");
  EXPECT_EQ(cluster_->Query("SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = 'mirror' "
                            "ORDER BY 1, 2"),
            (lab::Rows{{"ops", "crew"}, {"public", "zzz"}}));
  EXPECT_EQ(Drop(), "1");
  EXPECT_EQ(CountPublications(), "0");
}

TEST_F(SlotTest, ASlotThatWentByItselfHasLeftNothingInTheWay) {
  {
    lab::Host session;
    session.Exec(CreateSql(R"({"plugin":"pgoutput","temporary":true,"tables":"zzz"})"));
  }
  EXPECT_TRUE(lab::WaitUntil([this] { return CountSlots() == "0"; })) << "it went with its connection";
  Create(R"({"plugin":"pgoutput","tables":"ops.crew"})");
  EXPECT_EQ(cluster_->Query("SELECT tablename FROM pg_publication_tables WHERE pubname = 'mirror'"),
            (lab::Rows{{"crew"}}));
  EXPECT_EQ(Drop(), "1");
  EXPECT_EQ(CountPublications(), "0");
}

TEST_F(SlotTest, AnExistingPublicationIsNotDropped) {
  cluster_->Exec("CREATE PUBLICATION mine FOR ALL TABLES");
  Create(R"({"publication":"mine"})");
  EXPECT_EQ(Plugin(), "pgoutput") << "a publication is pgoutput's";
  EXPECT_EQ(Drop(), "1");
  EXPECT_EQ(CountPublications(), "1");
  cluster_->Exec("DROP PUBLICATION mine");
}

TEST_F(SlotTest, PluginThatIsNotListed) {
  LAB_NEEDS_DELTAFLOOD();
  if (cluster_->Value("SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'") == "0") {
    GTEST_SKIP() << "this server has no setting output_plugin_libraries";
  }
  SetPluginLibraries("pgoutput");
  EXPECT_THAT(host_.Error(CreateSql(R"({"plugin":"deltaflood"})")),
              HasSubstr("pg_slot_create: the server may not load output plugin \"deltaflood\": its setting "
                        "output_plugin_libraries does not list it. Add deltaflood to output_plugin_libraries"));
  EXPECT_EQ(CountSlots(), "0");
  Create("{}");
  EXPECT_EQ(Plugin(), "pgoutput") << "the default falls back";
  EXPECT_EQ(CountPublications(), "1");
  EXPECT_EQ(Drop(), "1");
  SetPluginLibraries("DEFAULT");
}

TEST_F(SlotTest, PluginThatIsNotInstalled) {
  cluster_->Exec("ALTER ROLE postgres SET dynamic_library_path = '$libdir'");
  EXPECT_THAT(host_.Error(CreateSql(R"({"plugin":"deltaflood"})")),
              HasSubstr("the server cannot find output plugin \"deltaflood\": could not access file \"deltaflood\""));
  EXPECT_THAT(host_.Error(CreateSql(R"({"plugin":"deltaflood","tables":"zzz"})")), HasSubstr("dynamic_library_path"));
  EXPECT_EQ(CountSlots(), "0");
  cluster_->Exec("ALTER ROLE postgres RESET dynamic_library_path");
}

TEST_F(SlotTest, RoleThatMayNotMakeTheTable) {
  LAB_NEEDS_DELTAFLOOD();
  cluster_->Exec("CREATE ROLE streamer LOGIN REPLICATION");
  const std::string conninfo = absl::StrCat(cluster_->conninfo(), " user=streamer");
  EXPECT_THAT(
      host_.Error(CreateSql(R"({"tables":"zzz"})", conninfo)),
      HasSubstr(
          "could not remember the slot in table deltamirror.slot: permission denied for database "
          "postgres. Give \"tables\" and \"filters\" to deltastream instead, or let an owner of the database GRANT "
          "CREATE ON DATABASE"));
  EXPECT_EQ(CountSlots(), "0");
  host_.Value(CreateSql("{}", conninfo));
  EXPECT_EQ(CountSlots(), "1");
  cluster_->Exec("DROP ROLE streamer");
}

TEST_F(SlotTest, RoleWithoutReplication) {
  cluster_->Exec("CREATE ROLE reader LOGIN");
  EXPECT_THAT(host_.Error(CreateSql("{}", absl::StrCat(cluster_->conninfo(), " user=reader"))),
              HasSubstr("pg_slot_create: "));
  EXPECT_EQ(CountSlots(), "0");
  cluster_->Exec("DROP ROLE reader");
}

TEST_F(SlotTest, PublicationGoesAgainWhenTheSlotCannotBeMade) {
  cluster_->Exec("CREATE ROLE owner LOGIN; GRANT CREATE ON DATABASE postgres TO owner; ALTER TABLE zzz OWNER TO owner");
  host_.Error(CreateSql(R"({"plugin":"pgoutput","tables":"zzz"})", absl::StrCat(cluster_->conninfo(), " user=owner")));
  EXPECT_EQ(CountSlots(), "0");
  EXPECT_EQ(CountPublications(), "0");
  cluster_->Exec("ALTER TABLE zzz OWNER TO postgres; DROP OWNED BY owner CASCADE; DROP ROLE owner");
}

TEST_F(SlotTest, InterruptEndsTheWaitForOldTransactions) {
  lab::Session session(*cluster_);
  session.Exec("BEGIN");
  session.Exec("INSERT INTO zzz VALUES ('held', 'open')");
  std::thread interrupter([this] {
    EXPECT_TRUE(lab::WaitUntil([this] { return CountSlots() == "1"; }));
    sqlite3_interrupt(host_.db());
  });
  const absl::Time begin = absl::Now();
  EXPECT_EQ(host_.Error(CreateSql("{}")), "pg_slot_create: interrupted");
  interrupter.join();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  EXPECT_EQ(CountSlots(), "0");
  session.Exec("ROLLBACK");
}

TEST_F(SlotTest, ForeignSlotsAreNotDropped) {
  cluster_->Exec("SELECT pg_create_physical_replication_slot('mirror')");
  const std::string drop = absl::StrCat("SELECT pg_slot_drop(", lab::Literal(cluster_->conninfo()), ", 'mirror')");
  EXPECT_EQ(host_.Error(drop), "pg_slot_drop: replication slot \"mirror\" is a physical slot, expected a logical one");
  cluster_->Exec("SELECT pg_drop_replication_slot('mirror')");
  host_.Value(CreateSql("{}", absl::StrCat(cluster_->conninfo(), " dbname=template1")));
  EXPECT_EQ(host_.Error(drop),
            "pg_slot_drop: replication slot \"mirror\" belongs to database \"template1\", but the connection is to "
            "database \"postgres\"");
}

TEST_F(SlotTest, PasswordsAreNeverShown) {
  const std::string conninfo = "host=/nowhere dbname=prod password=sesame";
  for (const std::string& sql :
       {CreateSql("{}", conninfo), absl::StrCat("SELECT pg_slot_drop('", conninfo, "', 'mirror')"),
        absl::StrCat("SELECT * FROM pg_slots('", conninfo, "')")}) {
    EXPECT_THAT(host_.Error(sql), Not(HasSubstr("sesame")));
    EXPECT_THAT(host_.Error(sql), HasSubstr("could not connect to the server"));
  }
}

}  // namespace
}  // namespace deltamirror
