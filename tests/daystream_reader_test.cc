#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "daystream/files.h"
#include "daystream/reader.h"
#include "daystream/source.h"
#include "daystream/writer.h"
#include "tests/lab/temp_dir.h"
#include "tests/status_matchers.h"

namespace deltamirror::daystream {
namespace {

using ::deltamirror::testing::IsOk;
using ::deltamirror::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kDay = 1507507200;  // 2017-10-09 00:00:00 UTC
constexpr char kFile[] = "20171009.daystream";
constexpr char kNextFile[] = "20171010.daystream";

std::string Stamped(Position position, absl::string_view text) {
  std::string line;
  AppendPrefix(position, &line);
  return absl::StrCat(line, text, "\n");
}

class ReaderTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return directory_.File(name); }
  void Write(const std::string& name, const std::string& content) {
    lab::WriteFile(Path(name), lab::ReadFile(Path(name)) + content);
  }
  void Rewrite(const std::string& name, const std::string& content) { lab::WriteFile(Path(name), content); }

  absl::Status TryOpen(const std::string& source) {
    absl::StatusOr<std::unique_ptr<Reader>> reader = Reader::Open(source, options_);
    if (reader.ok()) reader_ = *std::move(reader);
    return reader.status();
  }
  void Open() { ASSERT_THAT(TryOpen(directory_.path()), IsOk()); }
  void OpenAt(Position start, bool after = false) {
    options_.start = start;
    options_.after = after;
    Open();
  }

  // All lines up to the present end, without their prefixes.
  std::vector<std::string> ReadAll() {
    std::vector<std::string> texts;
    Line line;
    while (true) {
      const absl::StatusOr<bool> got = reader_->Next(&line);
      EXPECT_THAT(got, IsOk());
      if (!got.ok() || !*got) return texts;
      texts.emplace_back(line.record_text);
    }
  }
  absl::Status ReadToError() {
    Line line;
    while (true) {
      const absl::StatusOr<bool> got = reader_->Next(&line);
      if (!got.ok()) return got.status();
      if (!*got) return absl::OkStatus();
    }
  }

  lab::TempDir directory_;
  ReaderOptions options_;
  std::unique_ptr<Reader> reader_;
};

TEST_F(ReaderTest, LinesComeWithPositionAndPlace) {
  Rewrite(kFile, Stamped({kDay, 0}, "a") + Stamped({kDay, 1}, "bc"));
  Open();
  EXPECT_EQ(reader_->position(), kBeforeAll);
  Line line;
  ASSERT_THAT(reader_->Next(&line), IsOk());
  ASSERT_THAT(reader_->Next(&line), IsOk());
  EXPECT_EQ(line.text, "_c\t1507507200\t_s\t1\tbc");
  EXPECT_EQ(line.record_text, "bc");
  EXPECT_EQ(line.position, (Position{kDay, 1}));
  EXPECT_EQ(line.offset, 21u);
  EXPECT_EQ(reader_->position(), (Position{kDay, 1}));
  EXPECT_EQ(reader_->Where(), "at offset 21 of file \"" + Path(kFile) + "\"");
  EXPECT_EQ(*reader_->Next(&line), false);
  EXPECT_EQ(*reader_->BytesBehind(), 0u);
}

TEST_F(ReaderTest, FilesFollowEachOther) {
  Rewrite(kFile, Stamped({kDay, 0}, "a"));
  Rewrite(kNextFile, "");
  Rewrite("20171012.daystream", Stamped({kDay + 3 * kSecondsPerDay, 0}, "b"));
  Rewrite("20171013.daystream", Stamped({kDay + 4 * kSecondsPerDay, 0}, "c"));
  Rewrite("notes.txt", "nothing of ours\n");
  Open();
  EXPECT_EQ(*reader_->BytesBehind(),
            std::filesystem::file_size(Path(kFile)) * 2 + std::filesystem::file_size(Path(kFile)));
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b", "c"));
}

