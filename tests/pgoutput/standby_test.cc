// Slots on a standby (PostgreSQL 16 and later) and slots that standbys keep, too (17 and later); and the refusal of
// older servers, which says what they lack.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/lab/process.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

std::string CreateSql(const lab::Cluster& cluster, const std::string& options) {
  return absl::StrCat("SELECT pg_slot_create(", lab::Literal(cluster.conninfo()), ", 'mirror', ", lab::Literal(options),
                      ");");
}

class StandbyTest : public ::testing::Test {
 protected:
  // The standby begins as a copy of the primary, which was stopped for it.
  StandbyTest() {
    primary_.Exec(
        "CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t VALUES (1, 'x');"
        "CREATE PUBLICATION mirror FOR TABLE t");
    primary_.Stop();
    standby_.Stop();
    const std::string from = primary_.path() + "/data";
    const std::string to = standby_.path() + "/data";
    lab::Process copy({"sh", "-ec",
                       absl::StrCat("cp ", to, "/lab.conf ", to, ".conf; rm -rf ", to, "; cp -a ", from, " ", to,
                                    "; cp ", to, ".conf ", to, "/lab.conf; touch ", to, "/standby.signal")});
    EXPECT_EQ(copy.Wait(), 0) << copy.Errors();
    lab::WriteFile(to + "/postgresql.auto.conf",
                   absl::StrCat("primary_conninfo = '", primary_.conninfo(), "'\nhot_standby_feedback = on\n"));
    primary_.Start();
    standby_.Start();
  }

  // The server waits for a snapshot of the primary's running transactions, which is logged now and then, or when asked.
  void CreateOnStandby() {
    lab::Process create = lab::Process::Shell("", CreateSql(standby_, R"({"publication":"mirror"})"));
    ASSERT_TRUE(lab::WaitUntil([&] {
      primary_.Exec("SELECT pg_log_standby_snapshot()");
      return !create.Running();
    }));
    EXPECT_EQ(create.Wait(), 0) << create.Errors();
  }

  void Stream() {
    const std::string end = primary_.Value("SELECT pg_current_wal_flush_lsn()");
    ASSERT_TRUE(lab::WaitUntil(
        [&] { return standby_.Value(absl::StrCat("SELECT pg_last_wal_replay_lsn() >= '", end, "'")) == "t"; }));
    host_.Exec(absl::StrCat("SELECT * FROM deltastream(", lab::Literal(standby_.conninfo()), ", 'mirror', ",
                            lab::Literal(dir_.File("daystream")), R"(, '{"until":"caught_up"}'))"));
  }

  lab::TempDir dir_;
  lab::Cluster primary_;
  lab::Cluster standby_;
  lab::Host host_{dir_.File("mirror.db")};
};

TEST_F(StandbyTest, FeedsAMirrorWhoseFirstCopyIsThePrimarys) {
  if (primary_.Version() < 16) {
    EXPECT_THAT(host_.Error(CreateSql(standby_, R"({"publication":"mirror"})")),
                HasSubstr(absl::StrCat("pg_slot_create: the server is a standby, whose slots for logical decoding need "
                                       "PostgreSQL 16 or later, the server is ",
                                       primary_.Version(), ". Make the slot on the primary, and read it there")));
    return;
  }
  CreateOnStandby();
  primary_.Exec("INSERT INTO t VALUES (2, 'y')");
  Stream();
  host_.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", dir_.File("daystream"), "')"));
  EXPECT_THAT(
      host_.Error(absl::StrCat("SELECT deltamirror_bootstrap('m', ", lab::Literal(standby_.conninfo()), ", 't')")),
      HasSubstr("the server is a standby, expected the primary"));
  EXPECT_EQ(
      host_.Value(absl::StrCat("SELECT deltamirror_bootstrap('m', ", lab::Literal(primary_.conninfo()), ", 't')")),
      "2");
  primary_.Exec("INSERT INTO t VALUES (3, 'z'); UPDATE t SET b = 'new' WHERE a = 2; DELETE FROM t WHERE a = 1");
  Stream();
  host_.Exec("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')");
  EXPECT_EQ(host_.Query("SELECT a, b FROM t ORDER BY a"), primary_.Query("SELECT a, b FROM t ORDER BY a"));
}

// Only the primary can write down which publication it is to be.
TEST_F(StandbyTest, CannotMakeAPublication) {
  LAB_NEEDS_VERSION(primary_, 16, "slots on a standby");
  EXPECT_THAT(host_.Error(CreateSql(standby_, R"({"plugin":"pgoutput"})")),
              HasSubstr("pg_slot_create: the server is a standby, where no publication can be made. Make one on the "
                        "primary, and name it with option \"publication\""));
}

TEST_F(StandbyTest, HasNoFailoverSlotsOfItsOwn) {
  LAB_NEEDS_VERSION(primary_, 17, "failover");
  EXPECT_THAT(host_.Error(CreateSql(standby_, R"({"publication":"mirror","failover":true})")),
              HasSubstr("pg_slot_create: the server is a standby, which keeps the primary's slots of option "
                        "\"failover\" and has none of its own. Make the slot on the primary"));
}

