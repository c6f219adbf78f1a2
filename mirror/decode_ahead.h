// Decodes the rows of a run on another thread, shortly before a statement takes them.

#ifndef DELTAMIRROR_MIRROR_DECODE_AHEAD_H_
#define DELTAMIRROR_MIRROR_DECODE_AHEAD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "threads/worker.h"
#include "types/value.h"
#include "types/value_memory.h"

namespace deltamirror::mirror {

class DecodeAhead {
 public:
  // Fewer rows are decoded before another thread has woken up; more values than that are not worth their memory.
  static constexpr size_t kLeastRows = 32;
  static constexpr size_t kMostValues = 1 << 18;

  // Decodes a row; what its values point to stays until the next Start, in `memory` or elsewhere.
  using DecodeRow = std::function<absl::Status(size_t row, types::ValueMemory* memory, types::Value* values)>;

  // The worker must outlive it, and is its own between Start and Stop. Null: Start always returns false.
  explicit DecodeAhead(Worker* worker) : worker_(worker) {}
  ~DecodeAhead() { Stop(); }
  DecodeAhead(const DecodeAhead&) = delete;
  DecodeAhead& operator=(const DecodeAhead&) = delete;

  // Begins with the first of `rows` rows, which have `columns` values each. False, and nothing happens, where that is
  // of no use: the caller decodes its rows itself.
  bool Start(size_t rows, size_t columns, DecodeRow decode);
  bool started() const { return started_; }

  // The values of a row, once they are there; or the error of that row, behind which nothing is decoded.
  absl::StatusOr<const types::Value*> Row(size_t row);

  // Ends the work; the rows may change from then on.
  void Stop();

 private:
  void Run();
  void Tell(uint32_t decoded);

  Worker* const worker_;
  bool started_ = false;
  DecodeRow decode_;
  size_t rows_ = 0;
  size_t columns_ = 0;
  types::ValueMemory memory_;
  std::vector<types::Value> values_;   // row by row
  std::atomic<uint32_t> decoded_ = 0;  // rows
  size_t failed_row_ = 0;              // if it ended at one
  absl::Status status_;                // of that row
  std::atomic<bool> stop_ = false;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_DECODE_AHEAD_H_
