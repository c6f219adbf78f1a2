// Threads of ours in a process that is the host's.

#ifndef DELTAMIRROR_THREADS_THREAD_H_
#define DELTAMIRROR_THREADS_THREAD_H_

#include <functional>
#include <thread>

#include "absl/status/statusor.h"

namespace deltamirror {

// Runs `body` on a new thread, which receives no signals: they are the host's business, and its handlers run on its own
// threads. The caller joins it. ResourceExhausted if the system has no thread to give.
absl::StatusOr<std::thread> StartThread(std::function<void()> body);

}  // namespace deltamirror

#endif  // DELTAMIRROR_THREADS_THREAD_H_
