// daystream_apply: applies deltaflood lines to tables, inside the caller's transaction.
//
//   CREATE VIRTUAL TABLE m USING daystream_apply(source='/var/lib/daystream', tables='flights');
//   INSERT INTO m(line) SELECT line FROM daystream('/var/lib/daystream');
//   SELECT "table", inserts, updates, deletes, clock, seq FROM m;
//
// Arguments of CREATE, all optional: source (the daystream that deltamirror('m') reads), tables (which ones it takes;
// default: those that are bootstrapped, or, before the first bootstrap, those that are there), schema (the database to
// write to; default: the mirror's own), on_conflict (replace, error, ignore), on_missing (insert, error, ignore),
// on_ddl (follow, keep, stop), on_error (stop, detach).
//
// Columns: those of kStatusColumns, a row a table; hidden: line, which INSERT gives. A line may carry its position (_c
// and _s): what lies at or before the mirror's own position is passed over.
//
// Plain daystream_apply needs no CREATE: it applies each line at once to the tables of main, keeps no position, and has
// no rows.
//
// A table is left out with UPDATE m SET state = 'detached' WHERE "table" = 'flights', or, if the mirror has not met it
// yet, INSERT INTO m("table", state) VALUES ('flights', 'detached'). Nothing else of a row can be changed.
//
// Current limitation: a line that fails half way in a transaction of several statements makes that transaction
// impossible to commit.

#include "vtab/daystream_apply.h"

#include <map>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "daystream/source.h"
#include "mirror/name.h"
#include "mirror/session.h"
#include "mirror/settings.h"
#include "mirror/state.h"
#include "mirror/status.h"
#include "mirror/table_state.h"
#include "quote/quote.h"
#include "sqlite/error.h"
#include "sqlite/result.h"
#include "sqlite/statement.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/table_list.h"
#include "vtab/daystream_apply_write.h"

