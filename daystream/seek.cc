#include "daystream/seek.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "daystream/file.h"
#include "deltaflood/excerpt.h"
#include "status/status_macros.h"

namespace deltamirror::daystream {
namespace {

constexpr size_t kProbeSize = 4096;

// From here on, reading on is cheaper than probing.
constexpr uint64_t kNear = uint64_t{64} * 1024;

}  // namespace

absl::Status NoPrefixError(const std::string& path, uint64_t offset, absl::string_view line) {
  return absl::DataLossError(absl::StrCat("cannot read the line at offset ", offset, " of file \"", path,
                                          "\": expected \"_c\" and \"_s\" in front, as a daystream has, got ",
                                          deltaflood::Excerpt(line)));
}

absl::StatusOr<std::optional<Position>> Seeker::First(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return FileError(errno, "open file", path);
  ASSIGN_OR_RETURN(const std::optional<Probe> first, LineBehind(file.get(), path, 0));
  if (!first.has_value()) return std::optional<Position>();
  return std::optional<Position>(first->position);
}

absl::StatusOr<bool> Seeker::HasLine(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return FileError(errno, "open file", path);
  bool at_end = false;
  for (uint64_t offset = 0; !at_end; offset += buffer_.size()) {
    buffer_.clear();
    RETURN_IF_ERROR(ReadMore(file.get(), path, offset, &at_end));
    if (absl::StrContains(buffer_, '\n')) return true;
  }
  return false;
}

absl::StatusOr<uint64_t> Seeker::Find(const std::string& path, Position position) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (!file.is_open() || fstat(file.get(), &status) != 0) return FileError(errno, "open file", path);
  // Lines that begin before `low` lie before the position; those that begin behind `high` do not.
  uint64_t low = 0;
  uint64_t high = status.st_size;
  while (high - low > kNear) {
    const uint64_t middle = low + (high - low) / 2;
    ASSIGN_OR_RETURN(const std::optional<Probe> probe, LineBehind(file.get(), path, middle));
    if (probe.has_value() && probe->offset < high && probe->position < position) {
      low = probe->offset;
    } else {
      high = middle;
    }
  }
  return low;
}

// The first complete line that begins behind `offset`, or at the file's beginning for 0.
absl::StatusOr<std::optional<Seeker::Probe>> Seeker::LineBehind(int fd, const std::string& path, uint64_t offset) {
  buffer_.clear();
  bool at_end = false;
  size_t begin = offset == 0 ? 0 : std::string::npos;
  size_t searched = 0;
  while (true) {
    if (begin == std::string::npos) {
      const size_t line_feed = buffer_.find('\n', searched);
      if (line_feed != std::string::npos) begin = searched = line_feed + 1;
    }
    if (begin != std::string::npos) {
      absl::string_view line = absl::string_view(buffer_).substr(begin);
      Position position;
      // The prefix is enough: a line may be very long.
      if (ConsumePrefix(&line, &position)) return std::optional<Probe>({offset + begin, position});
      if (line.find('\n') != absl::string_view::npos || line.size() >= kProbeSize) {
        return NoPrefixError(path, offset + begin, line.substr(0, line.find('\n')));
      }
    } else {
      searched = buffer_.size();
    }
    if (at_end) return std::optional<Probe>();
    RETURN_IF_ERROR(ReadMore(fd, path, offset, &at_end));
  }
}

absl::Status Seeker::ReadMore(int fd, const std::string& path, uint64_t offset, bool* at_end) {
  const size_t before = buffer_.size();
  buffer_.resize(before + kProbeSize);
  const ssize_t size = ReadAt(fd, buffer_.data() + before, kProbeSize, offset + before);
  if (size < 0) return FileError(errno, "read file", path);
  ++*block_reads_;
  buffer_.resize(before + size);
  *at_end = size == 0;
  return absl::OkStatus();
}

}  // namespace deltamirror::daystream
