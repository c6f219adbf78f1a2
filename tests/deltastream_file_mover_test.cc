#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "daystream/reader.h"
#include "deltastream/file_mover.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"
#include "tests/status_matchers.h"

namespace deltamirror::deltastream {
namespace {

using ::deltamirror::testing::IsOk;
using ::deltamirror::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kFirst[] =
    "_table\tzzz\t_xid\t1\t_lsn\t0/20\t_action\tinsert\ta\tfox\n_xid\t1\t_lsn\t0/20\t_action\tcommit\n";
constexpr char kSecond[] =
    "_table\tzzz\t_xid\t2\t_lsn\t0/30\t_action\tdelete\ta\tfox\n_xid\t2\t_lsn\t0/30\t_action\tcommit\n";

class FileMoverTest : public ::testing::Test {
 protected:
  std::string Path() const { return dir_.File("lines"); }

  FileMoverOptions Options() const {
    FileMoverOptions options;
    options.path = Path();
    options.destination = dir_.File("ds");
    return options;
  }

  // Moves the whole file; the sums of all batches.
  absl::StatusOr<Batch> Move(FileMoverOptions options) {
    auto mover = FileMover::Open(std::move(options));
    if (!mover.ok()) return mover.status();
    Batch all;
    Batch batch;
    while (true) {
      const absl::StatusOr<bool> got = (*mover)->Next(&batch);
      if (!got.ok()) return got.status();
      if (!*got) return all;
      all.records += batch.records;
      all.transactions += batch.transactions;
      all.bytes += batch.bytes;
      all.position = batch.position;
      all.lsn = batch.lsn;
    }
  }

  absl::StatusOr<Batch> Move(const std::string& content) {
    lab::WriteFile(Path(), content);
    return Move(Options());
  }

  std::string Seen() {
    auto reader = daystream::Reader::Open(dir_.File("ds"), {});
    std::string seen;
    daystream::Line line;
    while (reader.ok() && *(*reader)->Next(&line)) absl::StrAppend(&seen, line.record_text, "\n");
    return seen;
  }

  lab::TempDir dir_;
};

TEST_F(FileMoverTest, LinesAreStampedAndCounted) {
  const auto moved = Move(absl::StrCat(kFirst, kSecond));
  ASSERT_THAT(moved, IsOk());
  EXPECT_EQ(moved->records, 4);
  EXPECT_EQ(moved->transactions, 2);
  EXPECT_EQ(moved->bytes, static_cast<int64_t>(std::string(kFirst).size() + std::string(kSecond).size()));
  EXPECT_EQ(moved->lsn, 0x30u);
  EXPECT_EQ(moved->position.seq, 3);
  EXPECT_EQ(Seen(), absl::StrCat(kFirst, kSecond));
}

TEST_F(FileMoverTest, TheOriginalsTransactionsEndWhereTheXidChanges) {
  const std::string lines =
      "_table\tzzz\t_xid\t1\t_action\tinsert\ta\tfox\n_table\tzzz\t_xid\t1\t_action\tinsert\ta\then\n"
      "_table\tzzz\t_xid\t-5\t_action\tdelete\ta\tfox\n";
  const auto moved = Move(lines);
  ASSERT_THAT(moved, IsOk());
  EXPECT_EQ(moved->records, 3);
  EXPECT_EQ(moved->transactions, 2);
  EXPECT_FALSE(moved->lsn.has_value());
  EXPECT_EQ(Seen(), lines);
}

TEST_F(FileMoverTest, TransactionsThatAreThereAlreadyAreDropped) {
  ASSERT_THAT(Move(kFirst), IsOk());
  const auto moved = Move(absl::StrCat(kFirst, kSecond, kSecond));
  ASSERT_THAT(moved, IsOk());
  EXPECT_EQ(moved->records, 2);
  EXPECT_EQ(Seen(), absl::StrCat(kFirst, kSecond));
}

TEST_F(FileMoverTest, TornLastLineIsNotTaken) {
  const auto moved = Move(absl::StrCat(kFirst, "_table\tzzz\t_xid\t2\t_action\tinsert\ta\tf"));
  ASSERT_THAT(moved, IsOk());
  EXPECT_EQ(Seen(), kFirst);
}

TEST_F(FileMoverTest, ALineThatIsNotPairsNamesFileAndLine) {
  EXPECT_THAT(Move(absl::StrCat(kFirst, "BEGIN 725\n", kSecond)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr(absl::StrCat("invalid line 3 of file \"", Path(), "\": "))));
  EXPECT_EQ(Seen(), kFirst) << "what came before it is kept";
}

TEST_F(FileMoverTest, ALineWithAPositionIsRefused) {
  EXPECT_THAT(Move("_c\t1507507200\t_s\t0\t_table\tzzz\t_xid\t1\t_action\tinsert\ta\tfox\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("begins with a position (_c, _s) already")));
}

TEST_F(FileMoverTest, LongLinesAreTaken) {
  const std::string lines = absl::StrCat("_table\tzzz\t_xid\t1\t_action\tinsert\ta\t", std::string(3000000, 'x'), "\n",
                                         "_table\tzzz\t_xid\t1\t_action\tinsert\ta\t", std::string(700000, 'y'), "\n");
  ASSERT_THAT(Move(lines), IsOk());
  EXPECT_EQ(Seen(), lines);
}

TEST_F(FileMoverTest, MissingFileAndFolder) {
  EXPECT_THAT(Move(Options()), StatusIs(absl::StatusCode::kNotFound, absl::StrCat("could not open file \"", Path(),
                                                                                  "\": No such file "
                                                                                  "or directory")));
  FileMoverOptions options = Options();
  options.path = dir_.path();
  EXPECT_THAT(Move(options), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is a folder, expected a file")));
}

TEST_F(FileMoverTest, PipeIsFollowedUntilItsWriterCloses) {
  ASSERT_EQ(mkfifo(Path().c_str(), 0600), 0);
  std::thread writer([this] {
    const int pipe = open(Path().c_str(), O_WRONLY);
    EXPECT_GT(write(pipe, kFirst, sizeof(kFirst) - 1), 0);
    EXPECT_TRUE(lab::WaitUntil([this] { return Seen() == kFirst; })) << "lines are visible while the pipe is open";
    EXPECT_GT(write(pipe, kSecond, sizeof(kSecond) - 1), 0);
    close(pipe);
  });
  const auto moved = Move(Options());
  writer.join();
  ASSERT_THAT(moved, IsOk());
  EXPECT_EQ(moved->records, 4);
  EXPECT_EQ(Seen(), absl::StrCat(kFirst, kSecond));
}

TEST_F(FileMoverTest, SilentPipeCanBeInterrupted) {
  ASSERT_EQ(mkfifo(Path().c_str(), 0600), 0);
  const int pipe = open(Path().c_str(), O_RDWR);
  ASSERT_GT(write(pipe, kFirst, sizeof(kFirst) - 1), 0);
  const absl::Time begin = absl::Now();
  FileMoverOptions options = Options();
  options.interrupt = [begin] {
    return absl::Now() - begin < absl::Milliseconds(300) ? absl::OkStatus() : absl::CancelledError("interrupted");
  };
  EXPECT_THAT(Move(options), StatusIs(absl::StatusCode::kCancelled, "interrupted"));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  EXPECT_EQ(Seen(), kFirst);
  close(pipe);
}

}  // namespace
}  // namespace deltamirror::deltastream
