// One deltamirror at a time: an exclusive flock on a file beside the database, DATABASE-MIRROR.lock. It ends with the
// process, however that ends.

#ifndef DELTAMIRROR_MIRROR_LOCK_H_
#define DELTAMIRROR_MIRROR_LOCK_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daystream/file.h"
#include "mirror/name.h"
#include "sqlite/api.h"

namespace deltamirror::mirror {

// The file that stands for the mirror: what is not a letter, a digit, or one of "_-." in its name is written as %XX,
// and what is longer than 100 bytes then ends there, with a checksum. Empty if its database is no file (in memory,
// temporary), which nobody else can open.
std::string LockPath(sqlite3* db, const MirrorName& name);

// The lock, held as long as the descriptor is open; one that is not open for a database that is no file. The file then
// names this process and host. Unavailable, naming the other process and host, if the mirror is followed already, and
// still is after a moment, in which `interrupt` (may be null) is asked.
absl::StatusOr<daystream::FileDescriptor> LockMirror(sqlite3* db, const MirrorName& name,
                                                     const std::function<absl::Status()>& interrupt);

// For those who apply lines in a transaction of the caller's: the same Unavailable if the mirror is followed.
absl::Status CheckNotFollowed(sqlite3* db, const MirrorName& name);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_LOCK_H_