// Rows of the catalog are removed on a primary that does not know of the slot.
TEST_F(StandbyTest, ASlotThatThePrimaryDidNotKeepIsExplained) {
  LAB_NEEDS_VERSION(primary_, 16, "slots on a standby");
  CreateOnStandby();
  standby_.Exec("ALTER SYSTEM SET hot_standby_feedback = off");
  standby_.Exec("SELECT pg_reload_conf()");
  ASSERT_TRUE(lab::WaitUntil([&] {
    primary_.Exec("CREATE TABLE gone (a int)");
    primary_.Exec("DROP TABLE gone");
    primary_.Exec("VACUUM pg_class");
    return standby_.Value("SELECT wal_status FROM pg_replication_slots") == "lost";
  }));
  EXPECT_THAT(host_.Error(absl::StrCat("SELECT * FROM deltastream(", lab::Literal(standby_.conninfo()), ", 'mirror', ",
                                       lab::Literal(dir_.File("daystream")), ")")),
              HasSubstr("(use hot_standby_feedback = on, and a slot of the primary for the standby, "
                        "primary_slot_name)"));
}

// As docs/operations.md says that a primary and the standby that is to take over are set.
class FailoverTest : public StandbyTest {
 protected:
  void Begin() {
    primary_.Exec("SELECT pg_create_physical_replication_slot('standby', true)");
    for (const char* const setting : {"primary_slot_name = 'standby'", "sync_replication_slots = on"}) {
      standby_.Exec(absl::StrCat("ALTER SYSTEM SET ", setting));
    }
    standby_.Restart();
    host_.Exec(CreateSql(primary_, R"({"publication":"mirror","failover":true})"));
    EXPECT_EQ(StreamFrom(primary_), "");
    host_.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", dir_.File("daystream"), "')"));
    host_.Exec(absl::StrCat("SELECT deltamirror_bootstrap('m', ", lab::Literal(primary_.conninfo()), ", 't')"));
    ASSERT_TRUE(lab::WaitUntil([&] {
      primary_.Exec("SELECT pg_log_standby_snapshot()");
      EXPECT_EQ(StreamFrom(primary_), "");
      return standby_.Value("SELECT count(*) FROM pg_replication_slots WHERE synced AND NOT temporary") == "1";
    }));
  }

  void WaitForStandby() {
    primary_.Exec("ALTER SYSTEM SET synchronized_standby_slots = 'standby'");
    primary_.Exec("SELECT pg_reload_conf()");
  }

  // The message if that is refused, else "".
  std::string StreamFrom(const lab::Cluster& cluster) {
    char* message = nullptr;
    sqlite3_exec(host_.db(),
                 absl::StrCat("SELECT * FROM deltastream(", lab::Literal(cluster.conninfo()), ", 'mirror', ",
                              lab::Literal(dir_.File("daystream")), R"(, '{"until":"caught_up"}'))")
                     .c_str(),
                 nullptr, nullptr, &message);
    const std::string text = message == nullptr ? "" : message;
    sqlite3_free(message);
    return text;
  }
};

TEST_F(FailoverTest, TheStreamGoesOnFromTheStandbyThatTookOver) {
  LAB_NEEDS_VERSION(primary_, 17, "failover");
  Begin();
  WaitForStandby();
  primary_.Exec("INSERT INTO t VALUES (2, 'y'); UPDATE t SET b = 'new' WHERE a = 1");
  EXPECT_EQ(StreamFrom(primary_), "");
  primary_.Stop("immediate");
  standby_.Exec("SELECT pg_promote()");
  standby_.Exec("INSERT INTO t VALUES (3, 'z'); DELETE FROM t WHERE a = 1");
  EXPECT_EQ(StreamFrom(standby_), "");
  host_.Exec("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')");
  EXPECT_EQ(host_.Query("SELECT a, b FROM t ORDER BY a"), (lab::Rows{{"2", "y"}, {"3", "z"}}));
  EXPECT_EQ(standby_.Query("SELECT a, b FROM t ORDER BY a"), (lab::Rows{{"2", "y"}, {"3", "z"}}));
}

// Without synchronized_standby_slots the daystream may have what the standby never got.
TEST_F(FailoverTest, AStandbyThatWasBehindIsRefused) {
  LAB_NEEDS_VERSION(primary_, 17, "failover");
  Begin();
  standby_.Stop();
  primary_.Exec("INSERT INTO t VALUES (2, 'y')");
  EXPECT_EQ(StreamFrom(primary_), "");
  primary_.Stop("immediate");
  standby_.Start();
  standby_.Exec("SELECT pg_promote()");
  EXPECT_THAT(StreamFrom(standby_), HasSubstr("a standby was promoted, or a backup restored, without these changes"));
}

TEST(FailoverSlotTest, GoesNotWithATemporarySlot) {
  lab::Cluster cluster;
  lab::Host host;
  EXPECT_THAT(host.Error(CreateSql(cluster, R"({"plugin":"pgoutput","failover":true,"temporary":true})")),
              HasSubstr("pg_slot_create: options \"failover\" and \"temporary\" exclude each other"));
}

TEST(FailoverSlotTest, IsKeptOnStandbysWhereTheServerCan) {
  lab::Cluster cluster;
  lab::Host host;
  const std::string create = CreateSql(cluster, R"({"plugin":"pgoutput","failover":true})");
  if (cluster.Version() < 17) {
    EXPECT_THAT(host.Error(create),
                HasSubstr("pg_slot_create: option \"failover\" needs PostgreSQL 17 or later, the server is "));
    return;
  }
  host.Exec(create);
  EXPECT_EQ(cluster.Value("SELECT failover FROM pg_replication_slots"), "t");
}

}  // namespace
}  // namespace deltamirror
