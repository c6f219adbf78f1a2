// What a first copy brings, on request, of that which no stream tells of: materialised views and sequences.

#ifndef DELTAMIRROR_MIRROR_BOOTSTRAP_COPIES_H_
#define DELTAMIRROR_MIRROR_BOOTSTRAP_COPIES_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "mirror/bootstrap_options.h"
#include "mirror/state.h"
#include "postgres/connection.h"
#include "sqlite/api.h"

namespace deltamirror::mirror {

// Copies those that the options name into tables of their names, on the connection's snapshot, and notes them in the
// state as kCopied. A sequence is one row, (last_value, is_called). What is there already is made anew with `again`,
// else an error. Returns the rows copied.
absl::StatusOr<int64_t> CopyOnce(sqlite3* db, postgres::Connection& connection, const BootstrapOptions& options,
                                 State* state);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_BOOTSTRAP_COPIES_H_
