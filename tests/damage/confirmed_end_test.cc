// What the server was told is safe, it does not send again. When deltastream starts, all of it must be there; what lies
// behind may be missing, since it comes again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "daystream/source.h"
#include "daystream/writer.h"
#include "deltastream/slot_log.h"
#include "status/status_macros.h"
#include "tests/daystream_content.h"
#include "tests/lab/temp_dir.h"
#include "tests/status_matchers.h"
#include "types/lsn.h"

namespace deltamirror {
namespace {

using ::deltamirror::testing::IsOk;
using ::deltamirror::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int64_t kDay = 1507507200;  // 2017-10-09 00:00:00 UTC
constexpr int64_t kSecondsPerDay = 86400;
constexpr char kFile[] = "20171009.daystream";
constexpr char kNextFile[] = "20171010.daystream";
constexpr auto kLoss = absl::StatusCode::kDataLoss;

class ConfirmedEndTest : public ::testing::Test {
 protected:
  absl::Status TryOpen() {
    log_.reset();
    daystream::SourceInfo source = {.system_identifier = "73", .timeline = 1, .database = "prod", .slot = "mirror"};
    ASSIGN_OR_RETURN(std::unique_ptr<daystream::Writer> writer,
                     daystream::Writer::Open(dir_.File("ds"), source, {.clock = [this] { return now_; }}));
    log_ = std::make_unique<deltastream::SlotLog>(std::move(writer), /*confirmed=*/0x10, /*sync=*/true);
    return absl::OkStatus();
  }
  void Open() { ASSERT_THAT(TryOpen(), IsOk()); }

  // Transaction `xid`, with its end 8 bytes behind its commit.
  absl::Status Commit(int xid) {
    const uint64_t lsn = 0x100 * static_cast<uint64_t>(xid);
    const std::string head = absl::StrCat("_xid\t", xid, "\t_lsn\t", types::FormatLsn(lsn));
    RETURN_IF_ERROR(log_->Take(absl::StrCat("_table\tt\t", head, "\t_action\tinsert\ta\t", xid), lsn));
    RETURN_IF_ERROR(log_->Take(absl::StrCat(head, "\t_action\tcommit"), lsn + 8));
    return log_->Flush();
  }
  absl::Status Confirm() {
    RETURN_IF_ERROR(log_->Sync());
    return log_->SaveConfirmed();
  }
  void CommitAndConfirm(int xid) {
    ASSERT_THAT(Commit(xid), IsOk());
    ASSERT_THAT(Confirm(), IsOk());
  }

  std::string Path(const std::string& name) const { return dir_.File("ds/" + name); }
  std::string Read(const std::string& name) const { return lab::ReadFile(Path(name)); }
  // While nobody writes.
  void Damage(const std::string& name, const std::string& content) {
    log_.reset();
    lab::WriteFile(Path(name), content);
  }
  std::string SavedLsn() const { return daystream::LoadSourceInfo(dir_.File("ds"))->confirmed_lsn; }

