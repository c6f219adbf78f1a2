// What one thread makes and another one takes.

#ifndef DELTAMIRROR_THREADS_QUEUE_H_
#define DELTAMIRROR_THREADS_QUEUE_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace deltamirror {

enum class QueueOutcome : uint8_t { kItem, kTimeout, kEnd };

// One producer, one consumer. Bounded: the producer waits while `limit` items have not been taken. An item is something
// with memory of its own (a block of bytes, a batch), which goes back to the producer to be filled again.
//
//   producer: T item = queue.Spare(); ... while (queue.Push(std::move(item))) ...; queue.Close(status);
//   consumer: while (queue.Pop(50, &item) == QueueOutcome::kItem) { ...; queue.Recycle(std::move(item)); }
template <typename T>
class Queue {
 public:
  explicit Queue(size_t limit) : limit_(limit) {}

  // One that was recycled, as it was then, or a new one.
  T Spare() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (spares_.empty()) return T();
    T item = std::move(spares_.back());
    spares_.pop_back();
    return item;
  }

  // Waits for room. False, and the item is lost, when the consumer has gone.
  bool Push(T item) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return abandoned_ || items_.size() < limit_; });
    if (abandoned_) return false;
    items_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }

  // No more will come, and why.
  void Close(absl::Status status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    status_ = std::move(status);
    changed_.notify_all();
  }

  // The next item; kTimeout after `timeout_ms` without one; kEnd when the queue is closed and empty.
  QueueOutcome Pop(int timeout_ms, T* item) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [this] { return closed_ || !items_.empty(); });
    if (items_.empty()) return closed_ ? QueueOutcome::kEnd : QueueOutcome::kTimeout;
    *item = std::move(items_.front());
    items_.pop_front();
    changed_.notify_all();
    return QueueOutcome::kItem;
  }

  // For a later Spare.
  void Recycle(T item) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (spares_.size() < limit_) spares_.push_back(std::move(item));
  }

  // What Close was given; OK before.
  absl::Status status() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return status_;
  }

  // The consumer takes no more: Push returns false from now on.
  void Abandon() {
    const std::lock_guard<std::mutex> lock(mutex_);
    abandoned_ = true;
    items_.clear();
    changed_.notify_all();
  }

 private:
  const size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;
  std::vector<T> spares_;
  bool closed_ = false;
  bool abandoned_ = false;
  absl::Status status_;
};

}  // namespace deltamirror

#endif  // DELTAMIRROR_THREADS_QUEUE_H_
