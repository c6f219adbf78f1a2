// Servers on which nothing happens, or not in our database, and servers whose clock is off.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/lab/process.h"
#include "tests/lab/wait.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

std::string SlotOptions(const std::string& plugin) {
  return absl::StrCat(R"({"plugin":")", plugin, R"("})");
}

// A deltastream that runs until the end.
class Running {
 public:
  Running(const lab::MirrorLab& lab, const std::string& options)
      : process_(lab::Process::Shell(
            "", absl::StrCat("SELECT * FROM deltastream(", lab::Literal(lab.cluster.conninfo()), ", 'mirror', ",
                             lab::Literal(lab.Daystream()), ", ", lab::Literal(options), ")"))) {}
  ~Running() {
    process_.Kill(SIGINT);
    process_.Wait();
  }

  bool Runs() { return process_.Running(); }
  std::string Errors() const { return process_.Errors(); }

 private:
  lab::Process process_;
};

// By plugin, and the server's wal_sender_timeout.
class IdleTest : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  IdleTest() : lab_({.settings = {absl::StrCat("wal_sender_timeout=", std::get<1>(GetParam()))}}) {}

  void SetUp() override {
    if (Plugin() == "deltaflood") LAB_NEEDS_DELTAFLOOD();
    lab_.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY)");
    lab_.cluster.Exec("CREATE DATABASE busy");
    lab_.Begin(SlotOptions(Plugin()));
  }

  static std::string Plugin() { return std::get<0>(GetParam()); }

  std::string Walsender() { return lab_.cluster.Value("SELECT coalesce(max(pid), 0) FROM pg_stat_replication"); }

  void WriteElsewhere() {
    lab::Process busy({"psql", "-XAtqd", absl::StrCat(lab_.cluster.conninfo(), " dbname=busy"), "-c",
                       "CREATE TABLE IF NOT EXISTS b (a text); INSERT INTO b SELECT repeat('x', 100) FROM "
                       "generate_series(1, 20000)"});
    EXPECT_EQ(busy.Wait(), 0) << busy.Errors();
  }

  // Whether the slot lets go of everything that was written up to now.
  bool Advances() {
    const std::string end = lab_.cluster.Value("SELECT pg_current_wal_flush_lsn()");
    return lab::WaitUntil([&] {
      return lab_.cluster.Value(absl::StrCat("SELECT confirmed_flush_lsn >= '", end,
                                             "' FROM pg_replication_slots WHERE slot_name = 'mirror'")) == "t";
    });
  }

  lab::MirrorLab lab_;
};

TEST_P(IdleTest, TheSlotOfAnIdleDatabaseAdvances) {
  Running stream(lab_, R"({"status_interval":1})");
  ASSERT_TRUE(lab::WaitUntil([this] { return Walsender() != "0"; })) << stream.Errors();
  WriteElsewhere();
  EXPECT_TRUE(Advances()) << stream.Errors();
  EXPECT_EQ(lab_.host.Value(absl::StrCat("SELECT count(*) FROM daystream(", lab::Literal(lab_.Daystream()), ")")), "0");
}

TEST_P(IdleTest, TheConnectionHolds) {
  Running stream(lab_, R"({"status_interval":30})");
  ASSERT_TRUE(lab::WaitUntil([this] { return Walsender() != "0"; })) << stream.Errors();
  const std::string first = Walsender();
  const std::string begin = lab_.cluster.Value("SELECT clock_timestamp()");
  ASSERT_TRUE(lab::WaitUntil([&] {
    return lab_.cluster.Value(absl::StrCat("SELECT clock_timestamp() > timestamptz '", begin, "' + interval '6 s'")) ==
           "t";
  }));
  EXPECT_EQ(Walsender(), first) << stream.Errors();
}

TEST_P(IdleTest, HeartbeatsTellTheTime) {
  lab_.Bootstrap("t");
  Running stream(lab_, R"({"heartbeat":1})");
  const std::string ends =
      absl::StrCat("SELECT count(*) >= 2 FROM daystream(", lab::Literal(lab_.Daystream()), ") WHERE action = 'commit'");
  ASSERT_TRUE(lab::WaitUntil([&] { return lab_.host.Value(ends) == "1"; })) << stream.Errors();
  EXPECT_EQ(lab_.host.Value(absl::StrCat("SELECT count(*) FROM daystream(", lab::Literal(lab_.Daystream()),
                                         ") WHERE action <> 'commit'")),
            "0");
  lab_.host.Exec("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')");
  EXPECT_EQ(lab_.host.Value("SELECT lsn IS NOT NULL AND commit_time IS NOT NULL FROM m WHERE \"table\" = 't'"), "1");
  WriteElsewhere();
  EXPECT_TRUE(Advances()) << stream.Errors();
}

INSTANTIATE_TEST_SUITE_P(Servers, IdleTest,
                         ::testing::Combine(::testing::Values("pgoutput", "deltaflood"), ::testing::Values("0", "2s")),
                         [](const auto& info) {
                           return absl::StrCat(std::get<0>(info.param), "_", std::get<1>(info.param));
                         });

// By plugin, and the server's clock.
class ClockOffTest : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  ClockOffTest() : lab_({.clock = std::get<1>(GetParam())}) {}

  void SetUp() override {
    if (std::get<0>(GetParam()) == "deltaflood") LAB_NEEDS_DELTAFLOOD();
  }

  double Lag(const std::string& from) {
    return std::stod(lab_.host.Value("SELECT ifnull(lag_seconds, -1) FROM " + from));
  }

  lab::MirrorLab lab_;
};

TEST_P(ClockOffTest, CopyStreamAndComparisonAreRight) {
  lab_.cluster.Exec(
      "CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t SELECT i, 'x' FROM generate_series(1, 100) i");
  lab_.Begin(SlotOptions(std::get<0>(GetParam())));
  lab::Session open(lab_.cluster);  // across the copy
  open.Exec("BEGIN");
  open.Exec("INSERT INTO t VALUES (1000, 'open')");
  lab_.cluster.Exec("UPDATE t SET b = 'before' WHERE a <= 10");
  lab_.Stream();
  EXPECT_EQ(lab_.Bootstrap("t"), "100");
  open.Exec("COMMIT");
  lab_.cluster.Exec("UPDATE t SET b = 'behind' WHERE a > 90; DELETE FROM t WHERE a = 1");
  lab_.Stream();
  EXPECT_GE(Lag("deltamirror('m', '{\"until\":\"caught_up\"}')"), 0);
  lab_.ExpectEqual("t", "a, b");
  EXPECT_EQ(lab_.host.Value(
                absl::StrCat("SELECT equal FROM deltamirror_verify('m', ", lab::Literal(lab_.cluster.conninfo()), ")")),
            "1");
  EXPECT_GE(Lag("m"), 0);
}

INSTANTIATE_TEST_SUITE_P(Offsets, ClockOffTest,
                         ::testing::Combine(::testing::Values("pgoutput", "deltaflood"),
                                            ::testing::Values("+2h", "-2h")),
                         [](const auto& info) {
                           return std::get<0>(info.param) + (std::get<1>(info.param)[0] == '+' ? "_ahead" : "_behind");
                         });

}  // namespace
}  // namespace deltamirror
