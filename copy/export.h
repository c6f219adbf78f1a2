// pg_export: a SQLite query into a PostgreSQL table.

#ifndef DELTAMIRROR_COPY_EXPORT_H_
#define DELTAMIRROR_COPY_EXPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "postgres/connection.h"
#include "sqlite/api.h"

namespace deltamirror::copy {

struct ExportOptions {
  bool refresh = false;              // delete the table's rows first, in the same transaction
  std::vector<std::string> columns;  // the table's columns for the query's, in their order; empty: by name
  std::optional<bool> progress;      // nothing: if stderr is a terminal
};

// `function`: the SQL name that messages begin with.
absl::StatusOr<ExportOptions> ParseExportOptions(absl::string_view function, absl::string_view json);

// Runs the query (or reads the table of that name) in SQLite and sends its rows to `table` (t, s.t, "S"."T") through
// COPY FROM STDIN, in one transaction of the server. Returns the rows that it took.
//   interrupt: asked on the calling thread; may be null.
absl::StatusOr<int64_t> Export(sqlite3* db, const std::string& conninfo, absl::string_view query,
                               absl::string_view table, const ExportOptions& options,
                               const postgres::InterruptCheck& interrupt);

}  // namespace deltamirror::copy

#endif  // DELTAMIRROR_COPY_EXPORT_H_
