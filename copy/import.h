// pg_import: a PostgreSQL query or table into a SQLite table.

#ifndef DELTAMIRROR_COPY_IMPORT_H_
#define DELTAMIRROR_COPY_IMPORT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "copy/import_options.h"
#include "postgres/connection.h"
#include "sqlite/api.h"

namespace deltamirror::copy {

// Runs the query (or reads the table of that name) and puts its rows into `table`, which is made if it is missing.
// Returns the rows written. All or nothing (but see commit_every), in a transaction of its own or, inside the caller's,
// in a savepoint. The server's transaction, which matters for a query like DELETE ... RETURNING, is committed after
// SQLite's; not so inside the caller's transaction, which is still open then.
//   interrupt: asked on the calling thread; may be null.
absl::StatusOr<int64_t> Import(sqlite3* db, const std::string& conninfo, absl::string_view query,
                               absl::string_view table, const ImportOptions& options,
                               const postgres::InterruptCheck& interrupt);

}  // namespace deltamirror::copy

#endif  // DELTAMIRROR_COPY_IMPORT_H_
