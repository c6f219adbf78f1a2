#include "threads/worker.h"

#include <utility>

#include "absl/status/statusor.h"
#include "threads/thread.h"

namespace deltamirror {
namespace {

bool HasAnotherProcessor() {
  static const bool has = std::thread::hardware_concurrency() > 1;
  return has;
}

}  // namespace

Worker::~Worker() {
  if (!thread_.joinable()) return;
  Wait();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool Worker::Start(std::function<void()> work) {
  if (!thread_.joinable() && !StartThisThread()) return false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    work_ = std::move(work);
  }
  changed_.notify_all();
  return true;
}

bool Worker::StartThisThread() {
  if (!HasAnotherProcessor()) return false;
  absl::StatusOr<std::thread> thread = StartThread([this] { Run(); });
  if (thread.ok()) thread_ = *std::move(thread);
  return thread.ok();
}

void Worker::Wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return work_ == nullptr; });
}

// The thread.
void Worker::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ends_ || work_ != nullptr; });
    if (ends_) return;
    lock.unlock();
    work_();
    lock.lock();
    work_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace deltamirror
