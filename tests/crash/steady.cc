#include "tests/crash/steady.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "daystream/files.h"
#include "tests/crash/compare.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror::crash {
namespace {

constexpr int64_t kMinutesPerDay = 24 * 60;
constexpr absl::Duration kEvery = absl::Seconds(1);
constexpr absl::Duration kWarmUp = absl::Minutes(1);
constexpr size_t kKeptFiles = 2;
constexpr double kMebibyte = 1024;  // KiB
// Allocators give and take: what leaks in rounds by the thousand is more.
constexpr double kMostGrowth = 8;
constexpr int64_t kLastMark = -1;

}  // namespace

Steady::Steady(Server* server) : server_(server), began_(absl::Now()) {
  epoch_ = std::make_unique<Epoch>(
      server,
      Epoch::Options{
          .wal = true, .plugin = "deltaflood", .clock_rate = kMinutesPerDay, .slot = "steady", .notes_synced = false});
  epoch_->StartStream();
  if (!epoch_->WaitUntilBegun()) return;
  epoch_->Bootstrap();
  epoch_->StartMirror();
}

void Steady::Series::Add(const Sample& sample, bool warm) {
  if (!warm || start.files == 0) start = sample;
  peak.memory = std::max(peak.memory, sample.memory);
  peak.files = std::max(peak.files, sample.files);
  end = sample;
}

std::string Steady::Series::Text() const {
  return absl::StrFormat("%.1f, %.1f, %.1f MiB, %d, %d, %d files", start.memory, peak.memory, end.memory, start.files,
                         peak.files, end.files);
}

Steady::Sample Steady::SampleOf(pid_t pid) {
  Sample sample;
  for (const auto line : absl::StrSplit(lab::ReadFile(absl::StrCat("/proc/", pid, "/status")), '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    int64_t kibibytes = 0;
    if (words.size() > 1 && words[0] == "VmRSS:" && absl::SimpleAtoi(words[1], &kibibytes)) {
      sample.memory = static_cast<double>(kibibytes) / kMebibyte;
    }
  }
  std::error_code ignored;
  for ([[maybe_unused]] const auto& file :
       std::filesystem::directory_iterator(absl::StrCat("/proc/", pid, "/fd"), ignored)) {
    ++sample.files;
  }
  return sample;
}

void Steady::Look() {
  if (absl::Now() < looked_ + kEvery) return;
  looked_ = absl::Now();
  if (!epoch_->stream()->Running() || !epoch_->mirror()->Running()) {
    ADD_FAILURE() << "a process that nobody killed has ended; deltastream: " << epoch_->stream()->Errors()
                  << "; deltamirror: " << epoch_->mirror()->Errors();
    return;
  }
  const bool warm = looked_ > began_ + kWarmUp;
  stream_.Add(SampleOf(epoch_->stream()->pid()), warm);
  mirror_.Add(SampleOf(epoch_->mirror()->pid()), warm);
  RemoveOldFiles();
}

// As docs/operations.md says: those that lie before the mirror's position, the oldest first.
void Steady::RemoveOldFiles() {
  const auto names = daystream::ListDayFiles(epoch_->Daystream());
  const std::vector<std::string> position = epoch_->database().Row("SELECT clock FROM m_state");
  int64_t clock = 0;
  if (!names.ok() || position.empty() || !absl::SimpleAtoi(position[0], &clock)) return;
  for (size_t i = 0; i + kKeptFiles < names->size(); ++i) {
    if (daystream::DayFileStart((*names)[i + 1]).value_or(clock) >= clock) return;
    std::filesystem::remove(absl::StrCat(epoch_->Daystream(), "/", (*names)[i]));
    ++removed_;
  }
}

void Steady::Finish() {
  if (testing::Test::HasFailure()) return;
  server_->Start();
  if (!epoch_->Settle(kLastMark)) return;
  EXPECT_EQ(Difference(ContentOf(server_->cluster()), ContentOf(epoch_->database().db())), "");
  looked_ = absl::InfinitePast();
  Look();
  for (const Series& series : {stream_, mirror_}) {
    EXPECT_LE(series.end.files, series.start.files + 1) << Figures();
    EXPECT_LE(series.end.memory, series.start.memory + kMostGrowth) << Figures();
  }
}

std::string Steady::Figures() const {
  return absl::StrCat("deltastream ", stream_.Text(), "; deltamirror ", mirror_.Text(),
                      " (at the start, at most, at the end; ", removed_, " files of the daystream came and went)");
}

}  // namespace deltamirror::crash
