// What a crash of the machine, or a disk that failed to sync, may have done to the end of a day file.

#ifndef DELTAMIRROR_DAYSTREAM_UNCONFIRMED_H_
#define DELTAMIRROR_DAYSTREAM_UNCONFIRMED_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "daystream/file.h"

namespace deltamirror::daystream {

// For the newest day file, before anything is added to it. The lines behind the last commit below `confirmed`, which is
// what the server was told is safe, were not yet known to be on the disk, and come again if they are missing:
// * The machine may have crashed and left pages that were never written as NUL bytes, in front of others that were. No
//   line has a NUL, so the file is cut off in front of the first line with one.
// * A sync may have failed. The system may then hold pages that it does not write any more, and call the next sync a
//   success. So the bytes are written once more, the same in the same place, and the next sync is for all of them.
// Nothing is done where no lines are behind `confirmed`, as after an orderly end. The caller syncs the file.
absl::Status MendUnconfirmed(const std::string& path, uint64_t confirmed, FileSystem* files);

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_UNCONFIRMED_H_
