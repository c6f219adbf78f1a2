// The log on a disk that fails: each call is made to fail, in one run after the other, until a run needs no more calls.
// Whatever fails, the daystream stays readable, and the next run goes on with nothing lost and nothing twice. The same
// when the power is lost at each call, which takes along what was not synced.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "daystream/files.h"
#include "daystream/source.h"
#include "daystream/writer.h"
#include "deltastream/slot_log.h"
#include "status/status_macros.h"
#include "tests/daystream_content.h"
#include "tests/faults/faulty_disk.h"
#include "tests/lab/temp_dir.h"
#include "tests/status_matchers.h"
#include "types/lsn.h"

namespace deltamirror {
namespace {

using ::deltamirror::testing::IsOk;

constexpr int64_t kDay = 1507507200;  // 2017-10-09 00:00:00 UTC
constexpr int kTransactions = 9;
constexpr int kRows = 5;

// A slot: it sends each transaction that commits behind what was confirmed, in two messages.
struct Slot {
  uint64_t confirmed = 0x100;

  static uint64_t CommitLsn(int number) { return 0x1000 + 0x100 * number; }
  static uint64_t EndLsn(int number) { return CommitLsn(number) + 0x30; }
  static std::vector<std::string> Messages(int number) {
    const std::string head = absl::StrCat("_xid\t", 700 + number, "\t_lsn\t", types::FormatLsn(CommitLsn(number)));
    std::vector<std::string> lines;
    for (int row = 0; row < kRows; ++row) {
      lines.push_back(absl::StrCat("_table\tt\t", head, "\t_action\tinsert\ta\t", number * kRows + row, "\tb\t",
                                   std::string(10 * number, 'x')));
    }
    const std::string first = absl::StrJoin(lines.begin(), lines.begin() + 2, "\n");
    const std::string second = absl::StrJoin(lines.begin() + 2, lines.end(), "\n");
    return {first, absl::StrCat(second, "\n", head, "\t_time\t", number, "\t_action\tcommit")};
  }
};

class DaystreamSweepTest : public ::testing::Test {
 protected:
  // One life of a deltastream: from its start to the end of what the slot has, or to the first error.
  absl::Status Live() {
    daystream::SourceInfo source = {.system_identifier = "73", .timeline = 1, .database = "prod", .slot = "mirror"};
    source.confirmed_lsn = types::FormatLsn(slot_.confirmed);
    daystream::WriterOptions options;
    options.clock = [this] { return now_; };
    options.buffer_size = 300;
    options.files = &disk_;
    ASSIGN_OR_RETURN(std::unique_ptr<daystream::Writer> writer, daystream::Writer::Open(Path(), source, options));
    deltastream::SlotLog log(std::move(writer), slot_.confirmed, /*sync=*/true);
    const absl::Status status = Stream(&log);
    // As deltastream does at an error, too.
    if (log.Sync().ok() && log.SaveConfirmed().ok()) slot_.confirmed = std::max(slot_.confirmed, log.saved_lsn());
    return status;
  }

  absl::Status Stream(deltastream::SlotLog* log) {
    for (int number = 0; number < kTransactions; ++number) {
      if (Slot::CommitLsn(number) < slot_.confirmed) continue;
      // The third day begins within a transaction.
      now_ = kDay + number * 20000;
      const std::vector<std::string> messages = Slot::Messages(number);
      RETURN_IF_ERROR(log->Take(messages[0], Slot::CommitLsn(number)));
      now_ += 15000;
      RETURN_IF_ERROR(log->Take(messages[1], Slot::EndLsn(number)));
      RETURN_IF_ERROR(log->Flush());
      if (number % 3 != 2) continue;
      RETURN_IF_ERROR(log->Sync());
      RETURN_IF_ERROR(log->SaveConfirmed());
      slot_.confirmed = log->saved_lsn();
    }
    return absl::OkStatus();
  }

  void Begin() {
    dir_ = std::make_unique<lab::TempDir>();
    disk_ = FaultyDisk();
    slot_ = Slot();
    now_ = kDay;
  }

  std::string Path() const { return dir_->File("ds"); }

  // All lines, file by file.
  std::string Text() const {
    std::string text;
    const auto files = daystream::ListDayFiles(Path());
    if (!files.ok()) return text;
    for (const std::string& file : *files) text += lab::ReadFile(absl::StrCat(Path(), "/", file));
    return text;
  }

  // What a reader has taken that was there: complete lines.
  static std::string Complete(const std::string& text) { return text.substr(0, text.rfind('\n') + 1); }

