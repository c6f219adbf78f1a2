#include "threads/thread.h"

#include <csignal>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace deltamirror {

absl::StatusOr<std::thread> StartThread(std::function<void()> body) {
  // A thread begins with its maker's mask, so that there is no moment at which it could be chosen for a signal.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  absl::StatusOr<std::thread> thread;
  try {
    thread = std::thread(std::move(body));
  } catch (const std::system_error& error) {  // the library has no other way to say so
    thread = absl::ResourceExhaustedError(absl::StrCat("could not start a thread: ", error.what()));
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace deltamirror