TEST_F(ReaderTest, ASingleFileIsASource) {
  Rewrite("any.log", Stamped({5, 0}, "a") + Stamped({5, 3}, "b"));
  ASSERT_THAT(TryOpen("file:" + Path("any.log")), IsOk());
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b"));
  options_.start = Position{5, 1};
  ASSERT_THAT(TryOpen(Path("any.log")), IsOk());
  EXPECT_THAT(ReadAll(), ElementsAre("b"));
  Write("any.log", Stamped({5, 4}, "c"));
  EXPECT_THAT(ReadAll(), ElementsAre("c"));
}

TEST_F(ReaderTest, PlainDeltafloodLinesAreNoDaystream) {
  Rewrite("pg.log", "_table\tzzz\t_xid\t1\t_action\tdelete\ta\tfox61\n");
  EXPECT_THAT(TryOpen(Path("pg.log")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("cannot read the line at offset 0 of file \"" + Path("pg.log") +
                                 "\": expected \"_c\" and \"_s\" in front, as a daystream has, got \"_table\\tzzz")));
}

TEST_F(ReaderTest, NothingThereIsNotFound) {
  EXPECT_THAT(TryOpen(Path("none")), StatusIs(absl::StatusCode::kNotFound, HasSubstr("could not open daystream")));
}

TEST_F(ReaderTest, AnEmptyDirectoryWaitsForItsFirstFile) {
  Open();
  EXPECT_THAT(ReadAll(), IsEmpty());
  Rewrite(kFile, Stamped({kDay, 0}, "a"));
  EXPECT_THAT(ReadAll(), ElementsAre("a"));
}

TEST_F(ReaderTest, StartMayBeIncludedOrNot) {
  Rewrite(kFile, Stamped({kDay, 0}, "a") + Stamped({kDay, 1}, "b") + Stamped({kDay + 9, 0}, "c"));
  OpenAt({kDay, 1});
  EXPECT_THAT(ReadAll(), ElementsAre("b", "c"));
  OpenAt({kDay, 1}, /*after=*/true);
  EXPECT_THAT(ReadAll(), ElementsAre("c"));
  OpenAt({kDay + 1, 0});
  EXPECT_THAT(ReadAll(), ElementsAre("c"));
}

TEST_F(ReaderTest, AStartInTheFutureIsWaitedFor) {
  Rewrite(kFile, Stamped({kDay, 0}, "a"));
  OpenAt({kDay + kSecondsPerDay, 5});
  EXPECT_THAT(ReadAll(), IsEmpty());
  EXPECT_EQ(reader_->position(), (Position{kDay + kSecondsPerDay, 5}));
  Rewrite(kNextFile, Stamped({kDay + kSecondsPerDay, 4}, "b") + Stamped({kDay + kSecondsPerDay, 5}, "c"));
  EXPECT_THAT(ReadAll(), ElementsAre("c"));
}

// Bisection and reading from the beginning must find the same line, for every position and those between.
TEST_F(ReaderTest, BisectionFindsWhatReadingFindsForEveryPosition) {
  std::vector<Position> positions;
  for (int day = 0; day < 3; ++day) {
    std::string content;
    for (int i = 0; i < 1500; ++i) {
      const Position position{kDay + day * kSecondsPerDay + i / 4 * 3, i % 4 * 2};
      positions.push_back(position);
      // Lines of very different lengths.
      content += Stamped(position, std::string(i % 97 == 0 ? 9000 : i % 200, 'x'));
    }
    Rewrite(DayFileName(kDay + day * kSecondsPerDay), content);
  }
  size_t expected = 0;
  int64_t most_reads = 0;
  for (size_t i = 0; i <= positions.size(); ++i) {
    const Position last = i < positions.size() ? positions[i] : Position{kDay + 4 * kSecondsPerDay, 0};
    for (const Position start : {Position{last.clock, last.seq - 1}, last}) {
      if (start.seq < 0) continue;
      while (expected < positions.size() && positions[expected] < start) ++expected;
      OpenAt(start);
      most_reads = std::max(most_reads, reader_->TEST_block_reads());
      Line line;
      const absl::StatusOr<bool> got = reader_->Next(&line);
      ASSERT_THAT(got, IsOk());
      ASSERT_EQ(*got, expected < positions.size()) << ToString(start);
      if (*got) {
        ASSERT_EQ(line.position, positions[expected]) << ToString(start);
      }
    }
  }
  EXPECT_LE(most_reads, 12);
}

