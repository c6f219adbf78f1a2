// Blocks of bytes on their way from one thread to another.

#ifndef DELTAMIRROR_COPY_BLOCK_QUEUE_H_
#define DELTAMIRROR_COPY_BLOCK_QUEUE_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace deltamirror::copy {

// One producer, one consumer. Bounded: the producer waits while `limit` blocks have not been taken. A single block may
// be as large as it must be.
//
//   producer: std::string block = queue.Spare(); ... while (queue.Push(std::move(block))) ...; queue.Close(status);
//   consumer: while (queue.Pop(50, &block) == BlockQueue::kBlock) { ...; queue.Recycle(std::move(block)); }
class BlockQueue {
 public:
  enum Outcome { kBlock, kTimeout, kEnd };

  explicit BlockQueue(size_t limit) : limit_(limit) {}

  // An empty block, with the memory of one that was recycled if there is any.
  std::string Spare();
  // Waits for room. False, and the block is lost, when the consumer has gone.
  bool Push(std::string block);
  // No more blocks will come, and why.
  void Close(absl::Status status);

  // The next block; kTimeout after `timeout_ms` without one; kEnd when the queue is closed and empty.
  Outcome Pop(int timeout_ms, std::string* block);
  void Recycle(std::string block);
  // What Close was given; OK before.
  absl::Status status() const;
  // The consumer takes no more: Push returns false from now on.
  void Abandon();

 private:
  const size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> blocks_;
  std::vector<std::string> spares_;
  bool closed_ = false;
  bool abandoned_ = false;
  absl::Status status_;
};

}  // namespace deltamirror::copy

#endif  // DELTAMIRROR_COPY_BLOCK_QUEUE_H_
