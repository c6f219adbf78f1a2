#include "sqlite/row_source.h"

#include "absl/strings/str_cat.h"
#include "sqlite/error.h"
#include "sqlite/result.h"

namespace deltamirror::sqlite {
namespace {

// Tells our pointers from any other extension's.
constexpr char kPointerType[] = "deltamirror_row_source";
// The columns of each table; behind them is the source, hidden.
constexpr int kFewColumns = 64;
constexpr int kManyColumns = kMaxRowColumns;

struct RowsTable {
  sqlite3_vtab base;
  int columns;
};

struct RowsCursor {
  sqlite3_vtab_cursor base;
  RowSource* source;        // not owned; null until Filter
  const types::Value* row;  // null at the end
  sqlite3_int64 rowid;
};

int ColumnsOf(const sqlite3_vtab* table) {
  return reinterpret_cast<const RowsTable*>(table)->columns;
}

int RowsConnect(sqlite3* db, void* columns, int, const char* const*, sqlite3_vtab** table, char**) {
  const int count = *static_cast<const int*>(columns);
  const int rc =
      sqlite3_declare_vtab(db, absl::StrCat("CREATE TABLE x(", RowColumns(count), ", source HIDDEN)").c_str());
  if (rc != SQLITE_OK) return rc;
  // Rationale: only the extension's own statements can pass a source; a schema has no use for the table.
  sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
  *table = &(new RowsTable{.base = {}, .columns = count})->base;
  return SQLITE_OK;
}

int RowsDisconnect(sqlite3_vtab* table) {
  delete reinterpret_cast<RowsTable*>(table);
  return SQLITE_OK;
}

int RowsOpen(sqlite3_vtab*, sqlite3_vtab_cursor** cursor) {
  *cursor = &(new RowsCursor())->base;
  return SQLITE_OK;
}

int RowsClose(sqlite3_vtab_cursor* cursor) {
  delete reinterpret_cast<RowsCursor*>(cursor);
  return SQLITE_OK;
}

int RowsNext(sqlite3_vtab_cursor* base) {
  auto* cursor = reinterpret_cast<RowsCursor*>(base);
  const absl::StatusOr<const types::Value*> row = cursor->source->Next();
  if (!row.ok()) return VtabError(base->pVtab, row.status());
  cursor->row = *row;
  ++cursor->rowid;
  return SQLITE_OK;
}

int RowsColumn(sqlite3_vtab_cursor* base, sqlite3_context* context, int column) {
  if (column < ColumnsOf(base->pVtab))
    ResultValue(context, reinterpret_cast<RowsCursor*>(base)->row[column], SQLITE_STATIC);
  return SQLITE_OK;
}

int RowsRowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* rowid) {
  *rowid = reinterpret_cast<RowsCursor*>(cursor)->rowid;
  return SQLITE_OK;
}

int RowsEof(sqlite3_vtab_cursor* cursor) {
  return reinterpret_cast<RowsCursor*>(cursor)->row == nullptr ? 1 : 0;
}

int RowsFilter(sqlite3_vtab_cursor* base, int, const char*, int count, sqlite3_value** values) {
  auto* cursor = reinterpret_cast<RowsCursor*>(base);
  cursor->source = count == 1 ? static_cast<RowSource*>(sqlite3_value_pointer(values[0], kPointerType)) : nullptr;
  if (cursor->source == nullptr) {
    return VtabError(base->pVtab, absl::InvalidArgumentError("deltamirror_rows is internal: it takes no SQL value"));
  }
  cursor->rowid = 0;
  return RowsNext(base);
}

int RowsBestIndex(sqlite3_vtab* table, sqlite3_index_info* info) {
  info->estimatedCost = 1e6;
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    if (constraint.iColumn != ColumnsOf(table) || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    if (constraint.usable == 0) return SQLITE_CONSTRAINT;
    info->aConstraintUsage[i].argvIndex = 1;
    info->aConstraintUsage[i].omit = 1;
  }
  return SQLITE_OK;
}

sqlite3_module kRowsModule = {
    .iVersion = 0,
    .xCreate = nullptr,  // eponymous only
    .xConnect = RowsConnect,
    .xBestIndex = RowsBestIndex,
    .xDisconnect = RowsDisconnect,
    .xDestroy = nullptr,
    .xOpen = RowsOpen,
    .xClose = RowsClose,
    .xFilter = RowsFilter,
    .xNext = RowsNext,
    .xEof = RowsEof,
    .xColumn = RowsColumn,
    .xRowid = RowsRowid,
};

}  // namespace

absl::string_view RowTable(size_t columns) {
  return columns <= kFewColumns ? "deltamirror_rows" : "deltamirror_wide_rows";
}

std::string RowColumns(int count) {
  std::string columns;
  for (int i = 0; i < count; ++i) absl::StrAppend(&columns, i == 0 ? "c" : ", c", i);
  return columns;
}

absl::Status BindRowSource(Statement& statement, int index, RowSource* source) {
  const int rc = sqlite3_bind_pointer(statement.handle(), index, source, kPointerType, nullptr);
  return StatusFrom(sqlite3_db_handle(statement.handle()), rc, "could not bind a row source");
}

int RegisterRowSource(sqlite3* db) {
  static int few = kFewColumns;
  static int many = kManyColumns;
  const int rc = sqlite3_create_module_v2(db, "deltamirror_rows", &kRowsModule, &few, nullptr);
  return rc != SQLITE_OK ? rc : sqlite3_create_module_v2(db, "deltamirror_wide_rows", &kRowsModule, &many, nullptr);
}

}  // namespace deltamirror::sqlite