// Nobody writes this; but from a position on there is what lies behind it, whatever a folder holds.
TEST_F(ReaderTest, AnEmptyFileDoesNotHideTheLinesOfAnEarlierOne) {
  Write("20171008.daystream", Stamped({kDay - 1, 0}, "a") + Stamped({kDay + 1, 0}, "b"));
  Write(kFile, "");
  Write(kNextFile, Stamped({kDay + 86400, 0}, "c"));
  OpenAt({kDay + 1, 0});
  EXPECT_THAT(ReadAll(), ElementsAre("b", "c"));
}

TEST_F(ReaderTest, AFileWithATornLineAloneDoesNotHideThemEither) {
  Write("20171008.daystream", Stamped({kDay - 1, 0}, "a") + Stamped({kDay + 86401, 0}, "b"));
  const std::string torn = Stamped({kDay, 0}, std::string(10000, 'c'));
  Write(kFile, torn.substr(0, torn.size() - 1));
  OpenAt({kDay + 86401, 0});
  EXPECT_THAT(ReadAll(), ElementsAre("b"));
}

TEST_F(ReaderTest, BisectionReadsFewBlocksOfALargeFile) {
  std::string content;
  for (int i = 0; i < 400000; ++i) content += Stamped({kDay + i / 1000, i % 1000}, std::string(40, 'x'));
  Rewrite(kFile, content);
  OpenAt({kDay + 333, 333});
  EXPECT_LE(reader_->TEST_block_reads(), 20);
  Line line;
  ASSERT_THAT(reader_->Next(&line), IsOk());
  EXPECT_EQ(line.position, (Position{kDay + 333, 333}));
}

TEST_F(ReaderTest, LinesMayBeLongerThanABlock) {
  options_.block_size = 64;
  std::vector<std::string> texts;
  std::string content;
  for (int i = 0; i < 300; ++i) {
    texts.push_back(std::string(i, 'x'));
    content += Stamped({kDay, i}, texts.back());
  }
  Rewrite(kFile, content);
  Open();
  EXPECT_EQ(ReadAll(), texts);
}

// The end.

TEST_F(ReaderTest, TornTailIsTheEndForNow) {
  const std::string first = Stamped({kDay, 0}, "a");
  const std::string second = Stamped({kDay, 1}, "b");
  for (size_t size = 0; size < second.size(); ++size) {
    Rewrite(kFile, first + second.substr(0, size));
    Open();
    ASSERT_THAT(ReadAll(), ElementsAre("a")) << size;
    Rewrite(kFile, first + second);
    ASSERT_THAT(ReadAll(), ElementsAre("b")) << size;
  }
}

TEST_F(ReaderTest, WhatIsCutOffIsForgotten) {
  const std::string first = Stamped({kDay, 0}, "a");
  Rewrite(kFile, first + "_c\t1507507200\t_s\t1\t_table\tlong");
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("a"));
  Rewrite(kFile, first + Stamped({kDay, 1}, "_xid\t1\t_action\trollback") + Stamped({kDay, 2}, "b"));
  EXPECT_THAT(ReadAll(), ElementsAre("_xid\t1\t_action\trollback", "b"));
}

TEST_F(ReaderTest, TornTailBeforeAnotherFileIsDamage) {
  Rewrite(kFile, Stamped({kDay, 0}, "a") + "_c\t1507");
  Rewrite(kNextFile, Stamped({kDay + kSecondsPerDay, 0}, "b"));
  Open();
  EXPECT_THAT(ReadToError(), StatusIs(absl::StatusCode::kDataLoss,
                                      HasSubstr("cannot read the line at offset 21 of file \"" + Path(kFile))));
}

TEST_F(ReaderTest, DamageIsAnErrorThatStays) {
  Rewrite(kFile, Stamped({kDay, 0}, "a") + "nonsense\n" + Stamped({kDay, 1}, "b"));
  Open();
  const std::string message = "cannot read the line at offset 21 of file \"" + Path(kFile) +
                              "\": expected \"_c\" and \"_s\" in front, as a daystream has, got \"nonsense\"";
  EXPECT_THAT(ReadToError(), StatusIs(absl::StatusCode::kDataLoss, message));
  EXPECT_THAT(ReadToError(), StatusIs(absl::StatusCode::kDataLoss, message));
}

