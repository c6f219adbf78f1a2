// Waits until something happens to a file, or in a directory.

#ifndef DELTAMIRROR_DAYSTREAM_WATCH_H_
#define DELTAMIRROR_DAYSTREAM_WATCH_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "daystream/file.h"

namespace deltamirror::daystream {

// Uses inotify, which sees what happens from the making of the watch on. Where there is none (too many watches), and
// for what another host writes to a shared file system, waiting is sleeping: the caller looks for itself.
class Watch {
 public:
  explicit Watch(const std::string& path);

  // Returns at once if something happened since the last call, else when something does, after `timeout`, or at a
  // signal.
  void Wait(absl::Duration timeout);

 private:
  FileDescriptor events_;
};

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_WATCH_H_
