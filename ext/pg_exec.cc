#include "ext/pg_exec.h"

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "ext/function.h"
#include "postgres/connection.h"
#include "postgres/row_reader.h"
#include "sqlite/error.h"
#include "sqlite/interrupt.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::ext {
namespace {

constexpr char kName[] = "pg_exec";

absl::StatusOr<std::optional<int64_t>> Run(sqlite3_context* context, sqlite3_value** values) {
  const std::string sql(TextArgument(values[1]));
  if (sql.empty()) return absl::InvalidArgumentError("no statement given, expected SQL for the server");
  ASSIGN_OR_RETURN(sqlite::InterruptProbe probe, sqlite::InterruptProbe::Create(sqlite3_context_db_handle(context)));
  ASSIGN_OR_RETURN(postgres::Connection connection,
                   postgres::Connection::Open(std::string(TextArgument(values[0])),
                                              {.interrupt = [&probe] { return probe.Check(); }}));
  ASSIGN_OR_RETURN(postgres::RowReader reader, postgres::RowReader::BeginScript(&connection, sql));
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<postgres::Result> row, reader.Next());
    if (!row) return reader.affected();
  }
}

}  // namespace

void PgExec(sqlite3_context* context, int, sqlite3_value** values) {
  const absl::StatusOr<std::optional<int64_t>> rows = Run(context, values);
  if (!rows.ok()) return sqlite::ResultError(context, Named(kName, rows.status()));
  if (rows->has_value()) sqlite3_result_int64(context, **rows);
}

}  // namespace deltamirror::ext
