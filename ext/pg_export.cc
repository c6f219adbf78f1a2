#include "ext/pg_export.h"

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "copy/export.h"
#include "ext/function.h"
#include "sqlite/error.h"
#include "sqlite/interrupt.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::ext {
namespace {

constexpr char kName[] = "pg_export";

absl::StatusOr<int64_t> Run(sqlite3_context* context, int count, sqlite3_value** values) {
  sqlite3* db = sqlite3_context_db_handle(context);
  ASSIGN_OR_RETURN(const copy::ExportOptions options,
                   copy::ParseExportOptions(kName, OptionalArgument(count, values, 3)));
  ASSIGN_OR_RETURN(sqlite::InterruptProbe probe, sqlite::InterruptProbe::Create(db));
  return copy::Export(db, std::string(TextArgument(values[0])), TextArgument(values[1]), TextArgument(values[2]),
                      options, [&probe] { return probe.Check(); });
}

}  // namespace

void PgExport(sqlite3_context* context, int count, sqlite3_value** values) {
  const absl::StatusOr<int64_t> rows = Run(context, count, values);
  if (!rows.ok()) return sqlite::ResultError(context, Named(kName, rows.status()));
  sqlite3_result_int64(context, *rows);
}

}  // namespace deltamirror::ext
