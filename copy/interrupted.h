// Whether it was the user who ended a copy.

#ifndef DELTAMIRROR_COPY_INTERRUPTED_H_
#define DELTAMIRROR_COPY_INTERRUPTED_H_

#include "absl/status/status.h"
#include "postgres/connection.h"
#include "postgres/server_error.h"

namespace deltamirror::copy {

// Whichever statement of ours it was that an interrupt ended. A server's statement_timeout is Cancelled, too; and
// SQLite calls some of what it could not do for an interrupt by another name (a table-valued function's first use).
inline bool WasInterrupted(const absl::Status& status, const postgres::InterruptCheck& interrupt) {
  if (status.ok()) return false;
  if (absl::IsCancelled(status) && postgres::SqlState(status).empty()) return true;
  return interrupt && absl::IsCancelled(interrupt());
}

}  // namespace deltamirror::copy

#endif  // DELTAMIRROR_COPY_INTERRUPTED_H_
