// deltamirror_status: every mirror in every database of the connection, a row for each of its tables.
//
//   SELECT mirror, "table", state, lag_seconds FROM deltamirror_status;
//
// Columns: mirror ("m", or "aux.m" outside main), then those of SELECT * FROM mirror. No arguments. The rows are those
// of the moment at which the scan begins. A mirror without tables has no row.

#include "vtab/deltamirror_status.h"

#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "mirror/name.h"
#include "mirror/status.h"
#include "sqlite/error.h"
#include "sqlite/result.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/value.h"

namespace deltamirror::vtab {
namespace {

constexpr char kName[] = "deltamirror_status";

enum Column {
  kColMirror,
  kColFirstOfStatus,  // and on: mirror::StatusColumn
};

struct Table {
  sqlite3_vtab base;
  sqlite3* db;
};

struct Row {
  std::string mirror;
  mirror::StatusRow status;
};

struct Cursor {
  sqlite3_vtab_cursor base;
  std::vector<Row> rows;
  size_t row;
};

int Connect(sqlite3* db, void*, int, const char* const*, sqlite3_vtab** out, char**) {
  const std::string schema = absl::StrCat("CREATE TABLE x(mirror TEXT, ", mirror::kStatusColumns, ")");
  if (const int rc = sqlite3_declare_vtab(db, schema.c_str()); rc != SQLITE_OK) return rc;
  // Rationale: it looks into the files of each mirror's source.
  if (const int rc = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY); rc != SQLITE_OK) return rc;
  auto* table = new (std::nothrow) Table{};
  if (table == nullptr) return SQLITE_NOMEM;
  table->db = db;
  *out = &table->base;
  return SQLITE_OK;
}

int Disconnect(sqlite3_vtab* table) {
  delete reinterpret_cast<Table*>(table);
  return SQLITE_OK;
}

int Open(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
  auto* cursor = new (std::nothrow) Cursor{};
  if (cursor == nullptr) return SQLITE_NOMEM;
  *out = &cursor->base;
  return SQLITE_OK;
}

int Close(sqlite3_vtab_cursor* cursor) {
  delete reinterpret_cast<Cursor*>(cursor);
  return SQLITE_OK;
}

int Next(sqlite3_vtab_cursor* base) {
  ++reinterpret_cast<Cursor*>(base)->row;
  return SQLITE_OK;
}

int GetColumn(sqlite3_vtab_cursor* base, sqlite3_context* context, int column) {
  const auto* cursor = reinterpret_cast<Cursor*>(base);
  const Row& row = cursor->rows[cursor->row];
  const types::Value value =
      column == kColMirror ? types::Value::Text(row.mirror) : row.status.Column(column - kColFirstOfStatus);
  sqlite::ResultValue(context, value, SQLITE_TRANSIENT);
  return SQLITE_OK;
}

int Rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* rowid) {
  *rowid = static_cast<sqlite3_int64>(reinterpret_cast<Cursor*>(cursor)->row) + 1;
  return SQLITE_OK;
}

int Eof(sqlite3_vtab_cursor* base) {
  const auto* cursor = reinterpret_cast<Cursor*>(base);
  return cursor->row >= cursor->rows.size() ? 1 : 0;
}

absl::StatusOr<std::vector<Row>> ReadRows(sqlite3* db) {
  std::vector<Row> rows;
  ASSIGN_OR_RETURN(const std::vector<mirror::MirrorName> mirrors, mirror::ListMirrors(db));
  for (const mirror::MirrorName& name : mirrors) {
    ASSIGN_OR_RETURN(std::vector<mirror::StatusRow> tables, mirror::ReadStatus(db, name));
    for (mirror::StatusRow& table : tables) rows.push_back({name.Text(), std::move(table)});
  }
  return rows;
}

int Filter(sqlite3_vtab_cursor* base, int, const char*, int, sqlite3_value**) {
  auto* cursor = reinterpret_cast<Cursor*>(base);
  absl::StatusOr<std::vector<Row>> rows = ReadRows(reinterpret_cast<Table*>(base->pVtab)->db);
  if (!rows.ok()) return sqlite::VtabError(base->pVtab, Named(kName, rows.status()));
  cursor->rows = *std::move(rows);
  cursor->row = 0;
  return SQLITE_OK;
}

int BestIndex(sqlite3_vtab*, sqlite3_index_info* info) {
  info->estimatedCost = 1000;
  info->estimatedRows = 100;
  return SQLITE_OK;
}

sqlite3_module kModule = {
    .iVersion = 0,
    .xCreate = nullptr,  // eponymous only
    .xConnect = Connect,
    .xBestIndex = BestIndex,
    .xDisconnect = Disconnect,
    .xDestroy = nullptr,
    .xOpen = Open,
    .xClose = Close,
    .xFilter = Filter,
    .xNext = Next,
    .xEof = Eof,
    .xColumn = GetColumn,
    .xRowid = Rowid,
};

}  // namespace

int RegisterDeltamirrorStatus(sqlite3* db) {
  return sqlite3_create_module_v2(db, kName, &kModule, nullptr, nullptr);
}

}  // namespace deltamirror::vtab
