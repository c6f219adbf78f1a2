// sqlite3_interrupt (^C in the shell), seen from inside a function or table that runs for long.

#ifndef DELTAMIRROR_SQLITE_INTERRUPT_H_
#define DELTAMIRROR_SQLITE_INTERRUPT_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sqlite/api.h"
#include "sqlite/statement.h"

namespace deltamirror::sqlite {

// How long a wait may last before it looks for an interrupt again, in milliseconds.
inline constexpr int kInterruptPollMs = 50;

// Tells whether the statement that called us was interrupted. sqlite3_is_interrupted came with 3.41 only; on every
// version a statement of the same connection that is stepped after an interrupt fails with SQLITE_INTERRUPT, so the
// probe is such a statement. Use it from the thread that runs the statement, and not more often than every few hundred
// rows (about a microsecond).
class InterruptProbe {
 public:
  static absl::StatusOr<InterruptProbe> Create(sqlite3* db);

  // Cancelled with the text "interrupted" (result code SQLITE_INTERRUPT) once the caller was interrupted.
  absl::Status Check();

 private:
  explicit InterruptProbe(Statement probe) : probe_(std::move(probe)) {}
  Statement probe_;
};

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_INTERRUPT_H_
