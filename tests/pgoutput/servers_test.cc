// Servers as they are: settings that are too low are found before anything is made; TLS, passwords, and a role that may
// do no more than it needs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/lab/process.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"

namespace deltamirror {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string CreateSql(const std::string& conninfo, const std::string& slot = "mirror",
                      const std::string& options = R"({"plugin":"pgoutput"})") {
  return absl::StrCat("SELECT pg_slot_create(", lab::Literal(conninfo), ", ", lab::Literal(slot), ", ",
                      lab::Literal(options), ")");
}

class ServerReadyTest : public ::testing::Test {
 protected:
  void ExpectNothingMade(lab::Cluster& cluster) {
    EXPECT_EQ(cluster.Value("SELECT count(*) FROM pg_publication"), "0");
    EXPECT_EQ(cluster.Value("SELECT count(*) FROM pg_namespace WHERE nspname = 'deltamirror'"), "0");
  }

  lab::Host host_;
};

TEST_F(ServerReadyTest, AWalLevelThatIsTooLow) {
  lab::Cluster cluster({.settings = {"wal_level=replica"}});
  EXPECT_THAT(
      host_.Error(CreateSql(cluster.conninfo())),
      HasSubstr("pg_slot_create: the server's setting wal_level is \"replica\", expected \"logical\". Use ALTER "
                "SYSTEM SET wal_level = logical, and restart the server"));
  ExpectNothingMade(cluster);
}

TEST_F(ServerReadyTest, NoFreeSlotAndNoWalsender) {
  lab::Cluster cluster({.settings = {"max_replication_slots=1", "max_wal_senders=0"}});
  EXPECT_THAT(
      host_.Error(CreateSql(cluster.conninfo())),
      HasSubstr("pg_slot_create: the server's setting max_wal_senders is 0, so that nobody could read the slot. "
                "Raise max_wal_senders and restart the server"));
  cluster.Exec("SELECT pg_create_logical_replication_slot('other', 'pgoutput')");
  EXPECT_THAT(host_.Error(CreateSql(cluster.conninfo())),
              HasSubstr("pg_slot_create: the server has no free replication slot: its setting max_replication_slots is "
                        "1. Drop a slot that nobody reads (pg_slots, pg_slot_drop), or raise max_replication_slots"));
  ExpectNothingMade(cluster);
}

// One walsender, which another reader has.
TEST_F(ServerReadyTest, NoWalsenderIsFree) {
  lab::Cluster cluster({.settings = {"max_wal_senders=1"}});
  lab::TempDir dir;
  host_.Exec(CreateSql(cluster.conninfo()));
  const auto stream = [&](const char* folder, const char* until) {
    return absl::StrCat("SELECT * FROM deltastream(", lab::Literal(cluster.conninfo()), ", 'mirror', ",
                        lab::Literal(dir.File(folder)), ", '{\"until\":\"", until, "\",\"reconnect\":false}')");
  };
  lab::Process other = lab::Process::Shell("", stream("one", "forever") + ";");
  ASSERT_TRUE(lab::WaitUntil([&] { return cluster.Value("SELECT count(*) FROM pg_stat_replication") == "1"; }));
  EXPECT_THAT(host_.Error(CreateSql(cluster.conninfo(), "second")),
              HasSubstr("pg_slot_create: the server has no free walsender, so that nobody could read the slot: its "
                        "setting max_wal_senders is 1, and all are in use. End one that is not needed "
                        "(pg_stat_replication), or raise max_wal_senders and restart the server"));
  EXPECT_THAT(host_.Error(stream("two", "caught_up")),
              AllOf(HasSubstr("deltastream: could not connect to the server"), HasSubstr("max_wal_senders"),
                    HasSubstr("End one that is not needed (pg_stat_replication), or raise max_wal_senders")));
  other.Kill(SIGINT);
  other.Wait();
}

// A slot made by others that sends transactions when they are prepared, which no mirror can undo.
TEST_F(ServerReadyTest, ASlotOfPreparedTransactionsIsRefusedUnlessItsPluginDoesNotTakeThem) {
  lab::Cluster cluster({.settings = {"max_prepared_transactions=2"}});
  if (cluster.Version() < 14) GTEST_SKIP() << "two_phase came with PostgreSQL 14";
  lab::TempDir dir;
  cluster.Exec("CREATE TABLE t (a int PRIMARY KEY); CREATE PUBLICATION mirror FOR TABLE t");
  cluster.Exec("SELECT pg_create_logical_replication_slot('mirror', 'pgoutput', false, true)");
  cluster.Exec("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'p'");
  const std::string stream = absl::StrCat("SELECT * FROM deltastream(", lab::Literal(cluster.conninfo()),
                                          ", 'mirror', ", lab::Literal(dir.path()), ", '{\"until\":\"caught_up\"}')");
  EXPECT_THAT(host_.Error(stream), HasSubstr("deltastream: replication slot \"mirror\" was made with two_phase"));
  cluster.Exec("SELECT pg_drop_replication_slot('mirror')");
  cluster.Exec("COMMIT PREPARED 'p'");
  cluster.Exec("SELECT pg_create_logical_replication_slot('mirror', 'pgoutput')");
  cluster.Exec("BEGIN; INSERT INTO t VALUES (2); PREPARE TRANSACTION 'p'");
  cluster.Exec("COMMIT PREPARED 'p'");
  host_.Exec(stream);
  EXPECT_EQ(host_.Value(
                absl::StrCat("SELECT count(*) FROM daystream(", lab::Literal(dir.path()), ") WHERE action = 'insert'")),
            "1");
}

class LostSlotTest : public ServerReadyTest {
 protected:
  void ExpectLost(lab::Cluster& cluster, const std::string& reason) {
    EXPECT_EQ(cluster.Value("SELECT wal_status FROM pg_replication_slots"), "lost");
    EXPECT_THAT(host_.Error(absl::StrCat("SELECT * FROM deltastream(", lab::Literal(cluster.conninfo()), ", 'mirror', ",
                                         lab::Literal(dir_.path()), ")")),
                AllOf(HasSubstr("replication slot \"mirror\" was invalidated by the server"), HasSubstr(reason)));
  }

