// The snapshot that a first copy is made on, and what a mirror must know of it to go on from a shared stream: design.md
// section 4, "The hand-over".
//
// A transaction's records reach the daystream after its commit record is in the WAL, and it becomes visible to new
// snapshots only after that: under synchronous replication a whole round trip later. So the end of the daystream says
// nothing about what a snapshot sees. What is needed instead:
//
//   1. A moment that lies before every record of every transaction that the snapshot does not see. Reading begins
//   there.
//   2. The transactions that the snapshot does see, so that they are passed over: `xid < xmax` and not in `running`.
//   3. An LSN from which on no commit can belong to a transaction that the snapshot sees. There the filter ends.
//
// Why `start_time` is such a moment. We look at the server before the snapshot is taken. The look notes the time; takes
// a transaction id for itself and gives it up; and notes the running transactions with their start times: in this
// order. (pg_snapshot_xmax would not do for the id: it is one above the last that has ended, so that an older one that
// still runs may be at or above it.) Let T be a transaction that the snapshot does not see.
//   (a) T's id is above the look's. Then T got it after the look began, and its commit record, and all that the stream
//       has of T, is younger than the look's time.
//   (b) T's id is below the look's. As the look's own has ended, the snapshot's xmax is above it, so T is among
//       `running`. It was running, in the sense of the server's process array, when the snapshot was taken, and so at
//       the look, which has T with its start time, or for a prepared one the time of PREPARE TRANSACTION: both views
//       keep it until it has left the process array. What the stream has of T was decoded after T's commit record was
//       written, hence after that time. A prepared transaction is decoded at its COMMIT PREPARED.
// So the earliest of the look's time and of the start times of those among `running` that the look has will do. Early
// is always safe: it costs reading only. A running id below the look's for which the look has no time (the role
// may not see it; track_activities is off) proves that we cannot tell: the snapshot is given back, and taken again when
// that transaction has ended. This check is made against the snapshot itself, so it needs no knowledge of what a role
// may see.
//
// Why `end_lsn` is such an LSN. A transaction becomes visible only after its commit record was inserted into the WAL
// (inserted: with synchronous_commit = off it need not be written yet). The insert position read after the snapshot
// lies behind all of those records; a commit record that begins at or behind it is of a transaction that was not
// visible. The stream's LSN of a commit is where its record begins.
//
// The one slot behind the stream must be older than the look: all that commits after it was made is in the stream. That
// is not enough for a transaction that was committed before, but is held invisible by a stalled synchronous standby
// until after the snapshot: it would be in neither. So the stream has an id, `stream_xid`, which was taken when the
// slot was there: transactions with higher ids commit later, and those among `running` with lower ones are waited for,
// as are those without a time.

#ifndef DELTAMIRROR_POSTGRES_SNAPSHOT_H_
#define DELTAMIRROR_POSTGRES_SNAPSHOT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "postgres/connection.h"

namespace deltamirror::postgres {

// What pg_current_snapshot() says. Ids are 64 bits wide here; the stream has the low 32 bits of them.
struct Snapshot {
  uint64_t xmin = 0;              // all below have ended
  uint64_t xmax = 0;              // this one and all above had not begun
  std::vector<uint64_t> running;  // top-level ids between the two, in order

  bool operator==(const Snapshot&) const = default;
};

// Reads "730:742:733,740".
absl::StatusOr<Snapshot> ParseSnapshot(absl::string_view text);

// The running transactions at one moment.
struct Look {
  int64_t time = 0;  // by the server's clock, microseconds since 1970
  uint64_t xid = 0;  // the look's own
  // By the low half of the id. Nothing: the start time is not ours to see.
  std::map<uint32_t, std::optional<int64_t>> starts;
  // Those of them that run in other databases: no stream of ours has them.
  std::set<uint32_t> elsewhere;
};

absl::StatusOr<Look> LookAtTransactions(Connection& connection);

// The ids that are running in the snapshot and of which the look does not tell the start.
std::vector<uint64_t> Unaccounted(const Look& look, const Snapshot& snapshot);

// Those that may have been committed before the stream began.
std::vector<uint64_t> OlderThanStream(const Look& look, const Snapshot& snapshot, uint64_t stream_xid);

// The moment of the argument above, by the server's clock, microseconds since 1970. Nothing may be unaccounted.
int64_t EarliestStart(const Look& look, const Snapshot& snapshot);

struct CopySnapshot {
  Snapshot snapshot;
  int64_t start_time = 0;  // microseconds since 1970, by the server's clock
  uint64_t end_lsn = 0;
};

// What is waited for: the oldest of the ids, and why.
using WaitNotice = std::function<void(uint64_t xid, absl::string_view why)>;
inline constexpr absl::string_view kHiddenStart = "whose start this role may not see";
inline constexpr absl::string_view kOlderThanStream = "which may have been committed before the slot was made";

// Begins a REPEATABLE READ READ ONLY transaction that holds ACCESS SHARE locks on `tables` (quoted names; a partitioned
// table's partitions are locked too), and takes its snapshot. The locks come first: DDL and TRUNCATE are not MVCC-safe,
// a table that is truncated between snapshot and copy would read as empty. The caller ends the transaction.
//
// Waits for the end of transactions, as said above: `waiting`, if given, is told again and again. The connection's
// interrupt check ends the wait. Limits that the role or the server set to the time of a statement or of an idle
// transaction are lifted for this session: a copy takes as long as it takes.
//   stream_xid: 0 if there is none; the stream's beginning is the caller's care then.
//
// FailedPrecondition on a standby: its snapshots are not those of the stream.
absl::StatusOr<CopySnapshot> BeginCopySnapshot(Connection& connection, const std::vector<std::string>& tables,
                                               uint64_t stream_xid = 0, const WaitNotice& waiting = nullptr);

// By the server's clock, microseconds since 1970.
absl::StatusOr<int64_t> ServerTime(Connection& connection);

// Which server and database this is, as daystream.json names them.
struct ServerIdentity {
  std::string system_identifier;
  std::string database;
};
absl::StatusOr<ServerIdentity> ReadServerIdentity(Connection& connection);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_SNAPSHOT_H_
