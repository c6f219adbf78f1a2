// One writer at a time: an exclusive flock on deltastream.lock in the daystream's directory. It ends with the process,
// however that ends.

#ifndef DELTAMIRROR_DAYSTREAM_LOCK_H_
#define DELTAMIRROR_DAYSTREAM_LOCK_H_

#include <string>

#include "absl/status/statusor.h"
#include "daystream/file.h"

namespace deltamirror::daystream {

// The lock, held as long as the descriptor is open. The file then names this process and host. Unavailable, naming the
// other process and host, if another writer has it.
absl::StatusOr<FileDescriptor> LockDirectory(const std::string& directory, FileSystem* files);

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_LOCK_H_
