// A mirror against a saved schema: for lines of tables that have another shape now, or are gone.

#ifndef DELTAMIRROR_MIRROR_BOOTSTRAP_SAVED_H_
#define DELTAMIRROR_MIRROR_BOOTSTRAP_SAVED_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "mirror/bootstrap_options.h"
#include "mirror/name.h"
#include "postgres/connection.h"
#include "sqlite/api.h"
#include "types/table_list.h"

namespace deltamirror::mirror {

// Makes the tables of the list empty, in the shape that pg_schema_save kept of them (see postgres/saved_schema.h), and
// has the mirror read its daystream from the oldest line on, or from `options.clock`: what comes before is not for
// them. There are no rows to copy, because none are known of that time; so there is no hand-over either, and neither
// the tables nor the slot need be there any more. All of it in one transaction of `db`. Returns 0, the rows copied.
absl::StatusOr<int64_t> BootstrapSaved(sqlite3* db, const MirrorName& name, const types::TableList& list,
                                       const BootstrapOptions& options, postgres::Connection& connection);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_BOOTSTRAP_SAVED_H_
