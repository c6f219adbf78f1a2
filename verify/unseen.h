// The transactions that a mirror has and a snapshot of its source does not see.

#ifndef DELTAMIRROR_VERIFY_UNSEEN_H_
#define DELTAMIRROR_VERIFY_UNSEEN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "daystream/position.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "mirror/handover.h"
#include "mirror/held_lines.h"

namespace deltamirror::verify {

// A table's name in PostgreSQL, and up to where the mirror has it.
struct UnseenTable {
  std::string schema;
  std::string table;
  daystream::Position until;
};

struct UnseenRange {
  std::string source;         // the daystream
  daystream::Position start;  // before everything that the snapshot does not see
  mirror::Handover snapshot;  // what it sees
  std::vector<UnseenTable> tables;
};

// Read once from the daystream and kept: a few MiB in memory, more in an unlinked file. Each transaction is there once:
// neither what was rolled back nor what came again.
class Unseen {
 public:
  using Interrupt = std::function<absl::Status()>;

  // FailedPrecondition for a stream without transaction ids or commit LSNs (the original plugin's).
  //   interrupt: asked now and then; may be null.
  static absl::StatusOr<Unseen> Read(const UnseenRange& range, const Interrupt& interrupt);

  // The changes of one table in the order of the stream, and the commit records of all transactions.
  absl::Status ForEach(absl::string_view schema, absl::string_view table,
                       absl::FunctionRef<absl::Status(const deltaflood::Record&)> visit);

 private:
  // Beside what is read from the source, SQLite and libpq want some of the memory.
  static constexpr size_t kMemoryLimit = 4 << 20;

  Unseen() : lines_(kMemoryLimit) {}

  mirror::HeldLines lines_;
};

}  // namespace deltamirror::verify

#endif  // DELTAMIRROR_VERIFY_UNSEEN_H_
