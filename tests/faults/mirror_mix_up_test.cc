// Mirrors and daystreams that do not belong together, or no longer reach one another: refused, with what to do; and
// what the user is told to do, helps.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "daystream/files.h"
#include "daystream/source.h"
#include "daystream/writer.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kAgain[] = R"({"again":true})";
constexpr char kCaughtUp[] = R"('{"until":"caught_up"}')";
constexpr int64_t kDay = 86400;

class MirrorMixUpTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete cluster_; }

  MirrorMixUpTest() {
    lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (a int PRIMARY KEY)");
    lab_.cluster.Exec("INSERT INTO t VALUES (1); INSERT INTO u VALUES (1)");
  }

  void CreateSlot(const std::string& name) {
    lab_.host.Exec(absl::StrCat("SELECT pg_slot_create(", Conninfo(), ", '", name, "')"));
  }
  void StreamInto(const std::string& slot, const std::string& directory) {
    lab_.host.Exec(absl::StrCat("SELECT * FROM deltastream(", Conninfo(), ", '", slot, "', ", lab::Literal(directory),
                                ", ", kCaughtUp, ")"));
  }
  std::string FollowError() { return lab_.host.Error(absl::StrCat("SELECT * FROM deltamirror('m', ", kCaughtUp, ")")); }
  std::string BootstrapError(const std::string& tables, const std::string& options = "{}") {
    return lab_.host.Error(lab_.BootstrapSql(tables, options));
  }
  std::string Conninfo() const { return lab::Literal(lab_.cluster.conninfo()); }

  // A daystream that was begun ten days ago, has a transaction of that day and one of five days ago, and is fed by the
  // slot "mirror" from now on.
  void BeginLongAgo() {
    CreateSlot("mirror");
    daystream::SourceInfo source;
    source.system_identifier = lab_.cluster.Value("SELECT system_identifier FROM pg_control_system()");
    source.timeline = 1;
    source.database = "postgres";
    source.slot = "mirror";
    source.plugin = "deltaflood";
    source.confirmed_lsn = lab_.cluster.Value("SELECT confirmed_flush_lsn FROM pg_replication_slots");
    int64_t clock = absl::ToUnixSeconds(absl::Now()) - 10 * kDay;
    const auto writer = daystream::Writer::Open(lab_.Daystream(), source, {.clock = [&clock] { return clock; }});
    ASSERT_TRUE(writer.ok()) << writer.status();
    ASSERT_TRUE((*writer)->Append("_xid\t1\t_lsn\t0/1\t_action\tcommit").ok());
    clock += 5 * kDay;
    ASSERT_TRUE((*writer)->Append("_xid\t2\t_lsn\t0/2\t_action\tcommit").ok());
    ASSERT_TRUE((*writer)->Sync().ok());
  }
  // The mirror has not run for a week, and the first file is gone.
  void Prune() {
    lab_.host.Exec(absl::StrCat("UPDATE m_state SET clock = clock - ", 7 * kDay));
    std::filesystem::remove(absl::StrCat(lab_.Daystream(), "/", daystream::ListDayFiles(lab_.Daystream())->front()));
  }
  void MakeMirror(const std::string& arguments = "") {
    lab_.host.Exec(absl::StrCat("DROP TABLE IF EXISTS m; CREATE VIRTUAL TABLE m USING daystream_apply(source='",
                                lab_.Daystream(), "'", arguments, ")"));
  }

  static lab::Cluster* cluster_;
  lab::MirrorLab lab_{cluster_};
};

lab::Cluster* MirrorMixUpTest::cluster_ = nullptr;

TEST_F(MirrorMixUpTest, ADaystreamThatWasBegunAnewIsRefused) {
  lab_.Begin();
  lab_.Bootstrap("t");
  lab_.CatchUp();
  // (a) Slot and daystream are made anew; what is written between is in neither.
  lab_.cluster.Exec("SELECT pg_drop_replication_slot('mirror')");
  std::filesystem::remove_all(lab_.Daystream());
  lab_.cluster.Exec("INSERT INTO t VALUES (2)");
  absl::SleepFor(absl::Milliseconds(1100));
  CreateSlot("mirror");
  lab_.Stream();
  for (const std::string& error : {FollowError(), BootstrapError("t", kAgain)}) {
    EXPECT_THAT(error, AllOf(HasSubstr("is another one, though of the same slot: it was begun at "),
                             HasSubstr("and changes between the two are missing."),
                             HasSubstr("make a new mirror and bootstrap it")));
  }
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM t"), "1");
  // (b) What the message says.
  lab_.host.Exec("DROP TABLE t");
  MakeMirror();
  lab_.Bootstrap("t");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a");
}