namespace deltamirror::vtab {
namespace {

constexpr char kName[] = "daystream_apply";

// What the table objects of one mirror share. A change of the schema makes SQLite take a new object while the old one
// is still in use; the lines of an unfinished transaction must survive that.
struct SharedSession {
  std::unique_ptr<mirror::Session> session;
  int tables = 0;
};

// The module's own data: one for each connection.
struct Sessions {
  std::map<std::string, SharedSession> by_mirror;  // by MirrorName::Text
};

struct Table {
  sqlite3_vtab base;
  sqlite3* db;
  Sessions* sessions;
  mirror::MirrorName name;  // empty: plain daystream_apply
  SharedSession* shared;
};

struct Cursor {
  sqlite3_vtab_cursor base;
  std::vector<mirror::StatusRow> rows;
  size_t row;
};

Table* TableOf(sqlite3_vtab* base) {
  return reinterpret_cast<Table*>(base);
}

mirror::Session& SessionOf(sqlite3_vtab* base) {
  return *TableOf(base)->shared->session;
}

// The name that the user typed.
std::string ShownName(const Table& table) {
  return table.name.name.empty() ? kName : table.name.Text();
}

int Fail(sqlite3_vtab* base, const absl::Status& status) {
  return sqlite::VtabError(base, Named(ShownName(*TableOf(base)), status));
}

int MakeTable(sqlite3* db, Sessions* sessions, mirror::MirrorName name, sqlite3_vtab** out) {
  const std::string schema = absl::StrCat("CREATE TABLE x(", mirror::kStatusColumns, ", line TEXT HIDDEN)");
  if (const int rc = sqlite3_declare_vtab(db, schema.c_str()); rc != SQLITE_OK) return rc;
  // Rationale: an INSERT changes any table that its line names; a schema from elsewhere must not be able to.
  if (const int rc = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY); rc != SQLITE_OK) return rc;
  auto* table = new (std::nothrow) Table{};
  if (table == nullptr) return SQLITE_NOMEM;
  table->db = db;
  table->sessions = sessions;
  table->shared = &sessions->by_mirror[name.Text()];
  if (table->shared->session == nullptr) {
    table->shared->session =
        name.name.empty() ? std::make_unique<mirror::Session>(db) : std::make_unique<mirror::Session>(db, name);
  }
  ++table->shared->tables;
  table->name = std::move(name);
  *out = &table->base;
  return SQLITE_OK;
}

// argv: module, database, table, arguments.
absl::Status MakeMirror(sqlite3* db, const mirror::MirrorName& name, int argc, const char* const* argv) {
  ASSIGN_OR_RETURN(const mirror::Settings settings,
                   mirror::ParseArguments(name.schema, std::vector<absl::string_view>(argv + 3, argv + argc)));
  if (!settings.source.empty()) RETURN_IF_ERROR(daystream::ResolveDestination(settings.source).status());
  if (settings.tables) RETURN_IF_ERROR(types::TableList::Parse(*settings.tables).status());
  ASSIGN_OR_RETURN(sqlite::Statement databases,
                   sqlite::Statement::Prepare(db, "SELECT 1 FROM pragma_database_list WHERE name = ? COLLATE NOCASE"));
  databases.BindText(1, settings.schema);
  ASSIGN_OR_RETURN(const bool known, databases.Step());
  if (!known) {
    return absl::NotFoundError(absl::StrCat("invalid value \"", settings.schema,
                                            "\" for argument \"schema\", expected the name of an attached database"));
  }
  databases.Reset();
  return mirror::State::Create(db, name, settings).status();
}

absl::StatusOr<bool> MirrorExists(sqlite3* db, const mirror::MirrorName& name) {
  ASSIGN_OR_RETURN(
      sqlite::Statement query,
      sqlite::Statement::Prepare(db, absl::StrCat("SELECT 1 FROM ", QuoteQualified(name.schema, "sqlite_master"),
                                                  " WHERE type = 'table' AND name = ? COLLATE NOCASE")));
  const std::string state = absl::StrCat(name.name, "_state");
  query.BindText(1, state);
  return query.Step();
}

// Both xCreate and xConnect: SQLite lets a table be used without CREATE only if the two are one. So what tells them
// apart is whether the state is there.
int Connect(sqlite3* db, void* data, int argc, const char* const* argv, sqlite3_vtab** out, char** message) {
  mirror::MirrorName name = {argv[1], argv[2]};
  // For the plain table SQLite gives the module's name as the table's.
  if (sqlite3_stricmp(argv[2], kName) == 0) {
    if (argc == 3) return MakeTable(db, static_cast<Sessions*>(data), {}, out);
    return sqlite::ConnectError(
        message, absl::InvalidArgumentError("daystream_apply: a mirror cannot have the name \"daystream_apply\""));
  }
  const absl::StatusOr<bool> exists = MirrorExists(db, name);
  absl::Status status = exists.status();
  if (status.ok() && !*exists) status = MakeMirror(db, name, argc, argv);
  if (!status.ok()) return sqlite::ConnectError(message, Named(kName, status));
  return MakeTable(db, static_cast<Sessions*>(data), std::move(name), out);
}

int Disconnect(sqlite3_vtab* base) {
  Table* table = TableOf(base);
  if (--table->shared->tables == 0) table->shared->session->Detach();
  delete table;
  return SQLITE_OK;
}

int Destroy(sqlite3_vtab* base) {
  Table* table = TableOf(base);
  SessionOf(base).Detach();
  if (absl::Status status = mirror::State::Drop(table->db, table->name); !status.ok()) return Fail(base, status);
  if (--table->shared->tables == 0) table->sessions->by_mirror.erase(table->name.Text());
  delete table;
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
  if (column == kColLine) return SQLITE_OK;  // NULL: lines are not kept
  // Then xUpdate can tell what an UPDATE sets.
  if (sqlite3_vtab_nochange(context) != 0) return SQLITE_OK;
  sqlite::ResultValue(context, cursor->rows[cursor->row].Column(column), SQLITE_TRANSIENT);
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

int Filter(sqlite3_vtab_cursor* base, int, const char*, int, sqlite3_value**) {
  auto* cursor = reinterpret_cast<Cursor*>(base);
  const Table* table = TableOf(base->pVtab);
  cursor->rows.clear();
  cursor->row = 0;
  if (table->name.name.empty()) return SQLITE_OK;
  // What this transaction has applied is to be seen.
  if (absl::Status status = SessionOf(base->pVtab).Flush(); !status.ok()) return Fail(base->pVtab, status);
  absl::StatusOr<std::vector<mirror::StatusRow>> rows = mirror::ReadStatus(table->db, table->name);
  if (!rows.ok()) return Fail(base->pVtab, rows.status());
  cursor->rows = *std::move(rows);
  return SQLITE_OK;
}

int BestIndex(sqlite3_vtab*, sqlite3_index_info* info) {
  info->estimatedCost = 100;
  info->estimatedRows = 10;
  return SQLITE_OK;
}

int Update(sqlite3_vtab* base, int count, sqlite3_value** values, sqlite3_int64* rowid) {
  *rowid = 0;
  const bool is_mirror = !TableOf(base)->name.name.empty();
  return Fail(base, WriteRow(SessionOf(base), is_mirror, count, values));
}

int Begin(sqlite3_vtab* base) {
  SessionOf(base).Begin();
  return SQLITE_OK;
}

int Sync(sqlite3_vtab* base) {
  return Fail(base, SessionOf(base).Sync());
}

int Commit(sqlite3_vtab* base) {
  SessionOf(base).Commit();
  return SQLITE_OK;
}

int Rollback(sqlite3_vtab* base) {
  SessionOf(base).Rollback();
  return SQLITE_OK;
}

int Rename(sqlite3_vtab* base, const char* name) {
  Table* table = TableOf(base);
  if (table->name.name.empty()) return SQLITE_OK;
  absl::Status status = SessionOf(base).Flush();
  SessionOf(base).Detach();
  if (status.ok()) status = mirror::State::Rename(table->db, table->name, name);
  return Fail(base, status);
}

int Savepoint(sqlite3_vtab* base, int id) {
  return Fail(base, SessionOf(base).Savepoint(id));
}

int Release(sqlite3_vtab* base, int id) {
  SessionOf(base).Release(id);
  return SQLITE_OK;
}

int RollbackTo(sqlite3_vtab* base, int id) {
  SessionOf(base).RollbackTo(id);
  return SQLITE_OK;
}

int ShadowName(const char* name) {
  return sqlite3_stricmp(name, "state") == 0 || sqlite3_stricmp(name, "table") == 0 ? 1 : 0;
}

sqlite3_module kModule = {
    .iVersion = 3,
    .xCreate = Connect,
    .xConnect = Connect,
    .xBestIndex = BestIndex,
    .xDisconnect = Disconnect,
    .xDestroy = Destroy,
    .xOpen = Open,
    .xClose = Close,
    .xFilter = Filter,
    .xNext = Next,
    .xEof = Eof,
    .xColumn = GetColumn,
    .xRowid = Rowid,
    .xUpdate = Update,
    .xBegin = Begin,
    .xSync = Sync,
    .xCommit = Commit,
    .xRollback = Rollback,
    .xRename = Rename,
    .xSavepoint = Savepoint,
    .xRelease = Release,
    .xRollbackTo = RollbackTo,
    .xShadowName = ShadowName,
};

}  // namespace

int RegisterDaystreamApply(sqlite3* db) {
  auto* sessions = new (std::nothrow) Sessions();
  if (sessions == nullptr) return SQLITE_NOMEM;
  return sqlite3_create_module_v2(db, kName, &kModule, sessions,
                                  [](void* data) { delete static_cast<Sessions*>(data); });
}

}  // namespace deltamirror::vtab
