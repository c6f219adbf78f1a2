// Which stream a mirror follows.

#ifndef DELTAMIRROR_MIRROR_SOURCE_IDENTITY_H_
#define DELTAMIRROR_MIRROR_SOURCE_IDENTITY_H_

#include <string>

#include "absl/status/status.h"
#include "daystream/source.h"
#include "mirror/state.h"

namespace deltamirror::mirror {

// Whether the source's own account shows that deltastream wrote it from a slot: such streams have commit lines. False
// where there is no source or no account.
bool SourceHasCommits(const std::string& source);

// FailedPrecondition, with both and what to do, if what the daystream `source` says of itself (`found`) is not the
// account of the one that a mirror follows (`kept`).
absl::Status CheckSameStream(const std::string& source, const daystream::SourceInfo& kept,
                             const daystream::SourceInfo& found);

// Compares the account of the mirror's source with the one that the mirror keeps, and keeps it if it has none yet (in
// memory; `*changed` says that it must be saved). FailedPrecondition, with both and what to do, if they differ. A
// source without an account is taken as it is.
absl::Status CheckIdentity(State* state, bool* changed);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_SOURCE_IDENTITY_H_
