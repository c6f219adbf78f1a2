// Names of PostgreSQL that SQLite cannot have, or not side by side.

#ifndef DELTAMIRROR_MIRROR_CHECK_NAMES_H_
#define DELTAMIRROR_MIRROR_CHECK_NAMES_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mirror/state.h"
#include "types/relation.h"

namespace deltamirror::mirror {

// FailedPrecondition, naming both, if two columns differ only in case. `table`: for the message.
absl::Status CheckColumnNames(const types::Relation& shape, absl::string_view table);

// FailedPrecondition if a mirrored table cannot be called `target` in SQLite: a name that SQLite keeps for itself, or
// that is the mirror's own, or that another table of the mirror has. `self`: the table that is to have it; may be null.
absl::Status CheckTargetName(const State& state, absl::string_view target, const TableState* self);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_CHECK_NAMES_H_