  lab::TempDir dir_;
  int64_t now_ = kDay + 100;
  std::unique_ptr<deltastream::SlotLog> log_;
};

// The transaction was closed with a rollback, and never came again.
TEST_F(ConfirmedEndTest, AFileThatWasCutIsRefused) {
  Open();
  CommitAndConfirm(1);
  const size_t first = Read(kFile).size();
  CommitAndConfirm(2);
  const std::string whole = Read(kFile);
  for (size_t size = 0; size < whole.size(); ++size) {
    Damage(kFile, whole.substr(0, size));
    ASSERT_THAT(TryOpen(),
                StatusIs(kLoss, AllOf(HasSubstr("cannot go on writing to daystream"),
                                      HasSubstr(absl::StrCat("up to position (", kDay + 100, ", 3), at offset ")),
                                      HasSubstr(absl::StrCat(" of file \"", Path(kFile), "\", are safe")),
                                      HasSubstr(absl::StrCat("the file has only ", size, " bytes")),
                                      HasSubstr("the server does not send them again. Bring the file back"))))
        << size;
    EXPECT_EQ(Read(kFile), whole.substr(0, size)) << "a file that someone has to look at stays as it is";
  }
  EXPECT_GT(whole.size(), first);
  // (b) It is brought back.
  Damage(kFile, whole);
  Open();
  CommitAndConfirm(3);
  EXPECT_EQ(ReadContent(dir_.File("ds")).committed,
            (std::vector<std::string>{"insert a=1", "insert a=2", "insert a=3"}));
}

// A commit line with another LSN made deltastream drop the transactions up to it.
TEST_F(ConfirmedEndTest, AnyDamageToItIsRefused) {
  Open();
  CommitAndConfirm(1);
  const size_t end = Read(kFile).find("_c\t", 1);
  const std::string whole = Read(kFile);
  for (size_t at = end; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    Damage(kFile, damaged);
    ASSERT_THAT(TryOpen(), StatusIs(kLoss, HasSubstr("are safe, but "))) << at;
  }
}

TEST_F(ConfirmedEndTest, AFileThatIsGoneIsRefused) {
  Open();
  CommitAndConfirm(1);
  now_ += kSecondsPerDay;
  CommitAndConfirm(2);
  log_.reset();
  std::filesystem::rename(Path(kNextFile), dir_.File("away"));
  EXPECT_THAT(TryOpen(), StatusIs(kLoss, AllOf(HasSubstr(Path(kNextFile)), HasSubstr("is not there any more"))));
  std::filesystem::rename(dir_.File("away"), Path(kNextFile));
  Open();
}

// Old files may go: what was confirmed last is demanded, not all that ever was.
TEST_F(ConfirmedEndTest, OlderFilesMayGo) {
  Open();
  CommitAndConfirm(1);
  now_ += kSecondsPerDay;
  CommitAndConfirm(2);
  std::filesystem::remove(Path(kFile));
  Open();
  CommitAndConfirm(3);
}

TEST_F(ConfirmedEndTest, WhatWasNotConfirmedIsNotDemanded) {
  Open();
  CommitAndConfirm(1);
  const std::string confirmed = Read(kFile);
  // (a) On the disk, but not confirmed.
  ASSERT_THAT(Commit(2), IsOk());
  ASSERT_THAT(log_->Sync(), IsOk());
  const std::string whole = Read(kFile);
  for (size_t size = confirmed.size(); size < whole.size(); ++size) {
    Damage(kFile, whole.substr(0, size));
    ASSERT_THAT(TryOpen(), IsOk()) << size;
  }
  // (b) It comes again, which is when it is confirmed.
  Damage(kFile, whole);
  Open();
  ASSERT_THAT(Commit(2), IsOk());
  ASSERT_THAT(Confirm(), IsOk());
  EXPECT_EQ(SavedLsn(), "0/208");
  EXPECT_EQ(Read(kFile), whole);
  Damage(kFile, confirmed);
  EXPECT_THAT(TryOpen(), StatusIs(kLoss, HasSubstr("are safe, but ")));
}

TEST_F(ConfirmedEndTest, ADaystreamThatDoesNotKnowItGoesOn) {
  Open();
  CommitAndConfirm(1);
  log_.reset();
  const std::string directory = dir_.File("ds");
  daystream::SourceInfo info = *daystream::LoadSourceInfo(directory);
  ASSERT_TRUE(info.confirmed_end.has_value());
  info.confirmed_end.reset();
  ASSERT_THAT(daystream::SaveSourceInfo(directory, info), IsOk());
  Open();
  EXPECT_FALSE(daystream::LoadSourceInfo(directory)->confirmed_end.has_value());
  // An idle server moves on: from here on it is known.
  log_->Pass(0x300);
  ASSERT_THAT(Confirm(), IsOk());
  EXPECT_EQ(daystream::LoadSourceInfo(directory)->confirmed_end->position, (daystream::Position{kDay + 100, 1}));
  Damage(kFile, "");
  EXPECT_THAT(TryOpen(), StatusIs(kLoss, HasSubstr("the file has only 0 bytes")));
}

TEST_F(ConfirmedEndTest, ADamagedNoteIsRefused) {
  Open();
  CommitAndConfirm(1);
  std::string json = Read("daystream.json");
  json.replace(json.find("\"offset\": "), 10, "\"offset\": \"x\", \"y\": ");
  Damage("daystream.json", json);
  EXPECT_THAT(TryOpen(), StatusIs(kLoss, HasSubstr("an object of numbers for \"confirmed_end\"")));
}

// While it is written.

TEST_F(ConfirmedEndTest, AFileThatIsRemovedEndsTheWriting) {
  Open();
  CommitAndConfirm(1);
  std::filesystem::remove(Path(kFile));
  // (a) Nothing but time has passed: that would be confirmed, too.
  log_->Pass(0x150);
  EXPECT_THAT(Confirm(), StatusIs(kLoss, AllOf(HasSubstr(absl::StrCat("file \"", Path(kFile), "\" was removed")),
                                               HasSubstr("Nothing was confirmed"))));
  // (b) It stays so.
  EXPECT_THAT(Commit(2), StatusIs(kLoss, HasSubstr("was removed")));
  EXPECT_EQ(SavedLsn(), "0/108");
  EXPECT_THAT(TryOpen(), StatusIs(kLoss, HasSubstr("is not there any more")));
}

TEST_F(ConfirmedEndTest, AFileThatIsReplacedEndsTheWriting) {
  Open();
  CommitAndConfirm(1);
  const std::string content = Read(kFile);
  std::filesystem::rename(Path(kFile), dir_.File("away"));
  lab::WriteFile(Path(kFile), content);
  EXPECT_THAT(Commit(2), StatusIs(kLoss, HasSubstr("was replaced by another file")));
  EXPECT_THAT(Confirm(), StatusIs(kLoss, HasSubstr("was replaced by another file")));
  // The copy has all that was confirmed.
  Open();
  CommitAndConfirm(2);
  EXPECT_EQ(ReadContent(dir_.File("ds")).commits, 2);
}

TEST_F(ConfirmedEndTest, AFileThatIsCutEndsTheWriting) {
  Open();
  CommitAndConfirm(1);
  std::filesystem::resize_file(Path(kFile), 10);
  EXPECT_THAT(Commit(2), StatusIs(kLoss, HasSubstr("was changed: it has ")));
  EXPECT_THAT(Confirm(), StatusIs(kLoss, HasSubstr("was changed: it has ")));
  EXPECT_EQ(SavedLsn(), "0/108");
}

TEST_F(ConfirmedEndTest, AFileThatSomethingElseWritesToEndsTheWriting) {
  Open();
  CommitAndConfirm(1);
  lab::WriteFile(Path(kFile), Read(kFile) + "_c\t1507507400\t_s\t0\t_action\tcommit\n");
  ASSERT_THAT(Commit(2), StatusIs(kLoss, HasSubstr("was changed: it has ")));
  EXPECT_EQ(SavedLsn(), "0/108");
}

}  // namespace
}  // namespace deltamirror
