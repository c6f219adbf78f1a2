// Damage of a daystream, one kind after the other, everywhere: whoever waits for the ends of transactions never sees a
// line that was not written, and hears of each that is missing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "daystream/position.h"
#include "daystream/reader.h"
#include "tests/damage/small_daystream.h"
#include "tests/lab/sanitized.h"
#include "tests/lab/temp_dir.h"
#include "tests/status_matchers.h"

namespace deltamirror::daystream {
namespace {

using ::deltamirror::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ReaderDamageTest : public ::testing::Test {
 protected:
  struct Seen {
    std::vector<std::string> lines;  // up to the last end of a transaction
    absl::Status status;             // how the reading ended
  };

  Seen Read(std::optional<Position> start = std::nullopt, bool after = false) {
    ReaderOptions options;
    options.start = start;
    options.after = after;
    Seen seen;
    absl::StatusOr<std::unique_ptr<Reader>> reader = Reader::Open(directory_.path(), options);
    seen.status = reader.status();
    std::vector<std::string> pending;
    while (seen.status.ok()) {
      Line line;
      const absl::StatusOr<bool> got = (*reader)->Next(&line);
      seen.status = got.status();
      if (!got.ok() || !*got) break;
      pending.emplace_back(line.text);
      if (line.check.empty()) continue;
      seen.lines.insert(seen.lines.end(), pending.begin(), pending.end());
      pending.clear();
    }
    return seen;
  }

  // The lines behind a start, up to the last end of a transaction before line `end`.
  std::vector<std::string> Lines(std::optional<Position> start, bool after, size_t end) {
    std::vector<std::string> lines;
    size_t whole = 0;
    for (size_t i = 0; i < end && i < log_.lines().size(); ++i) {
      const SmallDaystream::Line& line = log_.lines()[i];
      if (start.has_value() && (after ? line.position <= *start : line.position < *start)) continue;
      lines.push_back(line.text);
      if (line.is_end) whole = lines.size();
    }
    lines.resize(whole);
    return lines;
  }

  // Reads from everywhere, in both ways, with the line `damaged` (the first one) not as it was written. `may_end`: the
  // reader may take it for a line that is not there yet.
  void ExpectNoFalseLine(size_t damaged, bool may_end, const std::string& what) {
    Check(std::nullopt, false, damaged, may_end, what);
    for (const SmallDaystream::Line& line : log_.lines()) {
      Check(line.position, true, damaged, may_end, what);
      Check(line.position, false, damaged, may_end, what);
    }
  }

  void Check(std::optional<Position> start, bool after, size_t damaged, bool may_end, const std::string& what) {
    const Seen seen = Read(start, after);
    const std::string where =
        absl::StrCat(what, ", read from ", start ? ToString(*start) : "the beginning", after ? " on" : "");
    const std::vector<std::string> all = Lines(start, after, log_.lines().size());
    const bool ahead =
        !start || (after ? log_.lines()[damaged].position > *start : log_.lines()[damaged].position >= *start);
    std::vector<std::string> right = all;
    if (may_end) right = Lines(start, after, log_.lines().size() - 3);  // the last transaction is not there yet
    if (ahead) {
      EXPECT_FALSE(seen.status.ok() && !may_end) << where;
      right = Lines(start, after, damaged);
    }
    // What lies behind us need not be noticed, but may be; and the search for the start may meet what lies far ahead.
    if (!seen.status.ok() && seen.lines.size() < right.size()) right.resize(seen.lines.size());
    EXPECT_TRUE(seen.lines == right) << where << ": " << seen.status << ", " << seen.lines.size() << " lines, expected "
                                     << right.size();
    if (!seen.status.ok()) {
      EXPECT_THAT(std::string(seen.status.message()), AllOf(HasSubstr(" file \""), HasSubstr("offset "))) << where;
    }
  }

  lab::TempDir directory_;
  SmallDaystream log_{directory_.path()};
};

TEST_F(ReaderDamageTest, WithoutDamageAllIsRead) {
  const Seen seen = Read();
  EXPECT_TRUE(seen.status.ok()) << seen.status;
  EXPECT_EQ(seen.lines.size(), log_.lines().size());
  EXPECT_EQ(log_.lines().size(), 19u);
}

// Under a sanitizer every single byte would take a quarter of an hour.
const size_t kByteStep = lab::IsSanitized() ? 7 : 1;

TEST_F(ReaderDamageTest, FlippedByteIsNoticed) {
  for (size_t i = 0; i < log_.lines().size(); ++i) {
    const SmallDaystream::Line& line = log_.lines()[i];
    std::fstream file(log_.paths()[line.file]);
    for (size_t at = 0; at <= line.text.size(); at += kByteStep) {
      const char whole = log_.contents()[line.file][line.offset + at];
      // Each bit, and what means something.
      std::vector<char> changes = {'\n', '\t', '\\', ':', '0', '9'};
      for (int bit = 0; bit < 8; ++bit) changes.push_back(static_cast<char>(whole ^ 1 << bit));
      for (const char changed : changes) {
        if (changed == whole) continue;
        file.seekp(static_cast<std::streamoff>(line.offset + at)).put(changed).flush();
        // A transaction that has lost its end may yet get one.
        const bool is_last = i + 2 >= log_.lines().size() && at == line.text.size();
        // From everywhere would take minutes.
        const std::string what = absl::StrCat("byte ", at, " of line ", i, " is ", static_cast<int>(changed));
        if (changed == changes.back()) {
          ExpectNoFalseLine(i, is_last, what);
        } else {
          Check(std::nullopt, false, i, is_last, what);
        }
      }
      file.seekp(static_cast<std::streamoff>(line.offset + at)).put(whole).flush();
    }
  }
}

// The tail may end with any line: the rest is not there yet.
TEST_F(ReaderDamageTest, MissingLineIsNoticed) {
  for (size_t i = 0; i < log_.lines().size(); ++i) {
    const SmallDaystream::Line& line = log_.lines()[i];
    std::string content = log_.contents()[line.file];
    content.erase(line.offset, line.text.size() + 1);
    lab::WriteFile(log_.paths()[line.file], content);
    ExpectNoFalseLine(i, i + 1 == log_.lines().size(), absl::StrCat("line ", i, " is missing"));
    log_.Restore();
  }
}

TEST_F(ReaderDamageTest, MissingTransactionIsNoticed) {
  size_t begin = 0;
  for (size_t i = 0; i < log_.lines().size(); ++i) {
    if (!log_.lines()[i].is_end) continue;
    for (size_t j = i + 1; j-- > begin;) {
      std::string content = lab::ReadFile(log_.paths()[log_.lines()[j].file]);
      content.erase(log_.lines()[j].offset, log_.lines()[j].text.size() + 1);
      lab::WriteFile(log_.paths()[log_.lines()[j].file], content);
    }
    ExpectNoFalseLine(begin, i + 1 == log_.lines().size(), absl::StrCat("lines ", begin, " to ", i, " are missing"));
    log_.Restore();
    begin = i + 1;
  }
}

TEST_F(ReaderDamageTest, LinesInAnotherOrderAreNoticed) {
  for (size_t i = 0; i + 1 < log_.lines().size(); ++i) {
    const SmallDaystream::Line& first = log_.lines()[i];
    const SmallDaystream::Line& second = log_.lines()[i + 1];
    if (first.file != second.file) continue;
    std::string content = log_.contents()[first.file];
    content.replace(first.offset, first.text.size() + second.text.size() + 1, second.text + "\n" + first.text);
    lab::WriteFile(log_.paths()[first.file], content);
    ExpectNoFalseLine(i, false, absl::StrCat("lines ", i, " and the next change places"));
    // With their stamps in order the lines look right.
    Line line;
    ASSERT_TRUE(SplitLine(first.text, &line) && SplitLine(second.text, &line));
    absl::string_view one = first.text;
    absl::string_view two = second.text;
    Position position;
    ASSERT_TRUE(ConsumePrefix(&one, &position) && ConsumePrefix(&two, &position));
    std::string swapped;
    AppendPrefix(first.position, &swapped);
    absl::StrAppend(&swapped, two, "\n");
    AppendPrefix(second.position, &swapped);
    absl::StrAppend(&swapped, one);
    content.replace(first.offset, swapped.size(), swapped);
    lab::WriteFile(log_.paths()[first.file], content);
    ExpectNoFalseLine(i, i + 2 == log_.lines().size(), absl::StrCat("line ", i, " has the next one's content"));
    log_.Restore();
  }
}

TEST_F(ReaderDamageTest, LineThatComesTwiceIsNoticed) {
  for (size_t i = 0; i < log_.lines().size(); ++i) {
    const SmallDaystream::Line& line = log_.lines()[i];
    std::string content = log_.contents()[line.file];
    content.insert(line.offset, line.text + "\n");
    lab::WriteFile(log_.paths()[line.file], content);
    EXPECT_FALSE(Read().status.ok()) << "line " << i;
    // The first of the two is right.
    if (i + 1 < log_.lines().size()) Check(std::nullopt, false, i + 1, false, absl::StrCat("line ", i, " comes twice"));
    log_.Restore();
  }
}

TEST_F(ReaderDamageTest, EndOfAnEarlierFileThatIsMissingIsNoticed) {
  for (size_t i = 0; i < log_.lines().size(); ++i) {
    const SmallDaystream::Line& line = log_.lines()[i];
    for (size_t at = 0; at <= line.text.size(); at += kByteStep) {
      std::filesystem::resize_file(log_.paths()[line.file], line.offset + at);
      // Of the last file, what is missing is not there yet.
      const bool may_end = line.file + 1 == log_.paths().size();
      const std::string what = absl::StrCat("file ", line.file, " ends behind byte ", at, " of line ", i);
      if (may_end) {
        EXPECT_EQ(Read().lines, Lines(std::nullopt, false, i)) << what;
      } else if (at % 16 == 0) {
        ExpectNoFalseLine(i, false, what);
      } else {
        Check(std::nullopt, false, i, false, what);
      }
      lab::WriteFile(log_.paths()[line.file], log_.contents()[line.file]);
    }
  }
}

TEST_F(ReaderDamageTest, PartThatIsMissingInTheMiddleIsNoticed) {
  for (size_t i = 0; i + 1 < log_.lines().size(); ++i) {
    const SmallDaystream::Line& line = log_.lines()[i];
    const std::string& whole = log_.contents()[line.file];
    for (const size_t size : {size_t{1}, size_t{7}, line.text.size() / 2, line.text.size() + 9}) {
      std::string content = whole;
      content.erase(line.offset + 3, size);
      lab::WriteFile(log_.paths()[line.file], content);
      const bool may_end = line.offset + 3 + size >= whole.size() && line.file + 1 == log_.paths().size();
      Check(std::nullopt, false, i, may_end, absl::StrCat(size, " bytes of line ", i, " and behind are missing"));
    }
    log_.Restore();
  }
}

TEST_F(ReaderDamageTest, RemovedFileInTheMiddleIsNoticed) {
  std::filesystem::remove(log_.paths()[1]);
  size_t first = 0;
  while (log_.lines()[first].file != 1) ++first;
  ExpectNoFalseLine(first, false, "the second file is missing");
  const std::string next = log_.paths()[2];
  const Seen seen = Read();
  EXPECT_THAT(seen.status,
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr("position (1507766407, 1), at offset"),
                             HasSubstr("of file \"" + next + "\": expected transaction 3, got transaction 6"),
                             HasSubstr(" of file \"" + log_.paths()[0] + "\" and there is not what was"))));
}

