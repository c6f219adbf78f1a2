#include "copy/block_queue.h"

#include <chrono>
#include <utility>

namespace deltamirror::copy {
namespace {

// A block that had to hold a large value gives its memory back instead of being kept.
constexpr size_t kMostSpareBytes = 1 << 20;

}  // namespace

std::string BlockQueue::Spare() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (spares_.empty()) return std::string();
  std::string block = std::move(spares_.back());
  spares_.pop_back();
  block.clear();
  return block;
}

bool BlockQueue::Push(std::string block) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return abandoned_ || blocks_.size() < limit_; });
  if (abandoned_) return false;
  blocks_.push_back(std::move(block));
  changed_.notify_all();
  return true;
}

void BlockQueue::Close(absl::Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  status_ = std::move(status);
  changed_.notify_all();
}

BlockQueue::Outcome BlockQueue::Pop(int timeout_ms, std::string* block) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [this] { return closed_ || !blocks_.empty(); });
  if (blocks_.empty()) return closed_ ? kEnd : kTimeout;
  *block = std::move(blocks_.front());
  blocks_.pop_front();
  changed_.notify_all();
  return kBlock;
}

void BlockQueue::Recycle(std::string block) {
  if (block.capacity() > kMostSpareBytes) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (spares_.size() < limit_) spares_.push_back(std::move(block));
}

absl::Status BlockQueue::status() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return status_;
}

void BlockQueue::Abandon() {
  const std::lock_guard<std::mutex> lock(mutex_);
  abandoned_ = true;
  blocks_.clear();
  changed_.notify_all();
}

}  // namespace deltamirror::copy
