// First copies at random moments while applications write: in the end each mirror equals its source, row by row.
//
// HANDOVER_ROUNDS in the environment is the number of rounds (8 by default) with each plugin, HANDOVER_SECONDS,
// instead, for how long there are rounds with each, HANDOVER_SEED another course of events. Under Bazel:
// --test_env=HANDOVER_ROUNDS=500 --test_env=HANDOVER_SEED=7 --test_timeout=7200.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/handover/writers.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/lab/process.h"
#include "tests/lab/wait.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

constexpr char kTables[] = "account,bulk,history,token";

int FromEnvironment(const char* name, int fallback) {
  const char* text = std::getenv(name);
  int number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : fallback;
}

// A SQLite file of its own with a mirror of the lab's daystream.
class Mirror {
 public:
  explicit Mirror(lab::MirrorLab* lab)
      : lab_(lab), file_(lab->dir.File(absl::StrCat("mirror", ++count_, ".db"))), host_(file_) {
    // A row that is not there is never expected.
    host_.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", lab->Daystream(),
                            "', on_missing='error', on_conflict='error')"));
  }

  std::string BootstrapSql(const std::string& tables) const {
    return lab_->BootstrapSql(tables, R"({"again":true,"progress":false})");
  }
  void Bootstrap(const std::string& tables) { host_.Value(BootstrapSql(tables)); }
  void Apply() { host_.Exec("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')"); }

  // At any moment: what is there, was there in PostgreSQL after some commit.
  void ExpectInvariants() {
    EXPECT_EQ(host_.Value("SELECT sum(balance) FROM account"), "0");
    EXPECT_EQ(host_.Value("SELECT count(*) FROM history WHERE writer = -1"), "0");
    EXPECT_EQ(host_.Value("SELECT coalesce(sum(skipped), 0) FROM m"), "0");
  }

  // At rest: by reading all rows of both sides here, and by deltamirror_verify.
  void ExpectEqual() {
    lab_->ExpectEqual("account", "id, balance, changes", "", &host_);
    lab_->ExpectEqual("bulk", "id, changes", "", &host_);
    lab_->ExpectEqual("history", "writer, round, amount", "", &host_);
    lab_->ExpectEqual("token", "id, holder, changes", "", &host_);
    ExpectInvariants();
    EXPECT_EQ(
        host_.Query(absl::StrCat("SELECT \"table\", equal, details FROM deltamirror_verify('m', ",
                                 lab::Literal(lab_->cluster.conninfo()), ") ORDER BY 1")),
        (lab::Rows{{"account", "1", "NULL"}, {"bulk", "1", "NULL"}, {"history", "1", "NULL"}, {"token", "1", "NULL"}}));
  }

  const std::string& file() const { return file_; }

 private:
  static int count_;
  lab::MirrorLab* const lab_;
  const std::string file_;
  lab::Host host_;
};

int Mirror::count_ = 0;

class AttackTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string(GetParam()) == "deltaflood") LAB_NEEDS_DELTAFLOOD();
    lab::Writers::MakeTables(lab_.cluster);
    lab_.Begin(absl::StrCat(R"({"plugin":")", GetParam(), R"("})"));
  }

  int Below(int limit) { return static_cast<int>(random_() % limit); }
  bool OneIn(int count) { return Below(count) == 0; }

  // A process that is killed in the middle, or a moment before or behind.
  void BootstrapAndKill(const Mirror& mirror) {
    lab::Process process = lab::Process::Shell(mirror.file(), mirror.BootstrapSql(kTables) + ";");
    absl::SleepFor(absl::Milliseconds(Below(120)));
    process.Kill();
    process.Wait();
  }

  // One host that comes anew, or one that has been here for long, or both at once.
  void Bootstrap(Mirror* lasting, Mirror* fresh) {
    if (OneIn(4)) BootstrapAndKill(OneIn(2) ? *lasting : *fresh);
    const bool in_parts = OneIn(3);
    std::thread other;
    if (OneIn(2)) other = std::thread([lasting] { lasting->Bootstrap(kTables); });
    fresh->Bootstrap(in_parts ? "history" : kTables);
    if (in_parts) {
      if (OneIn(2)) lab_.Stream();
      if (OneIn(2)) fresh->Apply();
      fresh->Bootstrap("account,bulk,token");
    }
    if (other.joinable()) other.join();
  }

  void Round(lab::Writers* writers, lab::StallingStandby* standby, Mirror* lasting) {
    Mirror fresh(&lab_);
    absl::SleepFor(absl::Milliseconds(Below(100)));
    if (OneIn(2)) lab_.Stream();
    Bootstrap(lasting, &fresh);
    fresh.ExpectInvariants();
    absl::SleepFor(absl::Milliseconds(Below(50)));
    for (Mirror* mirror : {lasting, &fresh}) {
      if (OneIn(2)) continue;
      if (OneIn(2)) lab_.Stream();
      mirror->Apply();
      mirror->ExpectInvariants();
    }
    standby->Pause();
    writers->Pause();
    lab_.Stream();
    for (Mirror* mirror : {lasting, &fresh}) {
      mirror->Apply();
      mirror->ExpectEqual();
    }
    writers->Resume();
    standby->Resume();
  }

  const uint32_t seed_ = FromEnvironment("HANDOVER_SEED", 4711);
  std::mt19937 random_{seed_};
  lab::MirrorLab lab_{{.settings = lab::Writers::Settings()}};
};

