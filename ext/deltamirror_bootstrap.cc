#include "ext/deltamirror_bootstrap.h"

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "ext/function.h"
#include "mirror/bootstrap.h"
#include "mirror/bootstrap_options.h"
#include "sqlite/error.h"
#include "sqlite/interrupt.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::ext {
namespace {

constexpr char kName[] = "deltamirror_bootstrap";

absl::StatusOr<int64_t> Run(sqlite3* db, int count, sqlite3_value** values) {
  ASSIGN_OR_RETURN(const mirror::BootstrapOptions options,
                   mirror::ParseBootstrapOptions(kName, OptionalArgument(count, values, 3)));
  ASSIGN_OR_RETURN(sqlite::InterruptProbe probe, sqlite::InterruptProbe::Create(db));
  return mirror::Bootstrap(db, TextArgument(values[0]), std::string(TextArgument(values[1])), TextArgument(values[2]),
                           options, [&probe] { return probe.Check(); });
}

}  // namespace

void DeltamirrorBootstrap(sqlite3_context* context, int count, sqlite3_value** values) {
  const absl::StatusOr<int64_t> rows = Run(sqlite3_context_db_handle(context), count, values);
  if (!rows.ok()) return sqlite::ResultError(context, Named(kName, rows.status()));
  sqlite3_result_int64(context, *rows);
}

}  // namespace deltamirror::ext
