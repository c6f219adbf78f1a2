// Whether a server can have a slot for logical decoding at all: found before anything is made, with the setting to
// change.

#ifndef DELTAMIRROR_POSTGRES_SERVER_READY_H_
#define DELTAMIRROR_POSTGRES_SERVER_READY_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "postgres/connection.h"

namespace deltamirror::postgres {

// Both work on a connection for replication, too.
absl::StatusOr<bool> IsStandby(Connection& connection);

// FailedPrecondition, with what to do, where wal_level is too low, no slot or no walsender is free, or the server is a
// standby that cannot have such slots (PostgreSQL 15 and earlier).
absl::Status CheckReadyForSlot(Connection& connection);

// `status`: why there is no connection for replication. With what to do, if no walsender is free.
absl::Status ExplainNoWalsender(const absl::Status& status);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_SERVER_READY_H_