// Old files may go, the oldest first. Whoever asks for what was in them hears of it.
TEST_F(ReaderDamageTest, RemovedOldFilesAreMissedByThoseWhoNeedThem) {
  std::filesystem::remove(log_.paths()[0]);
  for (const SmallDaystream::Line& line : log_.lines()) {
    const Seen seen = Read(line.position, /*after=*/true);
    if (line.file == 0) {
      EXPECT_THAT(seen.status, StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("is no longer in daystream")));
    } else {
      EXPECT_EQ(seen.lines, Lines(line.position, true, log_.lines().size())) << seen.status;
    }
  }
  EXPECT_THAT(Read(Position()).status, StatusIs(absl::StatusCode::kOutOfRange,
                                                HasSubstr("the beginning is no longer in daystream \"" +
                                                          directory_.path() + "\", which begins at (1507593601, 0)")));
}

// What is left of a transaction that began in a removed file cannot be checked; all behind it is.
TEST_F(ReaderDamageTest, BehindRemovedOldFilesDamageIsNoticed) {
  std::filesystem::remove(log_.paths()[0]);
  for (size_t i = 0; i < log_.lines().size(); ++i) {
    const SmallDaystream::Line& line = log_.lines()[i];
    if (line.file == 0 || i + 1 == log_.lines().size()) continue;
    std::string content = log_.contents()[line.file];
    content[line.offset + line.text.size() / 2] ^= 1;
    lab::WriteFile(log_.paths()[line.file], content);
    const Seen seen = Read();
    const bool of_half_transaction = log_.lines()[i].position < log_.lines()[9].position;
    EXPECT_TRUE(!seen.status.ok() || of_half_transaction) << "line " << i;
    lab::WriteFile(log_.paths()[line.file], log_.contents()[line.file]);
  }
}

// A copy of one file is a source, too: from its first whole transaction on it is checked.
TEST_F(ReaderDamageTest, SingleFileIsCheckedAsFarAsItCanBe) {
  for (size_t file = 0; file < log_.paths().size(); ++file) {
    size_t noticed = 0;
    size_t changed = 0;
    for (size_t i = 0; i < log_.lines().size(); ++i) {
      const SmallDaystream::Line& line = log_.lines()[i];
      if (line.file != file) continue;
      std::string content = log_.contents()[file];
      content[line.offset + line.text.size() - 1] ^= 1;
      lab::WriteFile(directory_.File("single"), content);
      auto reader = Reader::Open(directory_.File("single"), {});
      absl::Status status = reader.status();
      Line got;
      while (status.ok()) {
        const absl::StatusOr<bool> more = (*reader)->Next(&got);
        status = more.status();
        if (!more.ok() || !*more) break;
      }
      ++changed;
      noticed += status.ok() ? 0 : 1;
    }
    // Of the first file its end, an open transaction; of the second its beginning.
    EXPECT_EQ(noticed, file == 2 ? changed : changed - 2) << "file " << file;
  }
}

}  // namespace
}  // namespace deltamirror::daystream
