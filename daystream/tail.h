// What the end of a daystream directory says: where it stops, and whether in the middle of a line or of a transaction.

#ifndef DELTAMIRROR_DAYSTREAM_TAIL_H_
#define DELTAMIRROR_DAYSTREAM_TAIL_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "daystream/check.h"
#include "daystream/confirmed_end.h"
#include "daystream/position.h"

namespace deltamirror::daystream {

struct OpenTransaction {
  uint32_t xid = 0;
  std::optional<uint64_t> lsn;
};

// The last line that ends a transaction.
struct TailEnd {
  std::string file;     // name of the day file
  uint64_t offset = 0;  // in it, where the next line begins
  uint64_t number = 0;  // of its check; 0 if it has none
  ConfirmedEnd line;    // how it would be found again
};

struct Tail {
  std::string file;                     // name of the newest day file; empty if there is none
  uint64_t size = 0;                    // its bytes up to the end of its last complete line
  bool torn = false;                    // something follows there: a line without LF
  Position last = kBeforeAll;           // of the last complete line
  uint64_t last_commit_lsn = 0;         // of the last commit line that has one; 0 without
  std::optional<OpenTransaction> open;  // lines without their commit or rollback
  std::optional<TailEnd> end;           // nothing if none was met
  bool read_all = false;                // down to the first line that there is
};

// Reads backwards from the end, as far as the last commit line; nothing is changed. In a stream without commit lines
// (the original's) no transaction is open. `from_slot` says that there are commit lines even if none was written yet.
// DataLoss, naming file and offset, if a complete line there is not a daystream line.
absl::StatusOr<Tail> ReadTail(const std::string& directory, bool from_slot);

// The checksum of the complete lines behind `tail.end`, to go on with; not whole if that was not looked for down to the
// daystream's beginning at second `began`, or files have been removed since.
absl::StatusOr<RunningCheck> ReadRunningCheck(const std::string& directory, const Tail& tail, int64_t began);

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_TAIL_H_
