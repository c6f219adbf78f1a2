#include "mirror/held_lines.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

// Before each line, in the byte order of the machine: the file never leaves the process.
struct Header {
  int64_t clock;
  int64_t seq;
  uint64_t size;
};

constexpr size_t kBlockSize = 1 << 20;

std::string TemporaryFolder() {
  const char* folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

// The name goes at once, so that nothing stays behind, however the process ends.
absl::StatusOr<int> OpenTemporaryFile() {
  std::string path = absl::StrCat(TemporaryFolder(), "/deltamirror.XXXXXX");
  const int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return daystream::FileError(errno, "create temporary file", path);
  unlink(path.c_str());
  return fd;
}

// Takes whole lines off the front of `bytes` and gives them to `visit`; what is left begins a line that is not
// complete.
absl::Status Visit(absl::string_view* bytes,
                   absl::FunctionRef<absl::Status(daystream::Position, absl::string_view)> visit) {
  Header header;
  while (bytes->size() >= sizeof(header)) {
    std::memcpy(&header, bytes->data(), sizeof(header));
    if (bytes->size() - sizeof(header) < header.size) break;
    RETURN_IF_ERROR(visit({header.clock, header.seq}, bytes->substr(sizeof(header), header.size)));
    bytes->remove_prefix(sizeof(header) + header.size);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status HeldLines::Append(daystream::Position position, absl::string_view line) {
  const Header header = {position.clock, position.seq, line.size()};
  if (!memory_.empty() && memory_.size() + sizeof(header) + line.size() > memory_limit_) RETURN_IF_ERROR(Spill());
  memory_.append(reinterpret_cast<const char*>(&header), sizeof(header));
  memory_.append(line.data(), line.size());
  ++count_;
  return absl::OkStatus();
}

absl::Status HeldLines::Spill() {
  if (!file_.is_open()) {
    ASSIGN_OR_RETURN(const int fd, OpenTemporaryFile());
    file_.Reset(fd);
  }
  for (size_t written = 0; written < memory_.size();) {
    // At its own offset: what a failed attempt left behind the end is written over.
    const ssize_t n = pwrite(file_.get(), memory_.data() + written, memory_.size() - written,
                             static_cast<off_t>(file_size_ + written));
    if (n < 0 && errno != EINTR) return daystream::FileError(errno, "write a temporary file in", TemporaryFolder());
    written += std::max<ssize_t>(n, 0);
  }
  file_size_ += memory_.size();
  memory_.clear();
  return absl::OkStatus();
}

absl::Status HeldLines::ForEach(absl::FunctionRef<absl::Status(daystream::Position, absl::string_view)> visit) {
  std::string block;
  for (uint64_t offset = 0; offset < file_size_;) {
    const size_t kept = block.size();
    block.resize(kept + std::min<uint64_t>(kBlockSize, file_size_ - offset));
    const ssize_t n = daystream::ReadAt(file_.get(), block.data() + kept, block.size() - kept, offset);
    if (n < 0) return daystream::FileError(errno, "read a temporary file in", TemporaryFolder());
    if (n == 0) return absl::DataLossError("the temporary file of an unfinished transaction ends too early");
    block.resize(kept + static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
    absl::string_view rest = block;
    RETURN_IF_ERROR(Visit(&rest, visit));
    block.erase(0, block.size() - rest.size());
  }
  absl::string_view rest = memory_;
  return Visit(&rest, visit);
}

void HeldLines::Clear() {
  file_.Reset();  // gives the space back
  file_size_ = 0;
  memory_.clear();
  count_ = 0;
}

absl::Status HeldLines::TruncateTo(const Mark& mark) {
  if (mark.bytes > file_size_ + memory_.size()) {
    return absl::InternalError("cannot go back to a place behind the end of an unfinished transaction");
  }
  if (mark.bytes >= file_size_) {
    memory_.resize(mark.bytes - file_size_);
  } else {
    // What lies behind is written over by the next spill.
    file_size_ = mark.bytes;
    memory_.clear();
  }
  count_ = mark.count;
  return absl::OkStatus();
}

}  // namespace deltamirror::mirror
