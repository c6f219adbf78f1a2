// Whether a slot that nobody reads has changes left.

#ifndef DELTAMIRROR_POSTGRES_SLOT_PEEK_H_
#define DELTAMIRROR_POSTGRES_SLOT_PEEK_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "postgres/connection.h"
#include "postgres/slot.h"

namespace deltamirror::postgres {

// Empty: everything, or the publication that was remembered for the slot.
struct PeekRequest {
  std::string tables;       // of deltaflood
  std::string filters;      // the same
  std::string publication;  // of pgoutput
};

// Whether transactions that committed before `before_lsn` have changes that the slot has not given to its reader. The
// slot stays as it is; for a moment it is in use. The server reads the WAL that it keeps for the slot. Needs a role
// with REPLICATION, and a connection without a transaction.
//   request: what the reader asks the slot for.
//
// Unavailable if somebody else reads the slot, or if the WAL up to that LSN is not flushed yet.
absl::StatusOr<bool> HasChangesLeft(Connection& connection, const Slot& slot, const PeekRequest& request,
                                    uint64_t before_lsn);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_SLOT_PEEK_H_
