// A thread that waits for work.

#ifndef DELTAMIRROR_THREADS_WORKER_H_
#define DELTAMIRROR_THREADS_WORKER_H_

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace deltamirror {

// One piece of work at a time beside the caller's own. The thread is started for the first piece, and kept: waking it
// costs some microseconds, which a new one for each piece would cost many times over.
//
//   if (worker.Start([&] { ... })) { ...; worker.Wait(); }
class Worker {
 public:
  Worker() = default;
  // Waits for the work that was begun.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Begins `work`; what was begun before must have been waited for. False, and nothing happens, if there is no second
  // processor to do it, or the system has no thread to give.
  bool Start(std::function<void()> work);

  // Until the work is done.
  void Wait();

 private:
  bool StartThisThread();
  void Run();

  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;  // null: none, or done
  bool ends_ = false;
};

}  // namespace deltamirror

#endif  // DELTAMIRROR_THREADS_WORKER_H_
