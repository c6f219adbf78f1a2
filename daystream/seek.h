// Finds a position in the files of a daystream by bisection.

#ifndef DELTAMIRROR_DAYSTREAM_SEEK_H_
#define DELTAMIRROR_DAYSTREAM_SEEK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "daystream/position.h"

namespace deltamirror::daystream {

// What a line without a prefix in a daystream is: DataLoss, naming file and offset.
absl::Status NoPrefixError(const std::string& path, uint64_t offset, absl::string_view line);

// For one file after the other. Reads a few small blocks of each.
class Seeker {
 public:
  // `block_reads` is counted up for each block.
  explicit Seeker(int64_t* block_reads) : block_reads_(block_reads) {}

  // The position of the file's first line, which need not be complete; nothing if there is none.
  absl::StatusOr<std::optional<Position>> First(const std::string& path);

  // Whether the file has a complete line.
  absl::StatusOr<bool> HasLine(const std::string& path);

  // The beginning of a line of the file such that every line before it lies before `position`, and that the first line
  // at or behind `position` is not far behind it.
  absl::StatusOr<uint64_t> Find(const std::string& path, Position position);

 private:
  struct Probe {
    uint64_t offset;
    Position position;
  };
  absl::StatusOr<std::optional<Probe>> LineBehind(int fd, const std::string& path, uint64_t offset);
  absl::Status ReadMore(int fd, const std::string& path, uint64_t offset, bool* at_end);

  int64_t* const block_reads_;
  std::string buffer_;
};

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_SEEK_H_
