#include "deltastream/spill_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "status/status_macros.h"

namespace deltamirror::deltastream {
namespace {

constexpr char kName[] = "deltastream.spill";

off_t OffsetOf(uint32_t block) {
  return static_cast<off_t>(block) * static_cast<off_t>(SpillFile::kBlockSize);
}

}  // namespace

// The folder has one writer, who holds its lock: a file of that name is of one that was killed before it could unlink.
absl::Status SpillFile::Open() {
  const std::string path = absl::StrCat(directory_, "/", kName);
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return daystream::FileError(errno, "create temporary file", path);
  unlink(path.c_str());
  file_.Reset(fd);
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> SpillFile::Write(absl::string_view bytes) {
  if (bytes.size() != kBlockSize) return absl::InternalError("a block of another size");
  if (!file_.is_open()) RETURN_IF_ERROR(Open());
  const uint32_t block = free_.empty() ? end_ : free_.back();
  for (size_t written = 0; written < bytes.size();) {
    const ssize_t n = pwrite(file_.get(), bytes.data() + written, bytes.size() - written,
                             OffsetOf(block) + static_cast<off_t>(written));
    if (n < 0 && errno != EINTR) return daystream::FileError(errno, "write a temporary file in", directory_);
    written += std::max<ssize_t>(n, 0);
  }
  if (block == end_) {
    ++end_;
  } else {
    free_.pop_back();
  }
  return block;
}

absl::Status SpillFile::Read(uint32_t block, std::string* out) const {
  const size_t begin = out->size();
  out->resize(begin + kBlockSize);
  for (size_t got = 0; got < kBlockSize;) {
    const ssize_t n = daystream::ReadAt(file_.get(), out->data() + begin + got, kBlockSize - got,
                                        static_cast<uint64_t>(OffsetOf(block)) + got);
    if (n < 0) return daystream::FileError(errno, "read a temporary file in", directory_);
    if (n == 0) return absl::DataLossError(absl::StrCat("a temporary file in \"", directory_, "\" ends too early"));
    got += static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

void SpillFile::Free(uint32_t block) {
  free_.push_back(block);
  if (free_.size() < end_) return;
  file_.Reset();  // gives the space back
  free_.clear();
  end_ = 0;
}

}  // namespace deltamirror::deltastream
