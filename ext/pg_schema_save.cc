#include "ext/pg_schema_save.h"

#include <string>

#include "absl/status/statusor.h"
#include "ext/function.h"
#include "postgres/connection.h"
#include "postgres/schema_save.h"
#include "sqlite/error.h"
#include "sqlite/interrupt.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::ext {
namespace {

absl::StatusOr<int64_t> Save(sqlite3* db, const std::string& conninfo, const types::TableList& list) {
  ASSIGN_OR_RETURN(sqlite::InterruptProbe probe, sqlite::InterruptProbe::Create(db));
  ASSIGN_OR_RETURN(postgres::Connection connection,
                   postgres::Connection::Open(conninfo, {.interrupt = [&probe] { return probe.Check(); }}));
  return postgres::SaveSchema(connection, list);
}

absl::StatusOr<int64_t> Run(sqlite3* db, int count, sqlite3_value** values) {
  types::TableList list;
  if (count > 1 && sqlite3_value_type(values[1]) != SQLITE_NULL) {
    ASSIGN_OR_RETURN(list, types::TableList::Parse(TextArgument(values[1])));
  }
  return Save(db, std::string(TextArgument(values[0])), list);
}

}  // namespace

void PgSchemaSave(sqlite3_context* context, int count, sqlite3_value** values) {
  const absl::StatusOr<int64_t> tables = Run(sqlite3_context_db_handle(context), count, values);
  if (!tables.ok()) return sqlite::ResultError(context, Named("pg_schema_save", tables.status()));
  sqlite3_result_int64(context, *tables);
}

}  // namespace deltamirror::ext