  lab::TempDir dir_;
};

TEST_F(LostSlotTest, OneThatNobodyReads) {
  lab::Cluster cluster({.settings = {"max_slot_wal_keep_size=1MB"}});
  host_.Exec(CreateSql(cluster.conninfo()));
  for (int i = 0; i < 3; ++i) cluster.Exec("CREATE TABLE t (); DROP TABLE t; SELECT pg_switch_wal(); CHECKPOINT");
  ExpectLost(cluster, "WAL that it needs is gone (see max_slot_wal_keep_size)");
}

TEST_F(LostSlotTest, OneThatWasIdleForTooLong) {
  lab::Cluster cluster;
  LAB_NEEDS_VERSION(cluster, 18, "idle_replication_slot_timeout");
  host_.Exec(CreateSql(cluster.conninfo()));
  cluster.Exec("ALTER SYSTEM SET idle_replication_slot_timeout = '1s'");
  cluster.Exec("SELECT pg_reload_conf()");
  ASSERT_TRUE(lab::WaitUntil([&] {
    cluster.Exec("CHECKPOINT");
    return cluster.Value("SELECT wal_status FROM pg_replication_slots") == "lost";
  }));
  ExpectLost(cluster, "longer than the server's setting idle_replication_slot_timeout");
}

// TLS with a CA of the server's own, SCRAM, and the roles of docs/operations.md.
class LeastRightsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster_ = new lab::Cluster({.tcp = true});
    cluster_->Exec(
        "CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t VALUES (1, 'x'), (2, NULL);"
        "CREATE TABLE secret (a int PRIMARY KEY); CREATE PUBLICATION mirror FOR TABLE t;"
        "SET password_encryption = 'scram-sha-256';"
        "CREATE ROLE streamer LOGIN REPLICATION PASSWORD 'not-for-messages';"
        "CREATE ROLE reader LOGIN PASSWORD 'not-for-messages'; GRANT SELECT ON t TO reader");
  }
  static void TearDownTestSuite() { delete cluster_; }

  static std::string As(const std::string& role) {
    return absl::StrReplaceAll(cluster_->tcp_conninfo(), {{"user=postgres", "user=" + role}}) +
           " password=not-for-messages";
  }

  // While a stream runs, so that the mirror comes to where the server is.
  void ExpectVerified(const std::string& streamer, const std::string& reader) {
    lab::Process stream = lab::Process::Shell("", StreamSql(streamer, "forever") + ";");
    EXPECT_EQ(host_.Query(absl::StrCat("SELECT \"table\", equal FROM deltamirror_verify('m', ", lab::Literal(reader),
                                       R"(, '{"apply":true}'))")),
              (lab::Rows{{"t", "1"}}));
    stream.Kill(SIGINT);
    stream.Wait();
  }

  std::string StreamSql(const std::string& conninfo, const std::string& until = "caught_up") {
    return absl::StrCat("SELECT * FROM deltastream(", lab::Literal(conninfo), ", 'mirror', ",
                        lab::Literal(dir_.File("daystream")), ", '{\"until\":\"", until,
                        R"(","publication":"mirror"}'))");
  }

  // The whole way, each step with the role that is enough for it.
  void FollowAll(const std::string& streamer, const std::string& reader) {
    host_.Exec(CreateSql(streamer, "mirror", R"({"publication":"mirror"})"));
    host_.Exec(StreamSql(streamer));
    host_.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", dir_.File("daystream"), "')"));
    EXPECT_EQ(host_.Value(absl::StrCat("SELECT deltamirror_bootstrap('m', ", lab::Literal(reader), ", 't')")), "2");
    cluster_->Exec("INSERT INTO t VALUES (3, 'y'); DELETE FROM t WHERE a = 1");
    host_.Exec(StreamSql(streamer));
    host_.Exec("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')");
    EXPECT_EQ(host_.Query("SELECT a, b FROM t ORDER BY a"), cluster_->Query("SELECT a, b FROM t ORDER BY a"));
    ExpectVerified(streamer, reader);
    EXPECT_EQ(host_.Value(absl::StrCat("SELECT pg_import(", lab::Literal(reader), ", 't', 'copy')")), "2");
    EXPECT_EQ(host_.Value(absl::StrCat("SELECT pg_slot_drop(", lab::Literal(streamer), ", 'mirror')")), "1");
    cluster_->Exec("TRUNCATE t; INSERT INTO t VALUES (1, 'x'), (2, NULL)");
  }

  static inline lab::Cluster* cluster_ = nullptr;
  lab::TempDir dir_;
  lab::Host host_{dir_.File("mirror.db")};
};

