// The lines of a source transaction whose end has not come yet.
//
// A stream with commit lines says at the end whether a transaction counts, so its lines are held until then: in memory
// up to a limit, beyond it in a temporary file that has no name.
//
//   HeldLines held;
//   RETURN_IF_ERROR(held.Append(position, line));          // for each line
//   RETURN_IF_ERROR(held.ForEach([&](daystream::Position position, absl::string_view line) { return Apply(position,
//   line); })); held.Clear();                                          // at its commit; on a rollback Clear alone

#ifndef DELTAMIRROR_MIRROR_HELD_LINES_H_
#define DELTAMIRROR_MIRROR_HELD_LINES_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "daystream/file.h"
#include "daystream/position.h"

namespace deltamirror::mirror {

// For one thread.
class HeldLines {
 public:
  static constexpr size_t kMemoryLimit = 16 << 20;

  explicit HeldLines(size_t memory_limit = kMemoryLimit) : memory_limit_(memory_limit) {}

  // Keeps a copy. ResourceExhausted when there is no room for the temporary file: nothing of the line is kept then.
  absl::Status Append(daystream::Position position, absl::string_view line);

  // All lines in the order in which they came; ends at the first error of `visit` and returns it. The text is valid
  // during the visit.
  absl::Status ForEach(absl::FunctionRef<absl::Status(daystream::Position, absl::string_view)> visit);

  void Clear();

  int64_t count() const { return count_; }
  bool empty() const { return count_ == 0; }

  // Where the lines end now, to come back to: ROLLBACK TO gives up what was appended since. A mark is void once Clear
  // was called.
  struct Mark {
    uint64_t bytes = 0;
    int64_t count = 0;
  };
  Mark mark() const { return {file_size_ + memory_.size(), count_}; }
  absl::Status TruncateTo(const Mark& mark);

 private:
  absl::Status Spill();

  size_t memory_limit_;
  daystream::FileDescriptor file_;  // the first file_size_ bytes
  uint64_t file_size_ = 0;
  std::string memory_;  // those behind them
  int64_t count_ = 0;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_HELD_LINES_H_
