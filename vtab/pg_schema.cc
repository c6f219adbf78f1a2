// pg_schema(conninfo [, tables]): a row for each column of the tables, by schema, table and place.
//
//   SELECT "column", type, sqlite_type FROM pg_schema('dbname=prod', 'flights,ops.*');
//
// Hidden columns: conninfo, which has no default, and tables, a list of tables; default `*`. The rows are those of the
// moment at which the scan begins. Tables that no mirror can follow are listed too.

#include "vtab/pg_schema.h"

#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "postgres/connection.h"
#include "postgres/schema.h"
#include "sqlite/arguments.h"
#include "sqlite/error.h"
#include "sqlite/interrupt.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/mapping.h"
#include "types/table_list.h"

namespace deltamirror::vtab {
namespace {

constexpr char kName[] = "pg_schema";

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

constexpr char kSchema[] =
    "CREATE TABLE x(schema TEXT, \"table\" TEXT, \"column\" TEXT, type TEXT, sqlite_type TEXT, not_null INTEGER, "
    "key_position INTEGER, generated TEXT, replica_identity TEXT, conninfo HIDDEN, tables HIDDEN)";

struct Table {
  sqlite3_vtab base;
  sqlite3* db;
};

struct Cursor {
  sqlite3_vtab_cursor base;
  std::vector<postgres::CatalogTable> tables;
  size_t table;  // the current row: a column of a table
  size_t column;
  int64_t row;
};

// Passes over tables without columns.
void SkipEmpty(Cursor* cursor) {
  while (cursor->table < cursor->tables.size() &&
         cursor->column >= cursor->tables[cursor->table].relation.columns.size()) {
    ++cursor->table;
    cursor->column = 0;
  }
}

int Connect(sqlite3* db, void*, int, const char* const*, sqlite3_vtab** out, char**) {
  if (const int rc = sqlite3_declare_vtab(db, kSchema); rc != SQLITE_OK) return rc;
  // Rationale: it connects to other machines, with the rights of whoever runs the host.
  if (const int rc = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY); rc != SQLITE_OK) return rc;
  auto* table = new (std::nothrow) Table{};
  if (table == nullptr) return SQLITE_NOMEM;
  table->db = db;
  *out = &table->base;
  return SQLITE_OK;
}

int Disconnect(sqlite3_vtab* base) {
  delete reinterpret_cast<Table*>(base);
  return SQLITE_OK;
}

int Open(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
  auto* cursor = new (std::nothrow) Cursor{};
  if (cursor == nullptr) return SQLITE_NOMEM;
  *out = &cursor->base;
  return SQLITE_OK;
}

int Close(sqlite3_vtab_cursor* base) {
  delete reinterpret_cast<Cursor*>(base);
  return SQLITE_OK;
}

int Next(sqlite3_vtab_cursor* base) {
  auto* cursor = reinterpret_cast<Cursor*>(base);
  ++cursor->column;
  ++cursor->row;
  SkipEmpty(cursor);
  return SQLITE_OK;
}

void ResultText(sqlite3_context* context, absl::string_view text) {
  sqlite3_result_text(context, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

// Place in the key that finds a row; NULL outside of it.
void ResultKey(sqlite3_context* context, const types::Relation& relation, const types::Column& column) {
  const bool by_identity =
      relation.identity == types::Identity::kDefault || relation.identity == types::Identity::kIndex;
  const int place = by_identity ? column.key : column.pk;
  if (place > 0) sqlite3_result_int(context, place);
}

int Column(sqlite3_vtab_cursor* base, sqlite3_context* context, int index) {
  const auto* cursor = reinterpret_cast<Cursor*>(base);
  const types::Relation& relation = cursor->tables[cursor->table].relation;
  const types::Column& column = relation.columns[cursor->column];
  switch (index) {
    case kColSchema:
      ResultText(context, relation.schema);
      break;
    case kColTable:
      ResultText(context, relation.table);
      break;
    case kColColumn:
      ResultText(context, column.name);
      break;
    case kColType:
      ResultText(context, column.type);
      break;
    case kColSqliteType:
      ResultText(context, types::MappingFor(column).declared);
      break;
    case kColNotNull:
      sqlite3_result_int(context, column.not_null ? 1 : 0);
      break;
    case kColKeyPosition:
      ResultKey(context, relation, column);
      break;
    case kColGenerated:
      if (!column.generated.empty()) ResultText(context, column.generated);
      break;
    case kColReplicaIdentity:
      ResultText(context, postgres::IdentityName(relation.identity));
      break;
    default:
      break;  // no connection string is ever shown
  }
  return SQLITE_OK;
}

int Rowid(sqlite3_vtab_cursor* base, sqlite3_int64* rowid) {
  *rowid = reinterpret_cast<Cursor*>(base)->row;
  return SQLITE_OK;
}

int Eof(sqlite3_vtab_cursor* base) {
  const auto* cursor = reinterpret_cast<Cursor*>(base);
  return cursor->table >= cursor->tables.size() ? 1 : 0;
}

absl::StatusOr<std::vector<postgres::CatalogTable>> ReadTables(sqlite3* db, const std::string& conninfo,
                                                               sqlite3_value* tables) {
  types::TableList list;
  if (tables != nullptr && sqlite3_value_type(tables) != SQLITE_NULL) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(tables));
    ASSIGN_OR_RETURN(list, types::TableList::Parse(text == nullptr ? "" : text));
  }
  ASSIGN_OR_RETURN(sqlite::InterruptProbe probe, sqlite::InterruptProbe::Create(db));
  ASSIGN_OR_RETURN(postgres::Connection connection,
                   postgres::Connection::Open(conninfo, {.interrupt = [&probe] { return probe.Check(); }}));
  return postgres::ReadTables(connection, list);
}

int Filter(sqlite3_vtab_cursor* base, int, const char*, int count, sqlite3_value** values) {
  if (count == 0) {
    return sqlite::VtabError(base->pVtab,
                             absl::InvalidArgumentError("pg_schema: expected the connection string as first argument, "
                                                        "like pg_schema('dbname=prod', 'flights')"));
  }
  auto* cursor = reinterpret_cast<Cursor*>(base);
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
  const std::string conninfo(text == nullptr ? "" : text);
  cursor->tables.clear();
  cursor->table = 0;
  cursor->column = 0;
  cursor->row = 0;
  auto* table = reinterpret_cast<Table*>(base->pVtab);
  absl::StatusOr<std::vector<postgres::CatalogTable>> tables =
      ReadTables(table->db, conninfo, count > 1 ? values[1] : nullptr);
  if (!tables.ok()) return sqlite::VtabError(&table->base, Named(kName, tables.status()));
  cursor->tables = *std::move(tables);
  SkipEmpty(cursor);
  return SQLITE_OK;
}

int BestIndex(sqlite3_vtab*, sqlite3_index_info* info) {
  int argument[2] = {-1, -1};
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    if (constraint.iColumn < kColConninfo || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    // Given, but by a table that comes later in this plan: another plan has it.
    if (constraint.usable == 0) return SQLITE_CONSTRAINT;
    argument[constraint.iColumn - kColConninfo] = i;
  }
  if (argument[0] < 0) return sqlite::PlanWithoutArguments(info);
  int next = 1;
  for (const int i : argument) {
    if (i < 0) continue;
    info->aConstraintUsage[i].argvIndex = next++;
    info->aConstraintUsage[i].omit = 1;
  }
  info->estimatedCost = 1000;
  info->estimatedRows = 100;
  return SQLITE_OK;
}

constexpr sqlite3_module kModule = {
    .iVersion = 0,
    .xConnect = Connect,
    .xBestIndex = BestIndex,
    .xDisconnect = Disconnect,
    .xOpen = Open,
    .xClose = Close,
    .xFilter = Filter,
    .xNext = Next,
    .xEof = Eof,
    .xColumn = Column,
    .xRowid = Rowid,
};

}  // namespace

int RegisterPgSchema(sqlite3* db) {
  return sqlite3_create_module_v2(db, kName, &kModule, nullptr, nullptr);
}

}  // namespace deltamirror::vtab