  static std::vector<std::string> Inserts(int count) {
    std::vector<std::string> inserts;
    for (int i = 0; i < count; ++i) inserts.push_back(absl::StrCat("insert a=", i));
    return inserts;
  }

  // Readable, and with nothing that the source did not commit.
  void ExpectReadable(const std::string& when) const {
    const Content content = ReadContent(Path());
    EXPECT_EQ(content.committed, Inserts(content.commits * kRows)) << when;
  }

  // A life without a fault brings everything.
  void ExpectRecovers(const std::string& when) {
    ASSERT_THAT(Live(), IsOk()) << when;
    EXPECT_EQ(ReadContent(Path()).committed, Inserts(kTransactions * kRows)) << when;
    EXPECT_GE(slot_.confirmed, Slot::EndLsn(kTransactions - 1)) << when;
    // Also from the beginning of the log, whose first file is there as long as nothing was removed.
    const auto info = daystream::LoadSourceInfo(Path());
    ASSERT_THAT(info, IsOk()) << when;
    EXPECT_EQ(daystream::ListDayFiles(Path()).value()[0], daystream::DayFileName(info->began)) << when;
  }

  std::unique_ptr<lab::TempDir> dir_;
  FaultyDisk disk_;
  Slot slot_;
  int64_t now_ = kDay;
};

TEST_F(DaystreamSweepTest, EachCallFailsOnce) {
  int runs = 0;
  for (bool failed = true; failed; ++runs) {
    Begin();
    const std::string when = absl::StrCat("call ", runs + 1);
    disk_.FailAt(runs + 1);
    const absl::Status status = Live();
    failed = disk_.failed();
    EXPECT_EQ(status.ok(), !failed) << when << ": " << status;
    disk_.FailAt(0);
    ExpectReadable(when);
    const std::string before = Complete(Text());
    ExpectRecovers(when);
    EXPECT_TRUE(absl::StartsWith(Text(), before)) << when << ": no line is taken back";
  }
  EXPECT_GT(runs, 50);
}

TEST_F(DaystreamSweepTest, EachCallFailsAndAllAfterIt) {
  for (int call = 1;; ++call) {
    Begin();
    const std::string when = absl::StrCat("from call ", call);
    disk_.FailAt(call, /*for_good=*/true, ENOSPC);
    const absl::Status status = Live();
    if (!disk_.failed()) break;
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << when << ": " << status;
    disk_.FailAt(0);
    ExpectReadable(when);
    const std::string before = Complete(Text());
    ExpectRecovers(when);
    EXPECT_TRUE(absl::StartsWith(Text(), before)) << when << ": no line is taken back";
  }
}

TEST_F(DaystreamSweepTest, DiskIsFullAfterEachByte) {
  for (size_t room = 0;; room += 31) {
    Begin();
    const std::string when = absl::StrCat(room, " bytes");
    disk_.SetRoom(room);
    const absl::Status status = Live();
    if (status.ok()) break;
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << when << ": " << status;
    disk_.FailAt(0);
    ExpectReadable(when);
    disk_.SetRoom(SIZE_MAX);
    const std::string before = Complete(Text());
    ExpectRecovers(when);
    EXPECT_TRUE(absl::StartsWith(Text(), before)) << when << ": no line is taken back";
  }
}

// The process is gone with the machine; what was synced is there, and any part of the rest.
TEST_F(DaystreamSweepTest, PowerIsLostAtEachCall) {
  for (int call = 1;; ++call) {
    for (int seed = 0; seed < 4; ++seed) {
      Begin();
      const std::string when = absl::StrCat("power lost at call ", call, ", seed ", seed);
      disk_.FailAt(call, /*for_good=*/true);
      Live().IgnoreError();
      if (!disk_.failed()) return;
      disk_.FailAt(0);
      std::mt19937 random(seed);
      disk_.LosePower(&random);
      ExpectRecovers(when);
      if (HasFailure()) return;
    }
  }
}

// The system calls the next sync a success, though it no longer writes the pages of the one that failed. (a) A sync
// fails. (b) The next life finds everything in the system's memory, goes on, and confirms. (c) The power is lost.
TEST_F(DaystreamSweepTest, PowerIsLostAfterACallHasFailed) {
  for (int call = 1;; ++call) {
    for (int seed = 0; seed < 4; ++seed) {
      Begin();
      const std::string when = absl::StrCat("power lost after call ", call, " had failed, seed ", seed);
      disk_.FailAt(call);
      Live().IgnoreError();
      if (!disk_.failed()) return;
      ExpectRecovers(when);
      std::mt19937 random(seed);
      disk_.LosePower(&random);
      ExpectRecovers(when);
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace deltamirror
