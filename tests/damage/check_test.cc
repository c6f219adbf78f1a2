#include "daystream/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "daystream/crc32c.h"
#include "daystream/file.h"
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

// From RFC 3720 and others that have written it down.
TEST(Crc32cTest, KnownValues) {
  EXPECT_EQ(ExtendCrc32c(0, ""), 0u);
  EXPECT_EQ(ExtendCrc32c(0, "123456789"), 0xe3069283u);
  EXPECT_EQ(ExtendCrc32c(0, std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(ExtendCrc32c(0, std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(Crc32cTest, BothWaysAgreeWhereverTheTextIsCut) {
  std::string text;
  for (int i = 0; i < 100; ++i) text.push_back(static_cast<char>(i * 37));
  const uint32_t whole = ExtendCrc32c(0, text);
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    const absl::string_view head = absl::string_view(text).substr(0, cut);
    const absl::string_view tail = absl::string_view(text).substr(cut);
    EXPECT_EQ(ExtendCrc32c(ExtendCrc32c(0, head), tail), whole) << cut;
    EXPECT_EQ(TEST_ExtendCrc32cPortably(TEST_ExtendCrc32cPortably(0, head), tail), whole) << cut;
  }
}

TEST(CheckTest, IsReadAsItIsWritten) {
  EXPECT_EQ(ParseCheck("17:5:0a1b2c3d"), (Check{17, 5, 0x0a1b2c3d}));
  EXPECT_EQ(ParseCheck("18446744073709551615:0:00000000"), (Check{UINT64_MAX, 0, 0}));
  for (const char* text :
       {"", "17", "17:5", "17:5:", "17:5:0a1b2c3", "17:5:0a1b2c3d4", "17:5:0A1B2C3D", "-1:5:0a1b2c3d", "17:5:0a1b2c3g",
        "17:5: a1b2c3d", "18446744073709551616:5:0a1b2c3d", ":5:0a1b2c3d"}) {
    EXPECT_EQ(ParseCheck(text), std::nullopt) << text;
  }
}

TEST(CheckTest, EndsAreToldFromRows) {
  EndFinder ends;
  EXPECT_EQ(ends.IsEnd("_xid\t7\t_lsn\t0/70\t_action\tcommit").value(), true);
  EXPECT_EQ(ends.IsEnd("_lsn\t0/70\t_xid\t7\t_action\trollback").value(), true);
  EXPECT_EQ(ends.IsEnd("_other\tx\t_action\tcommit\tcolumn\t1").value(), true);
  EXPECT_EQ(ends.IsEnd("_table\tt\t_xid\t7\t_action\tinsert\t_action\tcommit").value(), false);
  EXPECT_EQ(ends.IsEnd("_xid\t7\t_table\tt\t_action\tinsert\t_action\tcommit").value(), false);
  EXPECT_THAT(ends.IsEnd("_xid\t7\t_lsn\t0/70\t_action\tcommitted"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("got \"committed\"")));
}

// A disk with `room` bytes left.
class SmallDisk : public FileSystem {
 public:
  ssize_t Write(int fd, const void* data, size_t size) override {
    if (room == 0) {
      errno = ENOSPC;
      return -1;
    }
    const ssize_t written = FileSystem::Write(fd, data, std::min(size, room));
    room -= written;
    return written;
  }
  size_t room = SIZE_MAX;
};

// What the writer writes in front of the lines that end transactions.
class WriterChecksTest : public ::testing::Test {
 protected:
  void Open() {
    writer_.reset();
    SourceInfo source;
    source.slot = slot_;
    WriterOptions options;
    options.clock = [this] { return now_; };
    options.files = &disk_;
    auto writer = Writer::Open(directory_.File("log"), source, options);
    ASSERT_THAT(writer, IsOk());
    writer_ = *std::move(writer);
  }
  void Write(absl::string_view lines) {
    ASSERT_THAT(writer_->Append(lines), IsOk());
    ASSERT_THAT(writer_->Sync(), IsOk());
  }
  std::string Path(const std::string& name = "20171009.daystream") { return directory_.File("log/" + name); }
  std::string Read(const std::string& name = "20171009.daystream") { return lab::ReadFile(Path(name)); }
  // Number and lines of each check in the files; the checksums are found right by a reader.
  std::vector<std::string> Checks() {
    std::vector<std::string> checks;
    const std::string all = absl::StrCat(Read(), Read("20171010.daystream"));
    for (const absl::string_view field : absl::StrSplit(all, '\t')) {
      if (!ParseCheck(field)) continue;
      checks.emplace_back(field.substr(0, field.rfind(':')));
    }
    EXPECT_THAT(ReadAll(), IsOk());
    return checks;
  }
  absl::Status ReadAll() {
    const auto reader = Reader::Open(directory_.File("log"), {});
    if (!reader.ok()) return reader.status();
    Line line;
    while (true) {
      const absl::StatusOr<bool> got = (*reader)->Next(&line);
      if (!got.ok() || !*got) return got.status();
    }
  }

  lab::TempDir directory_;
  int64_t now_ = 1507507300;  // 2017-10-09 00:01:40 UTC
  std::string slot_ = "mirror";
  SmallDisk disk_;
  std::unique_ptr<Writer> writer_;
};

constexpr char kInsert[] = "_table\tt\t_xid\t7\t_lsn\t0/70\t_action\tinsert\ta\t1";
constexpr char kCommit[] = "_xid\t7\t_lsn\t0/70\t_action\tcommit";

// The checksum is one that another program has computed.
TEST_F(WriterChecksTest, EndOfATransactionCountsItsLines) {
  Open();
  Write(absl::StrCat(kInsert, "\n", kCommit));
  EXPECT_EQ(Read(), absl::StrCat("_c\t1507507300\t_s\t0\t", kInsert, "\n_c\t1507507300\t_s\t1\t_check\t1:2:865a79b5\t",
                                 kCommit, "\n"));
  Write(kCommit);
  Write(absl::StrCat(kInsert, "\n", kInsert, "\n", kCommit));
  EXPECT_THAT(Checks(), ElementsAre("1:2", "2:1", "3:3"));
  EXPECT_TRUE(LoadSourceInfo(directory_.File("log"))->checks);
}

TEST_F(WriterChecksTest, ChecksGoOnOverMidnightsAndFullDisks) {
  const auto write = [this](const std::function<void()>& disturb) {
    now_ = 1507507300;
    Open();
    Write(absl::StrCat(kInsert, "\n", kCommit));
    ASSERT_THAT(writer_->Append(kInsert), IsOk());
    disturb();
    ASSERT_THAT(writer_->Append(kInsert), IsOk());
    disturb();
    Write(absl::StrCat(kCommit, "\n", kCommit));
  };
  write([] {});
  EXPECT_THAT(Checks(), ElementsAre("1:2", "2:3", "3:1"));
  const std::string log = Read();

  std::filesystem::remove_all(directory_.File("log"));
  write([this] {
    disk_.room = 20;
    EXPECT_EQ(writer_->Sync().code(), absl::StatusCode::kResourceExhausted);
    disk_.room = SIZE_MAX;
  });
  EXPECT_EQ(Read(), log);

  std::filesystem::remove_all(directory_.File("log"));
  write([this] { now_ = 1507507300 + kSecondsPerDay; });
  EXPECT_THAT(Checks(), ElementsAre("1:2", "2:3", "3:1"));
  EXPECT_NE(Read("20171010.daystream"), "");
}

TEST_F(WriterChecksTest, RollbackOfACutTransactionCountsWhatIsThere) {
  Open();
  Write(absl::StrCat(kInsert, "\n", kCommit, "\n_table\tt\t_xid\t8\t_lsn\t0/80\t_action\tinsert\ta\t2"));
  now_ += kSecondsPerDay;
  Write("_table\tt\t_xid\t8\t_lsn\t0/80\t_action\tinsert\ta\t3");
  Open();
  EXPECT_THAT(Checks(), ElementsAre("1:2", "2:3"));
  Write(kCommit);
  EXPECT_THAT(Checks(), ElementsAre("1:2", "2:3", "3:1"));
}

// Reading a log without ends from its beginning at every start would take ever longer.
TEST_F(WriterChecksTest, BehindLinesThatWereNotReadAgainTheCountBeginsAnew) {
  slot_ = "";
  Open();
  Write("_table\tt\t_xid\t7\t_action\tinsert\ta\t1\n_table\tt\t_xid\t8\t_action\tinsert\ta\t1");
  Open();
  Write(absl::StrCat(kInsert, "\n", kCommit, "\n", kInsert, "\n", kCommit));
  EXPECT_THAT(Checks(), ElementsAre("1:0", "2:2"));
}

}  // namespace
}  // namespace deltamirror::daystream
