// One snapshot of the server, with the tables in it locked against DDL: what a first copy is made on, and what a mirror
// is compared with.

#ifndef DELTAMIRROR_MIRROR_LOCKED_SNAPSHOT_H_
#define DELTAMIRROR_MIRROR_LOCKED_SNAPSHOT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
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

// Begins a transaction on the connection whose snapshot sees the tables that `read` gives, with ACCESS SHARE locks on
// them: until the caller ends it, none of them is altered or truncated. A policy that hides rows from the role is an
// error there. `read` is called several times: the locks must be there before the snapshot, and the catalog that counts
// is the snapshot's. Unavailable if the tables change again and again meanwhile.
//
// Where start times are hidden from the role it waits for transactions to end (postgres/snapshot.h), and says so:
//   name: the SQL name in front of what is said on stderr, if `progress` (nothing: if stderr is a terminal).
using ReadCatalog = absl::FunctionRef<absl::StatusOr<std::vector<postgres::CatalogTable>>()>;
absl::StatusOr<LockedSnapshot> TakeLockedSnapshot(postgres::Connection& connection, ReadCatalog read,
                                                  absl::string_view name, std::optional<bool> progress);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_LOCKED_SNAPSHOT_H_
