// One writer at a time: an exclusive flock on a file, deltastream.lock in the daystream's directory. It ends with the
// process, however that ends.

#ifndef DELTAMIRROR_DAYSTREAM_LOCK_H_
#define DELTAMIRROR_DAYSTREAM_LOCK_H_

#include <string>

#include "absl/status/statusor.h"
#include "daystream/file.h"

namespace deltamirror::daystream {

// The lock, held as long as the descriptor is open. The file then names this process and host. Unavailable, naming the
// other process and host, if another writer has it.
absl::StatusOr<FileDescriptor> LockDirectory(const std::string& directory, FileSystem* files);

// The lock on any file, which is made if it is missing and then names this process and host. A descriptor that is not
// open, and `owner` ("process 4711 on host \"db1\""), if another has it.
absl::StatusOr<FileDescriptor> TakeLock(const std::string& path, std::string* owner,
                                        FileSystem* files = FileSystem::Default());

// Who has such a lock at the moment; empty if nobody has, or there is no such file.
absl::StatusOr<std::string> LockOwner(const std::string& path);

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_LOCK_H_
