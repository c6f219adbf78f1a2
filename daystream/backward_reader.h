// Reads the lines of one file from its end to its beginning.

#ifndef DELTAMIRROR_DAYSTREAM_BACKWARD_READER_H_
#define DELTAMIRROR_DAYSTREAM_BACKWARD_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "daystream/file.h"

namespace deltamirror::daystream {

class BackwardReader {
 public:
  // What follows the last LF is passed over: see size() and file_size(). With `end`, the beginning of a line, the file
  // counts as ending there.
  static absl::StatusOr<std::unique_ptr<BackwardReader>> Open(const std::string& path,
                                                              std::optional<uint64_t> end = std::nullopt);

  // The line before the one given last, without its LF, and where it begins; false at the file's beginning. The text is
  // valid until the next call.
  absl::StatusOr<bool> Previous(absl::string_view* text, uint64_t* offset);

  // Bytes up to the end of the last complete line, and all.
  uint64_t size() const { return size_; }
  uint64_t file_size() const { return file_size_; }

 private:
  explicit BackwardReader(const std::string& path) : path_(path) {}

  absl::StatusOr<size_t> FindLineFeed();
  absl::Status ReadBlock();

  const std::string path_;
  FileDescriptor file_;
  std::string buffer_;  // the file from begin_ on, up to the line that was given last
  std::string given_;
  uint64_t begin_ = 0;
  uint64_t size_ = 0;
  uint64_t file_size_ = 0;
};

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_BACKWARD_READER_H_
