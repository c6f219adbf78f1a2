#include "daystream/backward_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "status/status_macros.h"

namespace deltamirror::daystream {
namespace {

constexpr uint64_t kBlockSize = uint64_t{64} * 1024;

}  // namespace

absl::StatusOr<std::unique_ptr<BackwardReader>> BackwardReader::Open(const std::string& path,
                                                                     std::optional<uint64_t> end) {
  auto reader = absl::WrapUnique(new BackwardReader(path));
  reader->file_ = FileDescriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (!reader->file_.is_open() || fstat(reader->file_.get(), &status) != 0) {
    return FileError(errno, "open file", path);
  }
  reader->file_size_ = std::min<uint64_t>(status.st_size, end.value_or(status.st_size));
  reader->begin_ = reader->file_size_;
  ASSIGN_OR_RETURN(const size_t line_feed, reader->FindLineFeed());
  const size_t complete = line_feed == std::string::npos ? 0 : line_feed + 1;
  reader->buffer_.resize(complete);
  reader->size_ = reader->begin_ + complete;
  return reader;
}

absl::StatusOr<bool> BackwardReader::Previous(absl::string_view* text, uint64_t* offset) {
  if (buffer_.empty()) return false;
  // Between calls, buffer_ ends with the LF of the line to give next.
  buffer_.pop_back();
  ASSIGN_OR_RETURN(const size_t line_feed, FindLineFeed());
  const size_t start = line_feed == std::string::npos ? 0 : line_feed + 1;
  given_.assign(buffer_, start);
  buffer_.resize(start);
  *text = given_;
  *offset = begin_ + start;
  return true;
}

// Of the last LF in front of what was given; npos if there is none down to the file's beginning.
absl::StatusOr<size_t> BackwardReader::FindLineFeed() {
  size_t searched = buffer_.size();
  while (true) {
    const void* const found = memrchr(buffer_.data(), '\n', searched);
    if (found != nullptr) return static_cast<const char*>(found) - buffer_.data();
    if (begin_ == 0) return std::string::npos;
    const size_t before = buffer_.size();
    RETURN_IF_ERROR(ReadBlock());
    searched = buffer_.size() - before;
  }
}

absl::Status BackwardReader::ReadBlock() {
  // A line that does not fit makes the next block as large as what is there already, so that even a long one is moved
  // a few times only.
  const uint64_t size = std::min(begin_, std::max<uint64_t>(kBlockSize, buffer_.size()));
  std::string block(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t got = ReadAt(file_.get(), block.data() + done, size - done, begin_ - size + done);
    if (got < 0) return FileError(errno, "read file", path_);
    if (got == 0) return absl::DataLossError(absl::StrCat("could not read file \"", path_, "\": it became shorter"));
    done += got;
  }
  block += buffer_;
  buffer_ = std::move(block);
  begin_ -= size;
  return absl::OkStatus();
}

}  // namespace deltamirror::daystream