TEST_F(ReaderTest, PositionsMustGrow) {
  Rewrite(kFile, Stamped({kDay, 1}, "a") + Stamped({kDay, 1}, "b"));
  Open();
  EXPECT_THAT(ReadToError(),
              StatusIs(absl::StatusCode::kDataLoss, "cannot read the line at offset 21 of file \"" + Path(kFile) +
                                                        "\": expected a position behind (1507507200, 1), got "
                                                        "(1507507200, 1)"));
  // Also from one file to the next.
  Rewrite(kFile, Stamped({kDay + 2 * kSecondsPerDay, 1}, "a"));
  Rewrite(kNextFile, Stamped({kDay + kSecondsPerDay, 1}, "b"));
  Open();
  EXPECT_THAT(ReadToError(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("at offset 0 of file \"" + Path(kNextFile))));
}

TEST_F(ReaderTest, AFileThatShrinksIsAnError) {
  Rewrite(kFile, Stamped({kDay, 0}, "a") + Stamped({kDay, 1}, "b"));
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b"));
  Rewrite(kFile, Stamped({kDay, 0}, "a"));
  EXPECT_THAT(ReadToError(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("it is only 21 bytes long now")));
}

// Old files are removed.

class PrunedReaderTest : public ReaderTest {
 protected:
  PrunedReaderTest() {
    SourceInfo info;
    info.began = kDay + 100;
    EXPECT_THAT(SaveSourceInfo(directory_.path(), info), IsOk());
  }
};

TEST_F(PrunedReaderTest, AStartThatIsNoLongerThereIsAnError) {
  const int64_t later = kDay + kSecondsPerDay;
  Rewrite(kNextFile, Stamped({later + 7, 0}, "b"));
  options_.start = Position{kDay + 500, 2};
  EXPECT_THAT(TryOpen(directory_.path()),
              StatusIs(absl::StatusCode::kOutOfRange, "position (1507507700, 2) is no longer in daystream \"" +
                                                          directory_.path() + "\", which begins at (1507593607, 0)"));
  options_.start_must_be_kept = false;
  ASSERT_THAT(TryOpen(directory_.path()), IsOk());
  EXPECT_THAT(ReadAll(), ElementsAre("b"));
  options_.start_must_be_kept = true;
  OpenAt({later + 7, 0});
  EXPECT_THAT(ReadAll(), ElementsAre("b"));
}

TEST_F(PrunedReaderTest, AStartBeforeTheBeginningIsNone) {
  Rewrite(kFile, Stamped({kDay + 200, 0}, "a"));
  OpenAt({kDay - 500, 2});
  EXPECT_THAT(ReadAll(), ElementsAre("a"));
}

TEST_F(ReaderTest, WithoutABeginningAPositionThatWasReadWasThere) {
  Rewrite(kNextFile, Stamped({kDay + kSecondsPerDay, 0}, "b"));
  OpenAt({kDay, 2});
  EXPECT_THAT(ReadAll(), ElementsAre("b"));
  options_.after = true;
  EXPECT_THAT(TryOpen(directory_.path()),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("position (1507507200, 2) is no longer in daystream")));
}

TEST_F(PrunedReaderTest, FilesRemovedUnderTheReaderAreNoticed) {
  Rewrite(kFile, Stamped({kDay + 200, 0}, "a"));
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("a"));
  std::filesystem::remove(Path(kFile));
  EXPECT_THAT(ReadAll(), IsEmpty());
  Rewrite("20171012.daystream", Stamped({kDay + 3 * kSecondsPerDay, 0}, "d"));
  EXPECT_THAT(ReadToError(),
              StatusIs(absl::StatusCode::kOutOfRange,
                       HasSubstr("position (1507507400, 0) is no longer in daystream \"" + directory_.path())));
}

// Following.

