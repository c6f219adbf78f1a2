// A long daystream, and how long it takes to begin reading in its middle.
//
//   seek_probe make DIRECTORY GIB        writes so much, laid out by deltastream's own writer: one day, one file
//   seek_probe seek DIRECTORY COUNT      opens it COUNT times at random positions and takes the first line there;
//                                        each time with the file in the system's cache, and dropped from it before
//
// Each prints lines of figures: what TAB p50 TAB p99 TAB max (milliseconds) TAB reads (most, of one opening) TAB
// samples; at the end the most memory that it has had, in MiB. The floor: the reads of one bisection, 4 KiB each, at
// the places where a search for that position must look.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "daystream/line.h"
#include "daystream/position.h"
#include "daystream/reader.h"
#include "daystream/source.h"
#include "daystream/writer.h"
#include "status/status_macros.h"

namespace deltamirror {
namespace {

constexpr int64_t kFirstClock = 1795363200;  // a midnight
constexpr int kTransactionsASecond = 500;
constexpr size_t kBlock = 4096;
constexpr uint64_t kNear = uint64_t{64} << 10;  // from here on, reading on is cheaper than looking

// Seconds that the stream is long are as many as its size needs.
absl::Status Make(const std::string& directory, double gib) {
  daystream::SourceInfo source;
  source.system_identifier = "1";
  source.database = source.slot = "bench";
  source.plugin = "deltaflood";
  int64_t clock = kFirstClock;
  daystream::WriterOptions options;
  options.clock = [&clock] { return clock; };
  ASSIGN_OR_RETURN(const std::unique_ptr<daystream::Writer> writer,
                   daystream::Writer::Open(directory, source, options));
  const double bytes = gib * (1 << 30);
  int64_t xid = 1000;
  std::string lines;
  for (double written = 0; written < bytes; ++clock) {
    lines.clear();
    for (int i = 0; i < kTransactionsASecond; ++i, ++xid) {
      const std::string head = absl::StrCat("_xid\t", xid, "\t_lsn\t0/", absl::Hex(xid));
      absl::StrAppend(&lines, "_table\tflights\t", head, "\t_action\tupdate\tid\t", xid * 7919 % 1000003, "\tident\tUA",
                      xid % 9000, "\tgate\tC", xid % 100, "\tstatus\tboarding\n");
      absl::StrAppend(&lines, head, "\t_time\t", clock * 1000000 + i * 2000, "\t_action\tcommit\n");
    }
    RETURN_IF_ERROR(writer->Append(lines));
    // _c, _s and the commit's _check come with it
    written += static_cast<double>(lines.size()) + kTransactionsASecond * 62.0;
  }
  return writer->Sync();
}

std::string OnlyFile(const std::string& directory) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".daystream") return entry.path();
  }
  return "";
}

void DropFromCache(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  close(fd);
}

struct Sample {
  double milliseconds;
  int64_t reads;
};

absl::StatusOr<Sample> Seek(const std::string& directory, daystream::Position position) {
  const absl::Time begin = absl::Now();
  daystream::ReaderOptions options;
  options.start = position;
  ASSIGN_OR_RETURN(const std::unique_ptr<daystream::Reader> reader, daystream::Reader::Open(directory, options));
  daystream::Line line;
  ASSIGN_OR_RETURN(const bool got, reader->Next(&line));
  const double took = absl::ToDoubleMilliseconds(absl::Now() - begin);
  if (!got || line.position != position) {
    return absl::InternalError(absl::StrCat("expected the line at ", daystream::ToString(position)));
  }
  return Sample{took, reader->TEST_block_reads()};
}

// `at`: where the position is, as a share of the file.
Sample Floor(const std::string& path, double at) {
  const absl::Time begin = absl::Now();
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status = {};
  fstat(fd, &status);
  char block[kBlock];
  const auto target = static_cast<uint64_t>(at * static_cast<double>(status.st_size));
  uint64_t low = 0;
  uint64_t high = status.st_size;
  int64_t reads = 0;
  for (; high - low > kNear; ++reads) {
    const uint64_t middle = low + (high - low) / 2;
    if (pread(fd, block, kBlock, static_cast<off_t>(middle)) < 0) std::abort();
    (middle < target ? low : high) = middle;
  }
  close(fd);
  return {absl::ToDoubleMilliseconds(absl::Now() - begin), reads};
}

void Report(const std::string& what, const std::vector<Sample>& samples) {
  int64_t reads = 0;
  std::vector<double> times;
  for (const Sample& sample : samples) {
    times.push_back(sample.milliseconds);
    reads = std::max(reads, sample.reads);
  }
  std::sort(times.begin(), times.end());
  const auto quantile = [&times](double q) { return times[static_cast<size_t>(q * (times.size() - 1))]; };
  std::printf("%s\t%.3f\t%.3f\t%.3f\t%lld\t%zu\n", what.c_str(), quantile(0.5), quantile(0.99), times.back(),
              static_cast<long long>(reads), times.size());
}

absl::Status Measure(const std::string& directory, int count) {
  const std::string path = OnlyFile(directory);
  ASSIGN_OR_RETURN(const std::unique_ptr<daystream::Reader> reader, daystream::Reader::Open(directory, {}));
  const auto lines_a_second = 2 * kTransactionsASecond;
  struct stat status = {};
  stat(path.c_str(), &status);
  int64_t seconds = 0;
  // The stream's length in seconds: the last one whose first line is there.
  for (int64_t step = int64_t{1} << 20; step > 0; step /= 2) {
    if (Seek(directory, {kFirstClock + seconds + step, 0}).ok()) seconds += step;
  }
  std::mt19937_64 random(1);
  for (const bool cold : {false, true}) {
    std::vector<Sample> ours;
    std::vector<Sample> floor;
    for (int i = 0; i < count; ++i) {
      const daystream::Position position = {kFirstClock + static_cast<int64_t>(random() % seconds),
                                            static_cast<int64_t>(random() % lines_a_second)};
      if (cold) DropFromCache(path);
      ASSIGN_OR_RETURN(ours.emplace_back(), Seek(directory, position));
      if (cold) DropFromCache(path);
      floor.push_back(Floor(path, static_cast<double>(position.clock - kFirstClock) / static_cast<double>(seconds)));
    }
    const std::string cache = cold ? ", cold" : ", cached";
    Report(absl::StrCat("floor: the reads of one bisection", cache), floor);
    Report(absl::StrCat("daystream", cache), ours);
  }
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("peak MiB\t%.1f\n", static_cast<double>(usage.ru_maxrss) / 1024);
  return absl::OkStatus();
}

}  // namespace
}  // namespace deltamirror

int main(int argc, char** argv) {
  double gib = 0;
  int count = 0;
  absl::Status status = absl::InvalidArgumentError("usage: seek_probe make DIRECTORY GIB | seek DIRECTORY COUNT");
  const std::string what = argc == 4 ? argv[1] : "";
  if (what == "make" && absl::SimpleAtod(argv[3], &gib)) status = deltamirror::Make(argv[2], gib);
  if (what == "seek" && absl::SimpleAtoi(argv[3], &count)) status = deltamirror::Measure(argv[2], count);
  if (status.ok()) return 0;
  std::fprintf(stderr, "seek_probe: %s\n", std::string(status.message()).c_str());
  return 1;
}
