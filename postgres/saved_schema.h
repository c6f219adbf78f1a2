// What pg_schema_save has kept of tables.

#ifndef DELTAMIRROR_POSTGRES_SAVED_SCHEMA_H_
#define DELTAMIRROR_POSTGRES_SAVED_SCHEMA_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "postgres/connection.h"
#include "postgres/snapshot.h"
#include "types/relation.h"
#include "types/table_list.h"

namespace deltamirror::postgres {

struct SavedTable {
  types::Relation relation;  // as it was
  ServerIdentity server;     // of which it was a table
};

// Of each table of the list the shape that was saved last, or, with `before` not empty (a time as PostgreSQL reads it),
// last at that time or earlier. What has become of the table since, or of the server, does not matter: only
// deltamirror.saved_table and deltamirror.saved_column are read. `ops.*` and `*` take all that was ever saved, a table
// that was renamed under its last name alone.
//
// NotFound if nothing was saved here, or nothing of a name of the list.
absl::StatusOr<std::vector<SavedTable>> ReadSavedTables(Connection& connection, const types::TableList& list,
                                                        const std::string& before);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_SAVED_SCHEMA_H_
