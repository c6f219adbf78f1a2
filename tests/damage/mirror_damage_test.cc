// A daystream with damage, as those meet it who use SQL: what was applied is what PostgreSQL had after some commit, the
// error says where the damage is, and when it is mended the mirror goes on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "daystream/source.h"
#include "tests/damage/small_daystream.h"
#include "tests/lab/host.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kRun[] = "SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\",\"batch\":1}')";

class MirrorDamageTest : public ::testing::Test {
 protected:
  MirrorDamageTest() {
    host_.Exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL");
    Begin();
    // What PostgreSQL had after each transaction.
    states_.push_back(State());
    for (size_t i = 0; i < log_.lines().size(); ++i) {
      if (!log_.lines()[i].is_end) continue;
      EndAt(i + 1);
      host_.Exec(kRun);
      states_.push_back(State());
      ends_.push_back(i);
    }
    log_.Restore();
  }

  // A new mirror that has read nothing.
  void Begin() {
    host_.Exec(
        absl::StrCat("DROP TABLE IF EXISTS m; DROP TABLE IF EXISTS zzz; CREATE TABLE zzz (a TEXT PRIMARY KEY, b TEXT);"
                     "CREATE VIRTUAL TABLE m USING daystream_apply(source=",
                     lab::Literal(log_dir_.path()), ")"));
  }
  // The daystream ends before line `end`.
  void EndAt(size_t end) {
    log_.Restore();
    for (size_t i = log_.lines().size(); i-- > end;) {
      const SmallDaystream::Line& line = log_.lines()[i];
      if (line.offset == 0) {
        std::filesystem::remove(log_.paths()[line.file]);
      } else {
        std::filesystem::resize_file(log_.paths()[line.file], line.offset);
      }
    }
  }
  void Flip(size_t line, size_t at) {
    std::string content = lab::ReadFile(log_.paths()[log_.lines()[line].file]);
    content[log_.lines()[line].offset + at] ^= 1;
    lab::WriteFile(log_.paths()[log_.lines()[line].file], content);
  }
  void Erase(size_t line) {
    std::string content = lab::ReadFile(log_.paths()[log_.lines()[line].file]);
    content.erase(log_.lines()[line].offset, log_.lines()[line].text.size() + 1);
    lab::WriteFile(log_.paths()[log_.lines()[line].file], content);
  }
  std::string State() {
    return absl::StrJoin(
        host_.Query("SELECT * FROM zzz ORDER BY a"), "|",
        [](std::string* out, const std::vector<std::string>& row) { absl::StrAppend(out, absl::StrJoin(row, ",")); });
  }
  // The number of the transaction that holds the line.
  size_t TransactionOf(size_t line) const {
    size_t number = 0;
    while (ends_[number] < line) ++number;
    return number;
  }
  // What `line` of the file of the log's line says.
  std::string Place(size_t line) const {
    return absl::StrCat("offset ", log_.lines()[line].offset, " of file \"", log_.paths()[log_.lines()[line].file],
                        "\"");
  }

  // Runs the mirror into damage within that transaction; then without damage.
  void ExpectStopsBefore(size_t transaction, const std::string& what) {
    const std::string error = host_.Error(kRun);
    EXPECT_EQ(State(), states_[transaction]) << what << ": " << error;
    EXPECT_THAT(error, AllOf(StartsWith("deltamirror: cannot read "), HasSubstr("offset "), HasSubstr("position "),
                             HasSubstr(absl::StrCat("of file \"", log_dir_.path()))))
        << what;
    EXPECT_EQ("deltamirror: " + host_.Value("SELECT last_error FROM m_state"), error) << what;
    log_.Restore();
    host_.Exec(kRun);
    EXPECT_EQ(State(), states_.back()) << what;
    EXPECT_EQ(host_.Value("SELECT last_error FROM m_state"), "NULL") << what;
  }

  lab::TempDir log_dir_;
  SmallDaystream log_{log_dir_.path()};
  lab::TempDir dir_;
  lab::Host host_{dir_.File("mirror.db")};
  std::vector<std::string> states_;  // the first before all
  std::vector<size_t> ends_;         // the line of each transaction's end
};

TEST_F(MirrorDamageTest, StatesAreThoseOfTheSource) {
  EXPECT_THAT(states_, ::testing::ElementsAre("", "fox,one|hen,two", "fox,NULL|hen,two", "elk,3|fox,NULL|owl,\\x",
                                              "elk,3|fox,NULL|owl,\\x", "eel,5|elk,3|fox,NULL",
                                              "eel,5|elk,3|fox,NULL|gnu,6", "yak,7"));
}

TEST_F(MirrorDamageTest, ChangedValueStopsTheMirror) {
  for (size_t i = 0; i < log_.lines().size(); ++i) {
    Begin();
    Flip(i, log_.lines()[i].text.size() - 1);
    ExpectStopsBefore(TransactionOf(i), absl::StrCat("line ", i, " is changed"));
  }
}