TEST_F(LeastRightsTest, AreEnough) {
  FollowAll(As("streamer"), As("reader"));
}

TEST_F(LeastRightsTest, AreEnoughForTheRest) {
  cluster_->Exec(
      "CREATE ROLE writer LOGIN PASSWORD 'not-for-messages'; CREATE TABLE target (a int PRIMARY KEY, b text);"
      "GRANT INSERT ON target TO writer; CREATE ROLE keeper LOGIN PASSWORD 'not-for-messages';"
      "GRANT CREATE ON DATABASE postgres TO keeper");
  const std::string reader = lab::Literal(As("reader"));
  const std::string writer = lab::Literal(As("writer"));
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT count(*) FROM pg_query(", reader, ", 'SELECT * FROM t')")), "2");
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT count(*) FROM pg_schema(", reader, ", 't')")), "2");
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT count(*) FROM pg_slots(", reader, ")")), "0");
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT pg_export(", writer, ", 'SELECT 1 AS a, ''x'' AS b', 'target')")), "1");
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT pg_exec(", writer, ", 'INSERT INTO target VALUES (2)')")), "1");
  EXPECT_THAT(host_.Error(absl::StrCat("SELECT pg_export(", reader, ", 'SELECT 1 AS a', 'target')")),
              HasSubstr("permission denied for table target"));
  EXPECT_THAT(host_.Error(absl::StrCat("SELECT pg_schema_save(", reader, ", 't')")),
              HasSubstr("permission denied for database postgres"));
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT pg_schema_save(", lab::Literal(As("keeper")), ", 't')")), "1");
  // later calls, and a refresh
  cluster_->Exec(
      "CREATE ROLE later LOGIN PASSWORD 'not-for-messages'; GRANT USAGE ON SCHEMA deltamirror TO later;"
      "GRANT INSERT ON ALL TABLES IN SCHEMA deltamirror TO later;"
      "GRANT SELECT (id) ON deltamirror.saved_table TO later; GRANT DELETE ON target TO writer");
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT pg_schema_save(", lab::Literal(As("later")), ", 't')")), "1");
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT pg_export(", writer,
                                     R"(, 'SELECT 3 AS a, ''x'' AS b', 'target', '{"mode":"refresh"}'))")),
            "1");
  EXPECT_EQ(cluster_->Query("SELECT a FROM target"), (lab::Rows{{"3"}}));
  cluster_->Exec("DROP OWNED BY later; DROP ROLE later");
  cluster_->Exec(
      "DROP SCHEMA deltamirror CASCADE; DROP TABLE target; DROP OWNED BY writer, keeper; DROP ROLE writer, keeper");
}

