#include "daystream/watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>

#include "absl/time/clock.h"

namespace deltamirror::daystream {
namespace {

// Short enough that a reader is not late, long enough that it costs nothing.
constexpr absl::Duration kPollInterval = absl::Milliseconds(5);

}  // namespace

Watch::Watch(const std::string& path) {
  FileDescriptor events(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!events.is_open()) return;
  constexpr uint32_t kEvents = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE;
  if (inotify_add_watch(events.get(), path.c_str(), kEvents) < 0) return;
  events_ = std::move(events);
}

void Watch::Wait(absl::Duration timeout) {
  if (timeout <= absl::ZeroDuration()) return;
  if (!events_.is_open()) {
    absl::SleepFor(std::min(timeout, kPollInterval));
    return;
  }
  pollfd waiting = {events_.get(), POLLIN, 0};
  const timespec limit = absl::ToTimespec(timeout);
  if (ppoll(&waiting, 1, &limit, nullptr) <= 0) return;
  // What happened does not matter, only that it did.
  alignas(inotify_event) char events[4096];
  while (read(events_.get(), events, sizeof(events)) > 0) {
  }
}

}  // namespace deltamirror::daystream
