// Everything that others have committed so far made durable on the server, whatever their synchronous_commit.

#ifndef DELTAMIRROR_POSTGRES_WAL_FLUSH_H_
#define DELTAMIRROR_POSTGRES_WAL_FLUSH_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "postgres/connection.h"

namespace deltamirror::postgres {

// A transaction with synchronous_commit = off is visible before its commit record is on the disk, and before a slot
// sends it: usually for less than a second. This waits for the disk, for none of the standbys, and returns an LSN: all
// commit records that were in the WAL when it was called lie before it, and are flushed.
//
// It writes a logical message (pg_logical_emit_message, which every role may call), since only a commit that has
// written something flushes. No output plugin of ours prints it. The connection must not be in a transaction; it may be
// one for replication. On a standby, which has nothing to flush, the LSN is how far it has replayed.
absl::StatusOr<uint64_t> FlushWal(Connection& connection);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_WAL_FLUSH_H_
