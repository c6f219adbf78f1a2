// The first copy of one table: the part of a bootstrap that is the same for each.

#ifndef DELTAMIRROR_MIRROR_BOOTSTRAP_TABLE_H_
#define DELTAMIRROR_MIRROR_BOOTSTRAP_TABLE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "copy/target.h"
#include "mirror/bootstrap_options.h"
#include "postgres/connection.h"
#include "postgres/schema.h"
#include "sqlite/api.h"
#include "types/relation.h"

namespace deltamirror::mirror {

// The columns that the mirrored table has: those whose values the stream brings. A virtual generated column's it never
// does; a stored one's with deltaflood, whose lines show what is in the row, and of pgoutput if the publication has
// them: `with_stored_generated` is false where it cannot be asked. (The stream adds them then.)
types::Relation MirroredShape(const types::Relation& relation, bool with_stored_generated = true);

// Makes the table. AlreadyExists if something of that name is there, which `again` takes to be the table of an earlier
// copy: it is emptied if it has the shape it would be given now (indexes and triggers stay), else made anew.
absl::Status PrepareMirroredTable(sqlite3* db, const copy::Target& target, const types::Relation& shape,
                                  const types::Overrides& overrides, bool again);

// Copies the rows; the connection is in the snapshot's transaction. Returns their number.
absl::StatusOr<int64_t> CopyMirroredTable(sqlite3* db, postgres::Connection& connection,
                                          const postgres::CatalogTable& table, const types::Relation& shape,
                                          const copy::Target& target, const BootstrapOptions& options);

// Makes the table's indexes, but for the primary key's, under their PostgreSQL names ("ops.crew_name" in other schemas
// than public). Those that SQLite cannot have are told of, each with the reason, as option `progress` says and in
// SQLite's log. AlreadyExists if another table has an index of that name.
absl::Status CopyIndexes(sqlite3* db, postgres::Connection& connection, const types::Relation& shape,
                         const copy::Target& target, const BootstrapOptions& options);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_BOOTSTRAP_TABLE_H_
