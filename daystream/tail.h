// What the end of a daystream directory says: where it stops, and whether in the middle of a line or of a transaction.

#ifndef DELTAMIRROR_DAYSTREAM_TAIL_H_
#define DELTAMIRROR_DAYSTREAM_TAIL_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "daystream/position.h"

namespace deltamirror::daystream {

struct OpenTransaction {
  uint32_t xid = 0;
  std::optional<uint64_t> lsn;
};

struct Tail {
  std::string file;                     // name of the newest day file; empty if there is none
  uint64_t size = 0;                    // its bytes up to the end of its last complete line
  bool torn = false;                    // something follows there: a line without LF
  Position last = kBeforeAll;           // of the last complete line
  uint64_t last_commit_lsn = 0;         // of the last commit line that has one; 0 without
  std::optional<OpenTransaction> open;  // lines without their commit or rollback
};

// Reads backwards from the end, as far as the last commit line; nothing is changed. In a stream without commit lines
// (the original's) no transaction is open. `from_slot` says that there are commit lines even if none was written yet.
// DataLoss, naming file and offset, if a complete line there is not a daystream line.
absl::StatusOr<Tail> ReadTail(const std::string& directory, bool from_slot);

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_TAIL_H_
