#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <climits>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "daystream/files.h"
#include "daystream/position.h"
#include "daystream/reader.h"
#include "daystream/source.h"
#include "daystream/writer.h"
#include "tests/daystream_writer_fixture.h"
#include "tests/lab/temp_dir.h"
#include "tests/status_matchers.h"

namespace deltamirror::daystream {
namespace {

using ::deltamirror::testing::IsOk;
using ::deltamirror::testing::StatusIs;
using ::testing::HasSubstr;

TEST_F(WriterTest, EachLineIsStamped) {
  Open();
  Write("_table\tt\t_action\ttruncate\n_table\tu\t_action\ttruncate");
  Write("_table\tv\t_action\ttruncate\n");
  now_ += 2;
  Write("_table\tw\t_action\ttruncate\n");
  EXPECT_EQ(Read(kFile), Stamped(kDay + 100, 0, "_table\tt\t_action\ttruncate") +
                             Stamped(kDay + 100, 1, "_table\tu\t_action\ttruncate") +
                             Stamped(kDay + 100, 2, "_table\tv\t_action\ttruncate") +
                             Stamped(kDay + 102, 0, "_table\tw\t_action\ttruncate"));
  EXPECT_EQ(writer_->last_position(), (Position{kDay + 102, 0}));
}

TEST_F(WriterTest, EmptyLinesArePassedOver) {
  Open();
  Write("\n\na\tb\n\n");
  Write("");
  Write("\n");
  EXPECT_EQ(Read(kFile), Stamped(kDay + 100, 0, "a\tb"));
  EXPECT_EQ(writer_->last_position(), (Position{kDay + 100, 0}));
}

TEST_F(WriterTest, ANewDirectoryKnowsItsSource) {
  Open();
  const absl::StatusOr<SourceInfo> info = LoadSourceInfo(directory_.File("log"));
  ASSERT_THAT(info, IsOk());
  EXPECT_EQ(info->slot, "mirror");
  EXPECT_EQ(info->began, kDay + 100);
  EXPECT_EQ(info->confirmed_lsn, "");
  EXPECT_EQ(writer_->last_position(), kBeforeAll);
  EXPECT_EQ(writer_->last_commit_lsn(), 0u);
}

// Readers took a first line that comes days after the beginning for one with removed files before it.
TEST_F(WriterTest, TheFirstDayHasAFileThoughNothingHappens) {
  Open();
  now_ += 3 * kSecondsPerDay;
  Write("_table\tt\t_action\ttruncate");
  EXPECT_EQ(Read(kFile), "");
  ReaderOptions options;
  options.start = Position{now_ - 60, 0};
  const absl::StatusOr<std::unique_ptr<Reader>> reader = Reader::Open(directory_.File("log"), options);
  ASSERT_THAT(reader, IsOk());
  Line line;
  EXPECT_EQ((*reader)->Next(&line).value(), true);
  EXPECT_EQ(line.record_text, "_table\tt\t_action\ttruncate");
}

// A writer that was killed between daystream.json and the first day's file left a daystream that said it had lost
// files.
TEST_F(WriterTest, AStartThatWasCutShortIsNoLoss) {
  bool begun = false;
  for (int calls = 1; !begun; ++calls) {
    SCOPED_TRACE(calls);
    writer_.reset();
    std::filesystem::remove_all(directory_.File("log"));
    now_ = kDay + 100;
    files_.calls_left = calls;
    begun = TryOpen().ok();
    files_.calls_left = INT_MAX;
    now_ += 3 * kSecondsPerDay;
    Open();
    Write(absl::StrCat(kInsert, "\n", kCommit));
    ReaderOptions options;
    options.start = Position{LoadSourceInfo(directory_.File("log"))->began - 60, -1};
    options.after = true;
    const auto reader = Reader::Open(directory_.File("log"), options);
    ASSERT_THAT(reader, IsOk());
    Line line;
    EXPECT_TRUE((*reader)->Next(&line).value_or(false));
  }
}

TEST_F(WriterTest, ConfirmedLsnAndBeginAreKept) {
  Open();
  ASSERT_THAT(writer_->SaveConfirmed(0x16B374D848, std::nullopt), IsOk());
  now_ += 1000;
  source_.tables = "flights";
  Open();
  EXPECT_EQ(writer_->source().confirmed_lsn, "16/B374D848");
  EXPECT_EQ(writer_->source().began, kDay + 100);
  EXPECT_EQ(LoadSourceInfo(directory_.File("log"))->tables, "flights");
}

TEST_F(WriterTest, AnotherSlotIsRefused) {
  Open();
  source_.slot = "other";
  EXPECT_THAT(TryOpen(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("it holds slot \"mirror\"")));
}

TEST_F(WriterTest, FilesOfUnknownOriginAreRefused) {
  std::filesystem::create_directory(directory_.File("log"));
  lab::WriteFile(Path(kFile), Stamped(kDay, 0, "a\tb"));
  EXPECT_THAT(TryOpen(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  HasSubstr("it holds day files but no \"daystream.json\"")));
}

TEST_F(WriterTest, AFileIsNoDirectory) {
  lab::WriteFile(directory_.File("log"), "");
  EXPECT_THAT(TryOpen(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("expected a directory, got a file")));
}

TEST_F(WriterTest, ASecondWriterIsRefused) {
  Open();
  const auto second = Writer::Open(directory_.File("log"), source_);
  EXPECT_THAT(second,
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(absl::StrCat("process ", getpid(), " on host "))));
  writer_.reset();
  EXPECT_THAT(Writer::Open(directory_.File("log"), source_), IsOk());
}

TEST_F(WriterTest, ClockThatJumpsBackStays) {
  Open();
  Write("a\t1");
  now_ -= 50;
  Write("a\t2");
  now_ += 51;
  Write("a\t3");
  EXPECT_EQ(Read(kFile),
            Stamped(kDay + 100, 0, "a\t1") + Stamped(kDay + 100, 1, "a\t2") + Stamped(kDay + 101, 0, "a\t3"));
}

TEST_F(WriterTest, ClockThatJumpedBackWhileDownStays) {
  Open();
  Write(absl::StrCat(kInsert, "\n", kCommit));
  now_ -= 86400;
  Open();
  Write(kInsert);
  EXPECT_EQ(writer_->last_position(), (Position{kDay + 100, 2}));
  EXPECT_FALSE(std::filesystem::exists(Path("20171008.daystream")));
}

TEST_F(WriterTest, ClockStaysInTheDayOfAnEmptyFile) {
  Open();
  Write(absl::StrCat(kInsert, "\n", kCommit));
  Crash(kNextFile, "");
  Open();
  Write(kInsert);
  EXPECT_EQ(Read(kNextFile), Stamped(kDay + 86400, 0, kInsert));
}

TEST_F(WriterTest, MidnightBeginsAFile) {
  now_ = kDay + 86399;
  Open();
  ASSERT_THAT(writer_->Append(kInsert), IsOk());
  now_ += 1;
  const int syncs = files_.data_syncs;
  ASSERT_THAT(writer_->Append(kCommit), IsOk());
  EXPECT_EQ(files_.data_syncs, syncs + 1);  // the old file
  EXPECT_EQ(Read(kFile), Stamped(kDay + 86399, 0, kInsert));
  ASSERT_THAT(writer_->Sync(), IsOk());
  EXPECT_EQ(ReadLines(kNextFile), Stamped(kDay + 86400, 0, kCommit));
  Open();
  EXPECT_EQ(writer_->last_commit_lsn(), 0x70u);
  EXPECT_EQ(ReadLines(kNextFile), Stamped(kDay + 86400, 0, kCommit));
}

TEST_F(WriterTest, BufferIsWrittenWhenItIsFull) {
  Open();
  const std::string line = "a\t" + std::string(300, 'x');
  for (int i = 0; i < 5; ++i) ASSERT_THAT(writer_->Append(line), IsOk());
  EXPECT_GT(Read(kFile).size(), 1000u);
  EXPECT_LT(writer_->buffered(), 1000u);
}

TEST_F(WriterTest, SyncWithoutNewLinesDoesNothing) {
  Open();
  Write("a\t1");
  const int syncs = files_.data_syncs;
  ASSERT_THAT(writer_->Sync(), IsOk());
  EXPECT_EQ(files_.data_syncs, syncs);
}

}  // namespace
}  // namespace deltamirror::daystream
