// pg_slots(conninfo): a row for each replication slot of the server, logical and physical, by name.
//
//   SELECT name, active, retained_bytes FROM pg_slots('dbname=prod');
//
// Hidden column: conninfo, which has no default. A server's NULL is a NULL here. The rows are those of the moment at
// which the scan begins.

#include "vtab/pg_slots.h"

#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "postgres/connection.h"
#include "postgres/slot.h"
#include "sqlite/arguments.h"
#include "sqlite/error.h"
#include "sqlite/interrupt.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::vtab {
namespace {

constexpr char kName[] = "pg_slots";

enum Column {
  kColName,
  kColPlugin,
  kColActive,
  kColRestartLsn,
  kColConfirmedFlushLsn,
  kColRetainedBytes,
  kColWalStatus,
  kColConninfo,
};

constexpr char kSchema[] =
    "CREATE TABLE x(name TEXT, plugin TEXT, active INTEGER, restart_lsn TEXT, confirmed_flush_lsn TEXT, "
    "retained_bytes INTEGER, wal_status TEXT, conninfo HIDDEN)";

struct Table {
  sqlite3_vtab base;
  sqlite3* db;
};

struct Cursor {
  sqlite3_vtab_cursor base;
  std::vector<postgres::Slot> slots;
  size_t row;
};

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
  ++reinterpret_cast<Cursor*>(base)->row;
  return SQLITE_OK;
}

int ResultText(sqlite3_context* context, const std::optional<std::string>& text) {
  if (text.has_value()) {
    sqlite3_result_text(context, text->data(), static_cast<int>(text->size()), SQLITE_TRANSIENT);
  }
  return SQLITE_OK;
}

int Column(sqlite3_vtab_cursor* base, sqlite3_context* context, int column) {
  const auto* cursor = reinterpret_cast<Cursor*>(base);
  const postgres::Slot& slot = cursor->slots[cursor->row];
  switch (column) {
    case kColName:
      return ResultText(context, slot.name);
    case kColPlugin:
      return ResultText(context, slot.plugin);
    case kColActive:
      sqlite3_result_int(context, slot.active ? 1 : 0);
      return SQLITE_OK;
    case kColRestartLsn:
      return ResultText(context, slot.restart_lsn);
    case kColConfirmedFlushLsn:
      return ResultText(context, slot.confirmed_flush_lsn);
    case kColRetainedBytes:
      if (slot.retained_bytes.has_value()) sqlite3_result_int64(context, *slot.retained_bytes);
      return SQLITE_OK;
    case kColWalStatus:
      return ResultText(context, slot.wal_status);
    default:
      return SQLITE_OK;  // no connection string is ever shown
  }
}

int Rowid(sqlite3_vtab_cursor* base, sqlite3_int64* rowid) {
  *rowid = static_cast<sqlite3_int64>(reinterpret_cast<Cursor*>(base)->row);
  return SQLITE_OK;
}

int Eof(sqlite3_vtab_cursor* base) {
  const auto* cursor = reinterpret_cast<Cursor*>(base);
  return cursor->row >= cursor->slots.size() ? 1 : 0;
}

absl::StatusOr<std::vector<postgres::Slot>> ReadSlots(sqlite3* db, const std::string& conninfo) {
  ASSIGN_OR_RETURN(sqlite::InterruptProbe probe, sqlite::InterruptProbe::Create(db));
  ASSIGN_OR_RETURN(postgres::Connection connection,
                   postgres::Connection::Open(conninfo, {.interrupt = [&probe] { return probe.Check(); }}));
  return postgres::ListSlots(connection);
}

int Filter(sqlite3_vtab_cursor* base, int, const char*, int count, sqlite3_value** values) {
  if (count == 0) {
    return sqlite::VtabError(base->pVtab,
                             absl::InvalidArgumentError("pg_slots: expected one argument, the connection string, like "
                                                        "pg_slots('dbname=prod'), got none"));
  }
  auto* cursor = reinterpret_cast<Cursor*>(base);
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
  const std::string conninfo(text == nullptr ? "" : text);
  cursor->row = 0;
  cursor->slots.clear();
  auto* table = reinterpret_cast<Table*>(base->pVtab);
  absl::StatusOr<std::vector<postgres::Slot>> slots = ReadSlots(table->db, conninfo);
  if (!slots.ok()) return sqlite::VtabError(&table->base, Named(kName, slots.status()));
  cursor->slots = *std::move(slots);
  return SQLITE_OK;
}

int BestIndex(sqlite3_vtab*, sqlite3_index_info* info) {
  bool given = false;
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    if (constraint.iColumn != kColConninfo || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    given = true;
    if (constraint.usable == 0) continue;
    info->aConstraintUsage[i].argvIndex = 1;
    info->aConstraintUsage[i].omit = 1;
    info->estimatedCost = 1000;
    info->estimatedRows = 10;
    return SQLITE_OK;
  }
  // Given, but by a table that comes later in this plan: another plan has it.
  return given ? SQLITE_CONSTRAINT : sqlite::PlanWithoutArguments(info);
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

int RegisterPgSlots(sqlite3* db) {
  return sqlite3_create_module_v2(db, kName, &kModule, nullptr, nullptr);
}

}  // namespace deltamirror::vtab
