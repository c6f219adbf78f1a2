#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "daystream/files.h"
#include "daystream/position.h"
#include "daystream/reader.h"
#include "daystream/source.h"
#include "tests/daystream_reader_fixture.h"
#include "tests/lab/temp_dir.h"
#include "tests/status_matchers.h"

namespace deltamirror::daystream {
namespace {

using ::deltamirror::testing::IsOk;
using ::deltamirror::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

}  // namespace
}  // namespace deltamirror::daystream