TEST_F(MirrorMixUpTest, TheDaystreamOfAnotherSlotIsRefused) {
  lab_.Begin();
  lab_.Bootstrap("t");
  lab_.CatchUp();
  const std::string other = lab_.dir.File("other");
  CreateSlot("second");
  StreamInto("second", other);
  const std::string own = lab_.dir.File("own");
  std::filesystem::rename(lab_.Daystream(), own);
  std::filesystem::rename(other, lab_.Daystream());
  for (const std::string& error : {FollowError(), BootstrapError("t", kAgain), BootstrapError("u")}) {
    EXPECT_THAT(error,
                AllOf(HasSubstr("is of another source: it comes from slot \"second\""),
                      HasSubstr("but the mirror follows slot \"mirror\""), HasSubstr("Name the right daystream")));
  }
  // It is named again, and the mirror goes on.
  std::filesystem::remove_all(lab_.Daystream());
  std::filesystem::rename(own, lab_.Daystream());
  lab_.cluster.Exec("INSERT INTO t VALUES (2)");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a");
}

// The copy was made, but the mirror stayed where it could not go on.
TEST_F(MirrorMixUpTest, AMirrorWhosePositionIsGoneBeginsAnewWithAllOfItsTables) {
  BeginLongAgo();
  lab_.Stream();
  MakeMirror();
  lab_.Bootstrap("t,u");
  lab_.cluster.Exec("INSERT INTO t VALUES (9)");
  lab_.CatchUp();
  Prune();
  EXPECT_THAT(FollowError(), HasSubstr("is no longer in daystream"));
  // (a) The other table still needs what is gone.
  EXPECT_THAT(BootstrapError("t", kAgain),
              AllOf(HasSubstr("deltamirror_bootstrap: mirror \"m\" is at position"), HasSubstr("is no longer in"),
                    HasSubstr("its table \"u\" still needs what lies behind it. Copy all of its tables at once")));
  // (b) Nothing needs it.
  lab_.cluster.Exec("INSERT INTO t VALUES (2)");
  lab_.Bootstrap("t,u", kAgain);
  lab_.cluster.Exec("INSERT INTO t VALUES (3); UPDATE u SET a = 7");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a");
  lab_.ExpectEqual("u", "a");
}

// The table that was not copied appeared with its next change, and with that change alone.
TEST_F(MirrorMixUpTest, AMirrorOfAllTablesIsToCopyAllThatAreThere) {
  lab_.Begin();
  MakeMirror(", tables='*'");
  EXPECT_THAT(BootstrapError("t"),
              AllOf(HasSubstr("deltamirror_bootstrap: mirror \"m\" takes tables \"*\", but table \"u\" "
                              "is not among those to copy"),
                    HasSubstr("name the tables that the mirror takes in its argument \"tables\"")));
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM m_table"), "0");
  lab_.Bootstrap("*");
  // What is new later is whole from its beginning; it need not be copied when another one is.
  lab_.cluster.Exec("CREATE TABLE v (a int PRIMARY KEY); INSERT INTO v VALUES (1)");
  lab_.Bootstrap("t", kAgain);
  lab_.cluster.Exec("INSERT INTO u VALUES (2); INSERT INTO v VALUES (2)");
  lab_.CatchUp();
  for (const char* table : {"t", "u", "v"}) lab_.ExpectEqual(table, "a");
}

TEST_F(MirrorMixUpTest, AMirrorOfAllTablesIsNotToCopyWhatTheSlotDoesNotSend) {
  lab_.Begin(R"({"tables":"t"})");
  MakeMirror(", tables='*'");
  lab_.Bootstrap("t");
  lab_.cluster.Exec("INSERT INTO t VALUES (2); INSERT INTO u VALUES (2)");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "a");
}

}  // namespace
}  // namespace deltamirror
