// pg_schema(conninfo [, tables]): a row for each column of the tables, by schema, table and place.
//
//   SELECT "column", type, sqlite_type FROM pg_schema('dbname=prod', 'flights,ops.*');
//
// Hidden columns: conninfo, which has no default, and tables, a list of tables; default `*`. The rows are those of the
// moment at which the scan begins. Tables that no mirror can follow are listed too.

#include "vtab/pg_schema.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "postgres/connection.h"
#include "postgres/schema.h"
#include "sqlite/interrupt.h"
#include "sqlite/result.h"
#include "sqlite/table_function.h"
#include "status/status_macros.h"
#include "types/mapping.h"
#include "types/table_list.h"

namespace deltamirror::vtab {
namespace {

enum Column {
  kColSchema,
  kColTable,
  kColColumn,
  kColType,
  kColSqliteType,
  kColNotNull,
  kColKeyPosition,
  kColGenerated,
  kColReplicaIdentity,
  kColConninfo,
  kColTables,
};

// Place in the key that finds a row; NULL outside of it.
void ResultKey(sqlite3_context* context, const types::Relation& relation, const types::Column& column) {
  const bool by_identity =
      relation.identity == types::Identity::kDefault || relation.identity == types::Identity::kIndex;
  const int place = by_identity ? column.key : column.pk;
  if (place > 0) sqlite3_result_int(context, place);
}

class Rows final : public sqlite::TableRows {
 public:
  explicit Rows(std::vector<postgres::CatalogTable> tables) : tables_(std::move(tables)) {}

  absl::StatusOr<bool> Next() override {
    ++column_;
    // Also past tables without columns.
    while (table_ < tables_.size() && column_ >= tables_[table_].relation.columns.size()) {
      ++table_;
      column_ = 0;
    }
    return table_ < tables_.size();
  }

  absl::Status Column(int index, sqlite3_context* context) override;

 private:
  const std::vector<postgres::CatalogTable> tables_;
  // The current row: a column of a table. Before the first one.
  size_t table_ = 0;
  size_t column_ = static_cast<size_t>(-1);
};

absl::Status Rows::Column(int index, sqlite3_context* context) {
  const types::Relation& relation = tables_[table_].relation;
  const types::Column& column = relation.columns[column_];
  switch (index) {
    case kColSchema:
      sqlite::ResultText(context, relation.schema);
      break;
    case kColTable:
      sqlite::ResultText(context, relation.table);
      break;
    case kColColumn:
      sqlite::ResultText(context, column.name);
      break;
    case kColType:
      sqlite::ResultText(context, column.type);
      break;
    case kColSqliteType:
      sqlite::ResultText(context, types::MappingFor(column).declared);
      break;
    case kColNotNull:
      sqlite3_result_int(context, column.not_null ? 1 : 0);
      break;
    case kColKeyPosition:
      ResultKey(context, relation, column);
      break;
    case kColGenerated:
      sqlite::ResultTextIfAny(context, column.generated);
      break;
    case kColReplicaIdentity:
      sqlite::ResultText(context, postgres::IdentityName(relation.identity));
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<sqlite::TableRows>> Open(sqlite3* db, const sqlite::Arguments& arguments) {
  types::TableList list;
  if (const std::optional<std::string> tables = arguments.OptionalText(1); tables.has_value()) {
    ASSIGN_OR_RETURN(list, types::TableList::Parse(*tables));
  }
  ASSIGN_OR_RETURN(sqlite::InterruptProbe probe, sqlite::InterruptProbe::Create(db));
  ASSIGN_OR_RETURN(postgres::Connection connection,
                   postgres::Connection::Open(arguments.Text(0), {.interrupt = [&probe] { return probe.Check(); }}));
  ASSIGN_OR_RETURN(std::vector<postgres::CatalogTable> tables, postgres::ReadTables(connection, list));
  return std::make_unique<Rows>(std::move(tables));
}

constexpr sqlite::TableFunction kFunction = {
    .name = "pg_schema",
    .schema =
        "CREATE TABLE x(schema TEXT, \"table\" TEXT, \"column\" TEXT, type TEXT, sqlite_type TEXT, "
        "not_null INTEGER, key_position INTEGER, generated TEXT, replica_identity TEXT, conninfo HIDDEN, "
        "tables HIDDEN)",
    .first_argument = kColConninfo,
    .arguments = 2,
    .needed = 1,
    .usage = "expected the connection string as first argument, like pg_schema('dbname=prod', 'flights')",
    .rows = 100,
    .open = Open,
};

}  // namespace

int RegisterPgSchema(sqlite3* db) {
  return sqlite::RegisterTableFunction(db, kFunction);
}

}  // namespace deltamirror::vtab