// A publication of its own needs the tables and CREATE; what is to be remembered, CREATE for the first call.
TEST_F(LeastRightsTest, AreEnoughForAPublicationOfItsOwn) {
  cluster_->Exec(
      "CREATE ROLE owner LOGIN REPLICATION PASSWORD 'not-for-messages'; GRANT CREATE ON DATABASE postgres TO owner;"
      "CREATE TABLE owned (a int PRIMARY KEY); ALTER TABLE owned OWNER TO owner");
  const std::string owner = As("owner");
  host_.Exec(CreateSql(owner, "own", R"({"plugin":"pgoutput","tables":"owned"})"));
  cluster_->Exec("INSERT INTO owned VALUES (1)");
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT sum(records) FROM deltastream(", lab::Literal(owner), ", 'own', ",
                                     lab::Literal(dir_.File("own")), R"(, '{"until":"caught_up"}'))")),
            "3");
  EXPECT_EQ(host_.Query(absl::StrCat("SELECT name, plugin, active FROM pg_slots(", lab::Literal(As("reader")), ")")),
            (lab::Rows{{"own", "pgoutput", "0"}}));
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT pg_slot_drop(", lab::Literal(owner), ", 'own')")), "1");
  EXPECT_EQ(cluster_->Value("SELECT count(*) FROM pg_publication"), "1") << "its own goes with it";
  cluster_->Exec("DROP SCHEMA IF EXISTS deltamirror CASCADE; DROP OWNED BY owner; DROP ROLE owner");
}

TEST_F(LeastRightsTest, AreEnoughForAHeartbeat) {
  host_.Exec(CreateSql(As("streamer"), "mirror", R"({"publication":"mirror"})"));
  host_.Exec(StreamSql(As("streamer")));
  lab::Process stream = lab::Process::Shell(
      "", absl::StrReplaceAll(StreamSql(As("streamer"), "forever"), {{"{", "{\"heartbeat\":1,"}}) + ";");
  const std::string commits = absl::StrCat("SELECT count(*) > 1 FROM daystream(", lab::Literal(dir_.File("daystream")),
                                           ") WHERE action = 'commit'");
  EXPECT_TRUE(lab::WaitUntil([&] { return !stream.Running() || host_.Value(commits) == "1"; }));
  ASSERT_TRUE(stream.Running()) << stream.Errors();
  stream.Kill(SIGINT);
  stream.Wait();
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT pg_slot_drop(", lab::Literal(As("streamer")), ", 'mirror')")), "1");
}

TEST_F(LeastRightsTest, LessIsRefused) {
  EXPECT_THAT(host_.Error(CreateSql(As("reader"), "mirror", R"({"publication":"mirror"})")),
              AllOf(HasSubstr("pg_slot_create: "), HasSubstr("replication"), Not(HasSubstr("not-for-messages"))));
  EXPECT_THAT(host_.Error(absl::StrCat("SELECT pg_import(", lab::Literal(As("streamer")), ", 't', 'copy')")),
              HasSubstr("permission denied for table t"));
  EXPECT_EQ(cluster_->Value("SELECT count(*) FROM pg_replication_slots"), "0");
}

TEST_F(LeastRightsTest, ThroughTlsWithVerifyFullAndScram) {
  // Some builds of the server are without TLS.
  if (cluster_->Value("SELECT count(*) FROM pg_settings WHERE name = 'ssl_library' AND setting <> ''") == "0") {
    GTEST_SKIP() << "the server was built without TLS";
  }
  const std::string keys = cluster_->path() + "/data";
  lab::Process openssl({"sh", "-ec", absl::StrCat("cd ", keys, R"(
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=lab-ca -keyout ca.key -out ca.crt
openssl req -newkey rsa:2048 -nodes -subj /CN=server -keyout server.key -out server.csr
printf 'subjectAltName=IP:127.0.0.1\n' >ext
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out server.crt
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout other.key -out other.crt
chmod 600 server.key
chown --reference=. server.key server.crt
printf 'local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n' >pg_hba.conf
)")});
  ASSERT_EQ(openssl.Wait(), 0) << openssl.Errors();
  cluster_->Exec("ALTER SYSTEM SET ssl = on");
  cluster_->Exec("SELECT pg_reload_conf()");
  const std::string verified = absl::StrCat(" sslmode=verify-full sslrootcert=", keys, "/ca.crt");
  FollowAll(As("streamer") + verified, As("reader") + verified);
  EXPECT_THAT(
      host_.Error(StreamSql(As("streamer") + absl::StrCat(" sslmode=verify-full sslrootcert=", keys, "/other.crt"))),
      AllOf(HasSubstr("certificate verify failed"), Not(HasSubstr("not-for-messages"))));
  // The certificate is the address's, not the name's.
  EXPECT_THAT(
      host_.Error(StreamSql(
          absl::StrReplaceAll(As("streamer"), {{"host=127.0.0.1", "host=localhost hostaddr=127.0.0.1"}}) + verified)),
      HasSubstr("does not match host name \"localhost\""));
  EXPECT_THAT(host_.Error(CreateSql(absl::StrReplaceAll(As("streamer"), {{"not-for-messages", "wrong"}}) + verified)),
              HasSubstr("password authentication failed for user \"streamer\""));
}

}  // namespace
}  // namespace deltamirror
