// The entry of a table in a mirror's state: what every way of bootstrapping it has in common.

#ifndef DELTAMIRROR_MIRROR_BOOTSTRAP_ENTRY_H_
#define DELTAMIRROR_MIRROR_BOOTSTRAP_ENTRY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mirror/bootstrap_options.h"
#include "mirror/state.h"
#include "mirror/table_state.h"
#include "sqlite/api.h"
#include "types/relation.h"

namespace deltamirror::mirror {

// FailedPrecondition if the mirror's argument `tables` leaves the table out.
absl::Status CheckInMirror(const State& state, const types::Relation& relation);

// For State::AddTable; `status` and what goes with it is left to the caller. AlreadyExists if the mirror has a table of
// that name and the options do not say `again`; FailedPrecondition for a name that SQLite, the mirror itself or another
// of its tables has.
absl::StatusOr<TableState> NewEntry(State* state, const types::Relation& relation, const BootstrapOptions& options);

// A table that the mirror knows under another name is the same table still: that one goes. What the copy has seen of
// it, as `handover` says ("": there is none), is not for a table of the old name.
absl::Status ForgetOldName(sqlite3* db, const types::Relation& relation, const std::string& handover, State* state);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_BOOTSTRAP_ENTRY_H_
