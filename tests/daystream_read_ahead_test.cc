#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "daystream/position.h"
#include "daystream/read_ahead.h"
#include "daystream/reader.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
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
constexpr int64_t kBacklogLines = 12000;  // many batches

std::string Lines(int64_t clock, int64_t first, int64_t end) {
  std::string lines;
  for (int64_t seq = first; seq < end; ++seq) {
    AppendPrefix({clock, seq}, &lines);
    absl::StrAppend(&lines, "_table\tt\t_xid\t7\t_action\tinsert\ta\t", clock, ".", seq, "\n");
  }
  return lines;
}

class ReadAheadTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& content) {
    const std::string path = directory_.File(name);
    lab::WriteFile(path, lab::ReadFile(path) + content);
  }

  void Open() {
    absl::StatusOr<std::unique_ptr<ReadAhead>> ahead = ReadAhead::Open(directory_.path(), options_);
    ASSERT_THAT(ahead, IsOk());
    ahead_ = *std::move(ahead);
    absl::StatusOr<std::unique_ptr<Reader>> plain = Reader::Open(directory_.path(), options_);
    ASSERT_THAT(plain, IsOk());
    plain_ = *std::move(plain);
  }

  // Takes `count` lines, and compares all that can be asked with a Reader's answers.
  void TakeLikeReader(int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      Line line;
      Line expected;
      ASSERT_THAT(ahead_->Next(&line), IsOk());
      const absl::StatusOr<bool> got = plain_->Next(&expected);
      ASSERT_THAT(got, IsOk());
      ASSERT_TRUE(*got);
      ASSERT_EQ(line.text, expected.text);
      ASSERT_EQ(line.record_text, expected.record_text);
      ASSERT_EQ(line.check, expected.check);
      ASSERT_EQ(line.position, expected.position);
      ASSERT_EQ(ahead_->Where(), plain_->Where());
      ASSERT_EQ(ahead_->last_read(), plain_->last_read());
      ExpectRecordOf(line);
    }
  }

  // If there is one, it is what parsing the line gives.
  void ExpectRecordOf(const Line& line) {
    const deltaflood::Record* const record = ahead_->record();
    if (record == nullptr) return;
    ++records_;
    deltaflood::Parser parser;
    deltaflood::Record expected;
    ASSERT_THAT(parser.Parse(line.text, &expected), IsOk());
    ASSERT_EQ(Position({record->clock, record->seq}), line.position);
    ASSERT_EQ(record->table, expected.table);
    ASSERT_EQ(record->xid, expected.xid);
    ASSERT_EQ(record->action, expected.action);
    ASSERT_EQ(record->check, line.check);
    ASSERT_EQ(record->columns.size(), expected.columns.size());
    for (size_t i = 0; i < expected.columns.size(); ++i) {
      ASSERT_EQ(record->columns[i].name, expected.columns[i].name);
      ASSERT_EQ(record->columns[i].value, expected.columns[i].value);
      ASSERT_EQ(record->columns[i].is_null, expected.columns[i].is_null);
    }
  }

  void ExpectEnd() {
    Line line;
    const absl::StatusOr<bool> got = ahead_->Next(&line);
    ASSERT_THAT(got, IsOk());
    EXPECT_FALSE(*got);
    EXPECT_FALSE(ahead_->TEST_is_ahead());
  }

  lab::TempDir directory_;
  ReaderOptions options_;
  std::unique_ptr<ReadAhead> ahead_;
  std::unique_ptr<Reader> plain_;
  int64_t records_ = 0;  // that came with their lines
};

TEST_F(ReadAheadTest, GivesWhatAReaderGives) {
  Write(kFile, Lines(kDay, 0, kBacklogLines));
  Write(kNextFile, Lines(kDay + 86400, 0, kBacklogLines));
  Open();
  TakeLikeReader(kBacklogLines);
  EXPECT_TRUE(ahead_->TEST_is_ahead());
  TakeLikeReader(kBacklogLines);
  ExpectEnd();
  EXPECT_GT(records_, kBacklogLines);
}