TEST_P(AttackTest, FirstCopiesAtRandomMomentsEndEqual) {
  const int seconds = FromEnvironment("HANDOVER_SECONDS", 0);
  const int rounds = seconds > 0 ? INT_MAX : FromEnvironment("HANDOVER_ROUNDS", 8);
  const absl::Time end = seconds > 0 ? absl::Now() + absl::Seconds(seconds) : absl::InfiniteFuture();
  Mirror lasting(&lab_);
  lasting.Bootstrap(kTables);
  lab::Writers writers(lab_.cluster, 6, seed_);
  lab::StallingStandby standby(lab_.cluster, seed_);
  int round = 0;
  while (round < rounds && absl::Now() < end && !HasFailure()) {
    SCOPED_TRACE(absl::StrCat("round ", round, ", seed ", seed_));
    Round(&writers, &standby, &lasting);
    if (++round % 50 != 0) continue;
    std::printf("%d rounds, %ld transactions\n", round, writers.transactions());
    std::fflush(stdout);
  }
  std::printf("%s: %d rounds, %ld transactions, %d differences\n", GetParam(), round, writers.transactions(),
              HasFailure() ? 1 : 0);
}

// As in use: one process streams, another one mirrors, and is killed for each first copy of another table.
TEST_P(AttackTest, TablesJoinWhileTheStreamRunsAndTheMirrorIsKilled) {
  lab_.cluster.Exec("CREATE TABLE idle (a int PRIMARY KEY); INSERT INTO idle VALUES (1)");
  lab::Process stream =
      lab::Process::Shell("", absl::StrCat("SELECT * FROM deltastream(", lab::Literal(lab_.cluster.conninfo()),
                                           ", 'mirror', ", lab::Literal(lab_.Daystream()), ");"));
  lab::Writers writers(lab_.cluster, 6, seed_);
  const std::string file = lab_.dir.File("mirror.db");
  lab_.Bootstrap("account");
  for (int round = 0; round < 6; ++round) {
    lab::Process mirror = lab::Process::Shell(file, "SELECT * FROM deltamirror('m');");
    absl::SleepFor(absl::Milliseconds(300));
    EXPECT_TRUE(mirror.Running()) << mirror.Errors();
    mirror.Kill();
    mirror.Wait();
    if (round == 1) lab_.Bootstrap("bulk,history,idle,token");
    if (round > 1) lab_.Bootstrap(round % 2 == 0 ? "account" : "history", R"({"again":true})");
  }
  writers.Stop();
  lab_.cluster.Exec("INSERT INTO idle VALUES (2)");
  lab::Process mirror = lab::Process::Shell(file, "SELECT * FROM deltamirror('m');");
  EXPECT_TRUE(lab::WaitUntil([this] { return lab_.host.Value("SELECT count(*) FROM idle") == "2"; }))
      << mirror.Errors() << stream.Errors();
  lab_.ExpectEqual("account", "id, balance, changes");
  lab_.ExpectEqual("bulk", "id, changes");
  lab_.ExpectEqual("history", "writer, round, amount");
  lab_.ExpectEqual("token", "id, holder, changes");
  for (const char* table : {"account", "bulk", "history", "idle", "token"})
    EXPECT_EQ(lab_.Status(table, "state"), "live");
}

INSTANTIATE_TEST_SUITE_P(Plugins, AttackTest, ::testing::Values("deltaflood", "pgoutput"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace deltamirror
