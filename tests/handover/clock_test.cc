// Two clocks: the server's, by which transactions begin, and that of deltastream's host, by which lines are stamped.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "daystream/position.h"
#include "mirror/bootstrap_source.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

using daystream::Position;

constexpr int64_t kSecond = 1000000;
constexpr int64_t kNow = 1500000000;

class StartPositionTest : public ::testing::Test {
 protected:
  // Of something that is needed from `open` seconds before now on, in a daystream that ended at `last`.
  static Position Start(Position last, int64_t open, int64_t margin = 60, int64_t began = 0) {
    const absl::StatusOr<Position> start = mirror::StartPosition(
        "", {.time = (kNow - open) * kSecond, .last = last, .began = began, .now = kNow * kSecond, .margin = margin});
    EXPECT_TRUE(start.ok()) << start.status();
    return start.value_or(Position());
  }
};

TEST_F(StartPositionTest, IsTheTimeLessTheMarginWhereTheClocksAgree) {
  EXPECT_EQ(Start({kNow, 7}, 100), (Position{kNow - 160, 0}));
  EXPECT_EQ(Start({kNow, 7}, 0, 0), (Position{kNow, 0}));
}

TEST_F(StartPositionTest, GoesByTheLastLineWhereItsClockIsBehind) {
  EXPECT_EQ(Start({kNow - 1000, 7}, 100), (Position{kNow - 1160, 0}));
}

TEST_F(StartPositionTest, IsEarlyEnoughWhereTheClockIsAhead) {
  EXPECT_EQ(Start({kNow + 1000, 7}, 100), (Position{kNow - 160, 0}));
}

TEST_F(StartPositionTest, RoundsToTheEarlierSecond) {
  const absl::StatusOr<Position> start =
      mirror::StartPosition("", {.time = kNow * kSecond + 900000, .last = {kNow, 0}, .now = (kNow + 1) * kSecond});
  EXPECT_EQ(start.value(), (Position{kNow - 1, 0}));
}

TEST_F(StartPositionTest, GoesByTheBeginningWhereThereIsNoLineYet) {
  EXPECT_EQ(Start(daystream::kBeforeAll, 0, 60, kNow - 1000), (Position{kNow - 1060, 0}));
  EXPECT_EQ(Start(daystream::kBeforeAll, 100, 60, kNow), (Position{kNow - 160, 0}));
  EXPECT_EQ(Start(daystream::kBeforeAll, kNow, 60), (Position{0, 0}));
}

// A daystream as it would be if the clock of deltastream's host were `ahead` seconds ahead of the server's.
class ClockTest : public ::testing::TestWithParam<int64_t> {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete cluster_; }

  ClockTest() {
    lab_.cluster.Exec("CREATE TABLE t (a int); ALTER TABLE t REPLICA IDENTITY FULL");
    lab_.Begin();
    lab_.cluster.Exec("INSERT INTO t VALUES (0)");
    Stream();
    lab_.host.Exec(absl::StrCat("DROP TABLE m; CREATE VIRTUAL TABLE m USING daystream_apply(source='", File(), "')"));
  }
  ~ClockTest() override { Answer(); }

  std::string File() const { return lab_.dir.File("shifted"); }

  void Stream() {
    lab_.Stream();
    std::set<std::string> days;
    for (const auto& entry : std::filesystem::directory_iterator(lab_.Daystream())) {
      if (entry.path().extension() == ".daystream") days.insert(entry.path().string());
    }
    std::string shifted;
    for (const std::string& day : days) {
      for (absl::string_view line : absl::StrSplit(lab::ReadFile(day), '\n', absl::SkipEmpty())) {
        Position position;
        ASSERT_TRUE(daystream::ConsumePrefix(&line, &position));
        daystream::AppendPrefix({position.clock + GetParam(), position.seq}, &shifted);
        // The check is over the clock, too: such a stream has none.
        if (absl::ConsumePrefix(&line, "_check\t")) line.remove_prefix(line.find('\t') + 1);
        absl::StrAppend(&shifted, line, "\n");
      }
    }
    lab::WriteFile(File(), shifted);
  }
  void ExpectEqual() {
    Stream();
    lab_.host.Exec("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')");
    lab_.ExpectEqual("t", "a");
  }
  void Stall() { lab_.cluster.StallCommits(); }
  void Answer() { lab_.cluster.AnswerCommits(); }

  static lab::Cluster* cluster_;
  lab::MirrorLab lab_{cluster_};
};

lab::Cluster* ClockTest::cluster_ = nullptr;

TEST_P(ClockTest, WhatIsCommittedAfterTheCopyIsRead) {
  lab::Session open(lab_.cluster);
  open.Exec("BEGIN; INSERT INTO t VALUES (1)");
  EXPECT_EQ(lab_.Bootstrap("t", R"({"margin":0})"), "1");
  lab_.cluster.Exec("INSERT INTO t VALUES (2)");
  open.Exec("COMMIT");
  ExpectEqual();
}

TEST_P(ClockTest, WhatWasStreamedBeforeTheCopyButIsNotVisibleIsRead) {
  Stall();
  std::thread stalled([this] { lab_.cluster.Exec("INSERT INTO t VALUES (1)"); });
  EXPECT_TRUE(lab::WaitUntil([this] {
    return lab_.cluster.Value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "1";
  }));
  Stream();
  EXPECT_EQ(lab_.Bootstrap("t", R"({"margin":0})"), "1");
  Answer();
  stalled.join();
  ExpectEqual();
}

INSTANTIATE_TEST_SUITE_P(Ahead, ClockTest, ::testing::Values(-100000, -600, 0, 600), [](const auto& info) {
  return absl::StrCat(info.param < 0 ? "Minus" : "", std::abs(info.param));
});

}  // namespace
}  // namespace deltamirror
