#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <memory>
#include <optional>
#include <regex>
#include <string>

#include "absl/strings/str_cat.h"
#include "daystream/files.h"
#include "daystream/reader.h"
#include "daystream/writer.h"
#include "tests/lab/temp_dir.h"
#include "tests/status_matchers.h"

namespace deltamirror::daystream {
namespace {

using ::deltamirror::testing::IsOk;
using ::deltamirror::testing::StatusIs;
using ::testing::HasSubstr;

constexpr int64_t kDay = 1507507200;  // 2017-10-09 00:00:00 UTC
constexpr char kFile[] = "20171009.daystream";
constexpr char kNextFile[] = "20171010.daystream";

constexpr char kInsert[] = "_table\tt\t_xid\t7\t_lsn\t0/70\t_action\tinsert\ta\t1";
constexpr char kCommit[] = "_xid\t7\t_lsn\t0/70\t_action\tcommit";

// A disk with `room` bytes left, syncs that fail when told to, and an end to what the folder takes.
class FaultyFiles : public FileSystem {
 public:
  int Open(const char* path, int flags, mode_t mode) override {
    return Ends() ? -1 : FileSystem::Open(path, flags, mode);
  }
  int Sync(int fd) override { return Ends() ? -1 : FileSystem::Sync(fd); }
  int Rename(const char* from, const char* to) override { return Ends() ? -1 : FileSystem::Rename(from, to); }
  ssize_t Write(int fd, const void* data, size_t size) override {
    if (room == 0) {
      errno = ENOSPC;
      return -1;
    }
    const ssize_t written = FileSystem::Write(fd, data, std::min(size, room));
    if (written > 0) room -= written;
    return written;
  }
  int DataSync(int fd) override {
    ++data_syncs;
    if (!fail_sync) return FileSystem::DataSync(fd);
    errno = EIO;
    return -1;
  }
  int Truncate(int fd, off_t size) override {
    if (!fail_truncate) return FileSystem::Truncate(fd, size);
    errno = EIO;
    return -1;
  }

  int calls_left = INT_MAX;  // of Open, Sync and Rename; the last one fails
  size_t room = SIZE_MAX;
  bool fail_sync = false;
  bool fail_truncate = false;
  int data_syncs = 0;

 private:
  bool Ends() {
    errno = EIO;
    if (calls_left > 0) --calls_left;
    return calls_left == 0;
  }
};

class WriterTest : public ::testing::Test {
 protected:
  WriterTest() {
    source_.system_identifier = "73";
    source_.database = "prod";
    source_.slot = "mirror";
    source_.plugin = "deltaflood";
  }

  absl::Status TryOpen() {
    writer_.reset();
    WriterOptions options;
    options.clock = [this] { return now_; };
    options.buffer_size = 1000;
    options.files = &files_;
    absl::StatusOr<std::unique_ptr<Writer>> writer = Writer::Open(directory_.File("log"), source_, options);
    if (writer.ok()) writer_ = *std::move(writer);
    return writer.status();
  }
  void Open() { ASSERT_THAT(TryOpen(), IsOk()); }
  void Write(absl::string_view lines) {
    ASSERT_THAT(writer_->Append(lines), IsOk());
    ASSERT_THAT(writer_->Sync(), IsOk());
  }
  std::string Path(const std::string& name) { return directory_.File("log/" + name); }
  std::string Read(const std::string& name) { return lab::ReadFile(Path(name)); }
  // Without the checks, of which tests/damage/ tells.
  std::string ReadLines(const std::string& name) {
    return std::regex_replace(Read(name), std::regex("_check\t[^\t]*\t"), "");
  }
  // What a crash leaves: a file as it is told, and nobody who writes.
  void Crash(const std::string& name, const std::string& content) {
    writer_.reset();
    lab::WriteFile(Path(name), content);
  }
  static std::string Stamped(int64_t clock, int64_t seq, absl::string_view line) {
    return absl::StrCat("_c\t", clock, "\t_s\t", seq, "\t", line, "\n");
  }

