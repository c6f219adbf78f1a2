// A reader that is at the end, and what comes then.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "daystream/files.h"
#include "daystream/source.h"
#include "daystream/writer.h"
#include "tests/daystream_reader_fixture.h"
#include "tests/lab/temp_dir.h"
#include "tests/status_matchers.h"

namespace deltamirror::daystream {
namespace {

using ::deltamirror::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

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
