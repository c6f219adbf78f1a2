// One snapshot of the server, with the tables in it locked against DDL: what a first copy is made on, and what a mirror
// is compared with.

#ifndef DELTAMIRROR_MIRROR_LOCKED_SNAPSHOT_H_
#define DELTAMIRROR_MIRROR_LOCKED_SNAPSHOT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "mirror/handover.h"
#include "postgres/connection.h"
#include "postgres/schema.h"
#include "postgres/snapshot.h"

namespace deltamirror::mirror {

struct LockedSnapshot {
  std::vector<postgres::CatalogTable> tables;  // as the snapshot sees them
  postgres::CopySnapshot snapshot;

  // Which transactions of a stream it saw.
  Handover ToHandover() const;
};

struct LockOptions {
  std::string name;              // the SQL name in front of what is said on stderr
  std::optional<bool> progress;  // whether that is wanted; nothing: if stderr is a terminal
  uint64_t stream_xid = 0;       // for postgres::BeginCopySnapshot
};

// Begins a transaction on the connection whose snapshot sees the tables that `read` gives, with ACCESS SHARE locks on
// them: until the caller ends it, none of them is altered or truncated. A policy that hides rows from the role is an
// error there. `read` is called several times: the locks must be there before the snapshot, and the catalog that counts
// is the snapshot's. Unavailable if the tables change again and again meanwhile.
//
// It waits for the end of some transactions (postgres/snapshot.h), and says for which.
using ReadCatalog = absl::FunctionRef<absl::StatusOr<std::vector<postgres::CatalogTable>>()>;
absl::StatusOr<LockedSnapshot> TakeLockedSnapshot(postgres::Connection& connection, ReadCatalog read,
                                                  const LockOptions& options);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_LOCKED_SNAPSHOT_H_
