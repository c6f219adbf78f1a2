#include "ext/pg_import.h"

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "copy/import.h"
#include "copy/import_options.h"
#include "ext/function.h"
#include "sqlite/error.h"
#include "sqlite/interrupt.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::ext {
namespace {

constexpr char kName[] = "pg_import";

absl::StatusOr<int64_t> Run(sqlite3_context* context, int count, sqlite3_value** values) {
  sqlite3* db = sqlite3_context_db_handle(context);
  ASSIGN_OR_RETURN(const copy::ImportOptions options,
                   copy::ParseImportOptions(kName, OptionalArgument(count, values, 3)));
  ASSIGN_OR_RETURN(sqlite::InterruptProbe probe, sqlite::InterruptProbe::Create(db));
  return copy::Import(db, std::string(TextArgument(values[0])), TextArgument(values[1]), TextArgument(values[2]),
                      options, [&probe] { return probe.Check(); });
}

}  // namespace

void PgImport(sqlite3_context* context, int count, sqlite3_value** values) {
  const absl::StatusOr<int64_t> rows = Run(context, count, values);
  if (!rows.ok()) return sqlite::ResultError(context, Named(kName, rows.status()));
  sqlite3_result_int64(context, *rows);
}

}  // namespace deltamirror::ext
