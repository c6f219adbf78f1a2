// pg_query(conninfo, query): a row for each row of a query on the server, as a JSON object. For looking at a few rows
// without copying.
//
//   SELECT row ->> 'flight', row ->> 'gate' FROM pg_query('dbname=prod', 'SELECT * FROM flights') LIMIT 5;
//
// Columns: row (TEXT). Hidden: conninfo and query, which have no default. Numbers are JSON numbers with every digit
// (NaN and the infinities strings), booleans true and false, json and jsonb stand as they are, everything else is a
// string as PostgreSQL prints it. The rows come as the scan goes on: memory holds one of them, and the end of the scan
// (LIMIT) cancels the rest of the query.
//
// Current limitation: one statement, and columns of one name give members of one name.

#include "vtab/pg_query.h"

#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "postgres/connection.h"
#include "postgres/row_reader.h"
#include "sqlite/error.h"
#include "sqlite/interrupt.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/json.h"
#include "types/utf8.h"

namespace deltamirror::vtab {
namespace {

constexpr char kName[] = "pg_query";

enum Column {
  kColRow,
  kColConninfo,
  kColQuery,
};

constexpr char kSchema[] = "CREATE TABLE x(row TEXT, conninfo HIDDEN, query HIDDEN)";

struct Table {
  sqlite3_vtab base;
  sqlite3* db;
};

// A query that runs. It stays where it is: the connection's interrupt check points to the probe.
struct Running {
  std::optional<sqlite::InterruptProbe> probe;
  std::optional<postgres::Connection> connection;
  std::optional<postgres::RowReader> reader;
};

struct Cursor {
  sqlite3_vtab_cursor base;
  std::unique_ptr<Running> running;  // null at the end
  std::string row;
  sqlite3_int64 rowid;
};

std::string RowAsJson(const postgres::Result& result) {
  std::string json = "{";
  for (int i = 0; i < result.columns(); ++i) {
    if (i > 0) json.push_back(',');
    types::AppendJsonString(result.column_name(i), &json);
    json.push_back(':');
    if (result.is_null(0, i)) {
      json.append("null");
    } else {
      types::AppendJson(types::JsonKindOf(result.column_type(i)), result.text(0, i), &json);
    }
  }
  json.push_back('}');
  // From an SQL_ASCII database.
  return types::IsUtf8(json) ? json : types::ToUtf8(json);
}

absl::StatusOr<std::unique_ptr<Running>> Start(sqlite3* db, const std::string& conninfo, const std::string& query) {
  auto running = std::make_unique<Running>();
  ASSIGN_OR_RETURN(running->probe, sqlite::InterruptProbe::Create(db));
  sqlite::InterruptProbe* probe = &*running->probe;
  ASSIGN_OR_RETURN(running->connection,
                   postgres::Connection::Open(conninfo, {.interrupt = [probe] { return probe->Check(); }}));
  ASSIGN_OR_RETURN(running->reader, postgres::RowReader::Begin(&*running->connection, query));
  return running;
}

// Ends the query, also one that has more rows to give.
void Stop(Cursor* cursor) {
  if (cursor->running != nullptr && cursor->running->connection) cursor->running->connection->Cancel();
  cursor->running.reset();
}

absl::Status Advance(Cursor* cursor) {
  ASSIGN_OR_RETURN(const std::optional<postgres::Result> row, cursor->running->reader->Next());
  if (row) {
    cursor->row = RowAsJson(*row);
  } else {
    cursor->running.reset();
  }
  ++cursor->rowid;
  return absl::OkStatus();
}

int Connect(sqlite3* db, void*, int, const char* const*, sqlite3_vtab** out, char**) {
  if (const int rc = sqlite3_declare_vtab(db, kSchema); rc != SQLITE_OK) return rc;
  // Rationale: it connects to other machines, with the rights of whoever runs the host, and runs any SQL there.
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
  auto* cursor = reinterpret_cast<Cursor*>(base);
  Stop(cursor);
  delete cursor;
  return SQLITE_OK;
}

int Next(sqlite3_vtab_cursor* base) {
  return sqlite::VtabError(base->pVtab, Named(kName, Advance(reinterpret_cast<Cursor*>(base))));
}

int Column(sqlite3_vtab_cursor* base, sqlite3_context* context, int column) {
  if (column != kColRow) return SQLITE_OK;  // no connection string is ever shown
  const std::string& row = reinterpret_cast<Cursor*>(base)->row;
  sqlite3_result_text64(context, row.data(), row.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return SQLITE_OK;
}

int Rowid(sqlite3_vtab_cursor* base, sqlite3_int64* rowid) {
  *rowid = reinterpret_cast<Cursor*>(base)->rowid;
  return SQLITE_OK;
}

int Eof(sqlite3_vtab_cursor* base) {
  return reinterpret_cast<Cursor*>(base)->running == nullptr ? 1 : 0;
}

std::string TextOf(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text == nullptr ? std::string() : std::string(text, static_cast<size_t>(sqlite3_value_bytes(value)));
}

// BestIndex accepts only a plan with both arguments: they are values[0] and values[1].
int Filter(sqlite3_vtab_cursor* base, int, const char*, int, sqlite3_value** values) {
  auto* cursor = reinterpret_cast<Cursor*>(base);
  Stop(cursor);
  cursor->rowid = 0;
  auto* table = reinterpret_cast<Table*>(base->pVtab);
  absl::StatusOr<std::unique_ptr<Running>> running = Start(table->db, TextOf(values[0]), TextOf(values[1]));
  if (!running.ok()) return sqlite::VtabError(base->pVtab, Named(kName, running.status()));
  cursor->running = *std::move(running);
  return Next(base);
}

int BestIndex(sqlite3_vtab* base, sqlite3_index_info* info) {
  int given = 0;
  int usable = 0;
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    if (constraint.iColumn < kColConninfo || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    ++given;
    if (constraint.usable == 0) continue;
    ++usable;
    info->aConstraintUsage[i].argvIndex = constraint.iColumn - kColConninfo + 1;
    info->aConstraintUsage[i].omit = 1;
  }
  info->estimatedCost = 1e6;
  if (usable == 2) return SQLITE_OK;
  // Given, but by a table that comes later in this plan: another plan has it.
  if (given == 2) return SQLITE_CONSTRAINT;
  return sqlite::VtabError(
      base, absl::InvalidArgumentError("pg_query: expected two arguments, the connection string and the query, like "
                                       "pg_query('dbname=prod', 'SELECT 1')"));
}

constexpr sqlite3_module kModule = {
    .iVersion = 0,
    .xConnect = Connect,  // no xCreate: eponymous only
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

int RegisterPgQuery(sqlite3* db) {
  return sqlite3_create_module_v2(db, kName, &kModule, nullptr, nullptr);
}

}  // namespace deltamirror::vtab