TEST_F(ReaderTest, RotationBetweenTwoReadsLosesNothing) {
  Rewrite(kFile, Stamped({kDay, 0}, "a"));
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("a"));
  Write(kFile, Stamped({kDay, 1}, "b"));
  Rewrite(kNextFile, Stamped({kDay + kSecondsPerDay, 0}, "c"));
  EXPECT_THAT(ReadAll(), ElementsAre("b", "c"));
}

// The directory is looked through only where it may have changed since.
TEST_F(ReaderTest, AFileThatComesWhileNothingIsReadIsSeen) {
  const std::string log = Path("log");
  std::filesystem::create_directory(log);
  ASSERT_THAT(TryOpen(log), IsOk());
  const auto look = [this] {
    for (int i = 0; i < 5; ++i) EXPECT_THAT(ReadAll(), IsEmpty());
  };
  look();
  absl::SleepFor(absl::Milliseconds(120));  // from now on its time of change counts
  look();
  lab::WriteFile(log + "/20171009.daystream", Stamped({kDay, 0}, "a"));
  EXPECT_THAT(ReadAll(), ElementsAre("a"));
  // A time of change that is not long ago tells nothing: the file may have come within the same step of the clock.
  const std::filesystem::file_time_type ahead = std::filesystem::file_time_type::clock::now() + std::chrono::hours(1);
  std::filesystem::last_write_time(log, ahead);
  look();
  lab::WriteFile(log + "/20171010.daystream", Stamped({kDay + kSecondsPerDay, 0}, "b"));
  std::filesystem::last_write_time(log, ahead);
  EXPECT_THAT(ReadAll(), ElementsAre("b"));
}

TEST_F(ReaderTest, WaitReturnsWhenSomethingIsWritten) {
  Rewrite(kFile, Stamped({kDay, 0}, "a"));
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("a"));
  ASSERT_THAT(reader_->WaitForData(absl::Seconds(30)), IsOk());  // the first makes the watch
  const absl::Time begin = absl::Now();
  ASSERT_THAT(reader_->WaitForData(absl::Milliseconds(20)), IsOk());
  EXPECT_GE(absl::Now() - begin, absl::Milliseconds(20));
  std::thread writer([this] {
    absl::SleepFor(absl::Milliseconds(20));
    Write(kFile, Stamped({kDay, 1}, "b"));
  });
  ASSERT_THAT(reader_->WaitForData(absl::Seconds(30)), IsOk());
  EXPECT_LT(absl::Now() - begin, absl::Seconds(20));
  writer.join();
  EXPECT_THAT(ReadAll(), ElementsAre("b"));
}

// A writer and a reader at the same time, over several midnights, with restarts of the writer.
TEST_F(ReaderTest, FollowsAWriterAcrossDaysAndRestarts) {
  constexpr int kLines = 20000;
  const std::string log = Path("log");
  std::filesystem::create_directory(log);
  std::thread writing([&log] {
    int64_t now = kDay;
    SourceInfo source;
    source.slot = "mirror";
    std::unique_ptr<Writer> writer;
    for (int i = 0; i < kLines; ++i) {
      if (i % 2000 == 0) {
        WriterOptions options;
        options.clock = [&now] { return now; };
        writer.reset();
        writer = *Writer::Open(log, source, options);
      }
      now += i % 100 == 0 ? 5000 : 0;
      EXPECT_THAT(writer->Append(absl::StrCat("_xid\t", i, "\t_lsn\t0/1\t_action\tcommit")), IsOk());
      if (i % 7 == 0 || i % 2000 == 1999) {
        EXPECT_THAT(writer->Flush(), IsOk());
      }
    }
    EXPECT_THAT(writer->Sync(), IsOk());
  });
  ASSERT_THAT(TryOpen(log), IsOk());
  const absl::Time deadline = absl::Now() + absl::Minutes(1);
  int next = 0;
  while (next < kLines && absl::Now() < deadline) {
    for (const std::string& text : ReadAll()) {
      ASSERT_EQ(text, absl::StrCat("_xid\t", next, "\t_lsn\t0/1\t_action\tcommit"));
      ++next;
    }
    ASSERT_THAT(reader_->WaitForData(absl::Milliseconds(100)), IsOk());
  }
  writing.join();
  EXPECT_EQ(next, kLines);
}

}  // namespace
}  // namespace deltamirror::daystream