  lab::TempDir directory_;
  int64_t now_ = kDay + 100;
  SourceInfo source_;
  FaultyFiles files_;
  std::unique_ptr<Writer> writer_;
};

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

// Recovery.

TEST_F(WriterTest, TornLineIsCutOff) {
  Open();
  Write(absl::StrCat(kInsert, "\n", kCommit));
  const std::string whole = Read(kFile);
  const std::string next = Stamped(kDay + 100, 2, kInsert);
  for (size_t size = 0; size < next.size(); ++size) {
    Crash(kFile, whole + next.substr(0, size));
    Open();
    EXPECT_EQ(Read(kFile), whole) << size;
    EXPECT_EQ(writer_->last_position(), (Position{kDay + 100, 1}));
    EXPECT_EQ(writer_->last_commit_lsn(), 0x70u);
  }
}

TEST_F(WriterTest, ATornLineAloneLeavesAnEmptyFile) {
  Open();
  Crash(kFile, "_c\t1507507300\t_s");
  Open();
  EXPECT_EQ(Read(kFile), "");
  EXPECT_EQ(writer_->last_position(), kBeforeAll);
  Write("a\t1");
  EXPECT_EQ(Read(kFile), Stamped(kDay + 100, 0, "a\t1"));
}

TEST_F(WriterTest, UnfinishedTransactionIsClosed) {
  Open();
  Write(absl::StrCat(kInsert, "\n", kCommit));
  Write("_table\tt\t_xid\t8\t_lsn\t0/80\t_action\tinsert\ta\t2");
  const std::string before = ReadLines(kFile);
  now_ += 5;
  const int syncs = files_.data_syncs;
  Open();
  EXPECT_GT(files_.data_syncs, syncs);
  EXPECT_EQ(ReadLines(kFile), before + Stamped(kDay + 105, 0, "_xid\t8\t_lsn\t0/80\t_action\trollback"));
  EXPECT_EQ(writer_->last_commit_lsn(), 0x70u);
  const std::string closed = Read(kFile);
  Open();
  EXPECT_EQ(Read(kFile), closed);
  EXPECT_EQ(writer_->last_commit_lsn(), 0x70u);
}

TEST_F(WriterTest, TheFirstTransactionIsClosedToo) {
  Open();
  Write(kInsert);
  Open();
  EXPECT_THAT(Read(kFile), HasSubstr("\t_action\trollback\n"));
  EXPECT_EQ(writer_->last_commit_lsn(), 0u);
}

TEST_F(WriterTest, AnUnfinishedTransactionMaySpanFiles) {
  now_ = kDay + 86390;
  Open();
  Write(absl::StrCat(kInsert, "\n", kCommit, "\n_table\tt\t_xid\t8\t_lsn\t0/80\t_action\tinsert\ta\t2"));
  now_ += 60;
  Write("_table\tt\t_xid\t8\t_lsn\t0/80\t_action\tinsert\ta\t3");
  now_ += 86400;
  Open();
  EXPECT_EQ(ReadLines("20171011.daystream"), Stamped(now_, 0, "_xid\t8\t_lsn\t0/80\t_action\trollback"));
  EXPECT_EQ(writer_->last_commit_lsn(), 0x70u);
}

TEST_F(WriterTest, LinesOfTheOriginalHaveNoEndAndGetNone) {
  source_ = SourceInfo();
  Open();
  Write("_table\tt\t_xid\t8\t_action\tinsert\ta\t2");
  Write("_table\tt\t_xid\t9\t_action\tinsert\ta\t2\n_table\tt\t_xid\t9\t_action\tinsert\ta\t3");
  const std::string before = Read(kFile);
  Open();
  EXPECT_EQ(Read(kFile), before);
  EXPECT_EQ(writer_->last_position(), (Position{kDay + 100, 2}));
}

TEST_F(WriterTest, ALongUnfinishedTransactionIsReadBackInBlocks) {
  Open();
  std::string lines = absl::StrCat(kInsert, "\n", kCommit, "\n");
  for (int i = 0; i < 300; ++i) {
    absl::StrAppend(&lines, "_table\tt\t_xid\t8\t_lsn\t0/80\t_action\tinsert\ta\t", std::string(i * 10, 'x'), "\n");
  }
  absl::StrAppend(&lines, "_table\tt\t_xid\t8\t_lsn\t0/80\t_action\tinsert\ta\t", std::string(500000, 'y'), "\n");
  Write(lines);
  Open();
  EXPECT_THAT(Read(kFile).substr(Read(kFile).size() - 60), HasSubstr("_xid\t8\t_lsn\t0/80\t_action\trollback\n"));
  EXPECT_EQ(writer_->last_commit_lsn(), 0x70u);
}

TEST_F(WriterTest, DamagedTailIsAnError) {
  Open();
  Write(absl::StrCat(kInsert, "\n", kCommit));
  const std::string whole = Read(kFile);
  Crash(kFile, whole + "nonsense\n");
  EXPECT_THAT(TryOpen(), StatusIs(absl::StatusCode::kDataLoss,
                                  HasSubstr(absl::StrCat("the line at offset ", whole.size(), " of file \"",
                                                         Path(kFile), "\": expected key-value pairs"))));
  Crash(kFile, whole + "_table\tt\t_action\ttruncate\n");
  EXPECT_THAT(TryOpen(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected \"_c\" and \"_s\" in front")));
}

// Faults.

TEST_F(WriterTest, AFullDiskLeavesWholeLines) {
  const std::string lines = absl::StrCat(kInsert, "\n", kInsert, "\n", kCommit, "\n");
  Open();
  Write(lines);
  const std::string written = Read(kFile);
  for (size_t room = 0; room < written.size(); ++room) {
    writer_.reset();
    std::filesystem::remove_all(directory_.File("log"));
    Open();
    ASSERT_THAT(writer_->Append(lines), IsOk());
    files_.room = room;
    ASSERT_THAT(writer_->Flush(), StatusIs(absl::StatusCode::kResourceExhausted,
                                           HasSubstr(absl::StrCat("could not write file \"", Path(kFile)))));
    const std::string left = Read(kFile);
    EXPECT_EQ(left, written.substr(0, left.size()));
    EXPECT_TRUE(left.empty() || left.back() == '\n') << room;
    // Space comes: the same lines, with the same stamps.
    files_.room = SIZE_MAX;
    ASSERT_THAT(writer_->Sync(), IsOk());
    EXPECT_EQ(Read(kFile), written) << room;
  }
}

TEST_F(WriterTest, WhatCouldNotBeCutIsCutBeforeTheNextWrite) {
  Open();
  ASSERT_THAT(writer_->Append(kInsert), IsOk());
  files_.room = 10;
  files_.fail_truncate = true;
  EXPECT_THAT(writer_->Flush(),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("could not cut the incomplete line off file")));
  EXPECT_EQ(Read(kFile).size(), 10u);
  files_.room = SIZE_MAX;
  EXPECT_THAT(writer_->Flush(), StatusIs(absl::StatusCode::kUnknown, HasSubstr("could not cut the incomplete line")));
  files_.fail_truncate = false;
  ASSERT_THAT(writer_->Flush(), IsOk());
  EXPECT_EQ(Read(kFile), Stamped(kDay + 100, 0, kInsert));
}

TEST_F(WriterTest, AnAppendThatFailsTakesNothing) {
  Open();
  const std::string line = "a\t" + std::string(1100, 'x');
  ASSERT_THAT(writer_->Append(line), IsOk());
  files_.room = 0;
  EXPECT_THAT(writer_->Append("b\t1"), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("could not write")));
  files_.room = SIZE_MAX;
  Write("b\t1");
  EXPECT_EQ(Read(kFile), Stamped(kDay + 100, 0, line) + Stamped(kDay + 100, 1, "b\t1"));
}

TEST_F(WriterTest, AFailedSyncEndsTheWriter) {
  Open();
  ASSERT_THAT(writer_->Append(kInsert), IsOk());
  files_.fail_sync = true;
  EXPECT_THAT(writer_->Sync(), StatusIs(absl::StatusCode::kUnknown, HasSubstr("could not sync file")));
  files_.fail_sync = false;
  EXPECT_THAT(writer_->Sync(), StatusIs(absl::StatusCode::kUnknown, HasSubstr("could not sync file")));
  EXPECT_THAT(writer_->Append(kInsert), StatusIs(absl::StatusCode::kUnknown, HasSubstr("could not sync file")));
}

}  // namespace
}  // namespace deltamirror::daystream