TEST_F(ReadAheadTest, LinesThatAreNotTakenApartAreLeftToTheCaller) {
  Write(kFile, Lines(kDay, 0, kBacklogLines));
  int64_t seq = kBacklogLines;
  const auto write = [&](const std::string& line) {
    std::string prefix;
    AppendPrefix({kDay, seq++}, &prefix);
    Write(kFile, absl::StrCat(prefix, line, "\n"));
  };
  const std::string insert = "_table\tt\t_xid\t7\t_action\tinsert\t";
  write(insert + "a\tone\\ttwo\tb\tplain\tthe\\tname\tthree\\nfour");
  write(insert + "a\t\\N");
  write("_table\tt\\tt\t_xid\t7\t_action\tinsert\ta\t1");
  write(insert + "a\tlong\\t" + std::string(100000, 'x'));
  write("no pair");
  Open();
  TakeLikeReader(kBacklogLines);
  EXPECT_NE(ahead_->record(), nullptr);
  for (const bool is_parsed : {true, true, false, false, false}) {
    TakeLikeReader(1);
    EXPECT_EQ(ahead_->record() != nullptr, is_parsed);
  }
}

// A transaction may end in the next batch: what is said of a line must be true, and need not be said of all.
TEST_F(ReadAheadTest, TellsOfLinesWhoseCommitHasBeenRead) {
  Write(kFile, Lines(kDay, 0, kBacklogLines));
  std::string lines;
  const std::vector<std::string> ends = {"_action\tcommit", "_action\trollback", "no record", "_action\tcommit", ""};
  int64_t seq = kBacklogLines;
  for (int round = 0; round < 1000; ++round) {
    for (const std::string& end : ends) {
      lines += Lines(kDay, seq, seq + 2);
      seq += 2;
      if (end.empty()) continue;
      AppendPrefix({kDay, seq++}, &lines);
      absl::StrAppend(&lines, end == "no record" ? "" : "_xid\t7\t", end, "\n");
    }
  }
  Write(kFile, lines);
  Open();
  TakeLikeReader(kBacklogLines);
  int foreseen = 0;
  for (int round = 0; round < 1000; ++round) {
    for (const std::string& end : ends) {
      for (int change = 0; change < 2; ++change) {
        TakeLikeReader(1);
        foreseen += ahead_->CommitIsAhead() ? 1 : 0;
        // The last two of a round belong to the first transaction of the next.
        EXPECT_TRUE(!ahead_->CommitIsAhead() || end == ends[0] || end.empty()) << end;
      }
      if (end.empty()) continue;
      TakeLikeReader(1);
      EXPECT_FALSE(ahead_->CommitIsAhead());
    }
  }
  EXPECT_GT(foreseen, 5000);
}

TEST_F(ReadAheadTest, GoesOnWhenMoreIsWritten) {
  Write(kFile, Lines(kDay, 0, kBacklogLines));
  Open();
  TakeLikeReader(kBacklogLines);
  ExpectEnd();
  Write(kFile, Lines(kDay, kBacklogLines, kBacklogLines + 3));
  TakeLikeReader(3);
  EXPECT_FALSE(ahead_->TEST_is_ahead());
  ExpectEnd();
  Write(kFile, Lines(kDay, kBacklogLines + 3, 2 * kBacklogLines));
  TakeLikeReader(kBacklogLines - 3);
  ExpectEnd();
}

TEST_F(ReadAheadTest, FewLinesAreReadWithoutAThread) {
  Write(kFile, Lines(kDay, 0, 100));
  Open();
  TakeLikeReader(100);
  EXPECT_FALSE(ahead_->TEST_is_ahead());
  ExpectEnd();
}

TEST_F(ReadAheadTest, LinesBeforeADamagedOneAreGivenFirst) {
  Write(kFile, Lines(kDay, 0, kBacklogLines));
  Write(kFile, Lines(kDay, 5, 6));
  Open();
  TakeLikeReader(kBacklogLines);
  Line line;
  for (int time = 0; time < 2; ++time) {
    EXPECT_THAT(ahead_->Next(&line),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected a position behind (1507507200, 11999)")));
  }
}

TEST_F(ReadAheadTest, MayBeGivenUpAnywhere) {
  Write(kFile, Lines(kDay, 0, kBacklogLines));
  for (const int64_t lines : {1, 5000, 10000}) {
    Open();
    TakeLikeReader(lines);
  }
}

TEST_F(ReadAheadTest, ALineLargerThanABatchComesWhole) {
  Write(kFile, Lines(kDay, 0, kBacklogLines));
  std::string large;
  AppendPrefix({kDay, kBacklogLines}, &large);
  absl::StrAppend(&large, "_table\tt\t_xid\t7\t_action\tinsert\ta\t", std::string(3 << 20, 'x'), "\n");
  Write(kFile, large);
  Write(kFile, Lines(kDay, kBacklogLines + 1, kBacklogLines + 10));
  Open();
  TakeLikeReader(kBacklogLines + 10);
  ExpectEnd();
}

}  // namespace
}  // namespace deltamirror::daystream