TEST_F(MirrorDamageTest, MissingLineStopsTheMirror) {
  for (size_t i = 0; i + 1 < log_.lines().size(); ++i) {
    Begin();
    Erase(i);
    ExpectStopsBefore(TransactionOf(i), absl::StrCat("line ", i, " is missing"));
  }
}

// A mirror that was stopped somewhere finds its way to the damage by bisection.
TEST_F(MirrorDamageTest, DamageStopsAMirrorThatGoesOn) {
  for (size_t begin = 0; begin < ends_.size(); ++begin) {
    for (size_t i = ends_[begin] + 1; i < log_.lines().size(); i += 2) {
      Begin();
      EndAt(ends_[begin] + 1);
      host_.Exec(kRun);
      log_.Restore();
      Flip(i, log_.lines()[i].text.size() - 1);
      ExpectStopsBefore(TransactionOf(i), absl::StrCat("line ", i, " is changed, gone on behind ", ends_[begin]));
    }
  }
}

TEST_F(MirrorDamageTest, MessagesSayWhatIsWrong) {
  Flip(1, log_.lines()[1].text.size() - 1);
  const std::string changed = absl::StrCat(
      "cannot read the transaction that ends at position (1507593200, 2), at ", Place(2),
      ": its lines do not have the checksum that was written with them. What lies between offset 0 of file \"",
      log_.paths()[0],
      "\" and there is not what was written. Bring it back from a copy, or make a new daystream and bootstrap its "
      "mirrors again");
  EXPECT_EQ(host_.Error(absl::StrCat("SELECT * FROM daystream(", lab::Literal(log_dir_.path()), ")")),
            "daystream: " + changed);
  Begin();
  EXPECT_EQ(host_.Error(kRun), "deltamirror: " + changed);
  EXPECT_EQ(
      host_.Error(absl::StrCat("INSERT INTO m(line) SELECT line FROM daystream(", lab::Literal(log_dir_.path()), ")")),
      "daystream: " + changed);
  EXPECT_EQ(State(), "");
  log_.Restore();

  Erase(1);
  EXPECT_THAT(host_.Error(kRun), HasSubstr(": expected 3 lines, got 2. What lies between offset 0 of file"));
  log_.Restore();

  Flip(2, 21);  // _check
  EXPECT_THAT(host_.Error(kRun), HasSubstr(": expected \"_check\" in its last line, got none. What lies"));
  log_.Restore();

  Flip(4, log_.lines()[4].text.find("_action"));
  EXPECT_THAT(host_.Error(kRun), HasSubstr(absl::StrCat("at position (1507593209, 1), at ", Place(4), ": ")));
}

TEST_F(MirrorDamageTest, RemovedFilesStopTheMirror) {
  // In the middle, while the mirror has read the one before.
  Begin();
  EndAt(ends_[1] + 1);
  host_.Exec(kRun);
  log_.Restore();
  std::filesystem::remove(log_.paths()[1]);
  const std::string middle = host_.Error(kRun);
  EXPECT_THAT(middle, AllOf(HasSubstr("position (1507766407, 1), at offset "), HasSubstr(log_.paths()[2]),
                            HasSubstr("expected transaction 3, got transaction 6"), HasSubstr(log_.paths()[0])));
  EXPECT_EQ(State(), states_[2]);
  // The oldest, with what the mirror needs.
  log_.Restore();
  std::filesystem::remove(log_.paths()[0]);
  EXPECT_EQ(host_.Error(kRun),
            absl::StrCat("deltamirror: position (1507593209, 1) is no longer in daystream \"", log_dir_.path(),
                         "\", which begins at (1507593601, 0). Copy all of its tables anew with "
                         "deltamirror_bootstrap, option \"again\", or make a new mirror"));
  EXPECT_EQ(State(), states_[2]);
  Begin();
  EXPECT_EQ(host_.Error(kRun), absl::StrCat("deltamirror: the beginning is no longer in daystream \"", log_dir_.path(),
                                            "\", which begins at (1507593601, 0). Copy all of its tables anew with "
                                            "deltamirror_bootstrap, option \"again\", or make a new mirror"));
  EXPECT_EQ(State(), "");
  // The newest, behind which the mirror stands.
  log_.Restore();
  host_.Exec(kRun);
  std::filesystem::remove(log_.paths()[2]);
  EXPECT_EQ(
      host_.Error(kRun),
      absl::StrCat("deltamirror: position (1507766408, 2), which the mirror has come to, is not in daystream \"",
                   log_dir_.path(),
                   "\", which ends at (1507593606, 2). If it is a copy that lags behind, or its host has crashed, "
                   "try again when it has gone on. Else bring back what was removed, or make a new mirror and "
                   "bootstrap it"));
  log_.Restore();
  host_.Exec(kRun);
  EXPECT_EQ(State(), states_.back());
}

}  // namespace
}  // namespace deltamirror
