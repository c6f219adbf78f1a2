// deltamirror(mirror [, options]): keeps a mirror equal to its source, until it is interrupted; a row for each batch
// that was committed.
//
//   SELECT * FROM deltamirror('mirror');
//   SELECT sum(records) FROM deltamirror('aux.mirror', '{"until":"caught_up"}');
//
// Hidden columns: mirror, which has no default; options, a JSON object, {} by default: until ("forever"; "caught_up"),
// batch (records after which a backlog is committed, 10000), poll_ms (how long a source is silent before it counts as
// idle, 100).
//
// It works on a connection of its own (sqlite/companion.h says why), or, where the mirror's database is in memory or
// its tables need what only the host's connection has, on the host's.
//
// Current limitation: it commits, so it cannot run inside a transaction or a statement that writes.

#include "vtab/deltamirror.h"

#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "mirror/name.h"
#include "mirror/runner.h"
#include "mirror/state.h"
#include "mirror/status.h"
#include "quote/quote.h"
#include "sqlite/arguments.h"
#include "sqlite/companion.h"
#include "sqlite/error.h"
#include "sqlite/interrupt.h"
#include "sqlite/options.h"
#include "sqlite/statement.h"
#include "sqlite/transaction.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/lsn.h"

namespace deltamirror::vtab {
namespace {

constexpr char kName[] = "deltamirror";

enum Column {
  kColRecords,
  kColTransactions,
  kColInserts,
  kColUpdates,
  kColDeletes,
  kColClock,
  kColSeq,
  kColLsn,
  kColCommitTime,
  kColLagSeconds,
  kColMirror,
  kColOptions,
};

constexpr char kSchema[] =
    "CREATE TABLE x(records INTEGER, transactions INTEGER, inserts INTEGER, updates INTEGER, deletes INTEGER, "
    "clock INTEGER, seq INTEGER, lsn TEXT, commit_time TEXT, lag_seconds REAL, mirror HIDDEN, options HIDDEN)";

struct Table {
  sqlite3_vtab base;
  sqlite3* db;
};

struct Cursor {
  sqlite3_vtab_cursor base;
  std::optional<sqlite::InterruptProbe> probe;
  std::unique_ptr<sqlite::Companion> companion;  // asks the probe; null: the runner works on the host's connection
  std::unique_ptr<mirror::Runner> runner;        // asks the probe
  mirror::AppliedBatch batch;                    // the current row
  absl::Time committed;                          // when it was
  sqlite3_int64 row;
  bool eof;
};

int Connect(sqlite3* db, void*, int, const char* const*, sqlite3_vtab** out, char**) {
  if (const int rc = sqlite3_declare_vtab(db, kSchema); rc != SQLITE_OK) return rc;
  // Rationale: it reads files and changes tables.
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
  const absl::StatusOr<bool> got = cursor->runner->Next(&cursor->batch);
  if (!got.ok()) return sqlite::VtabError(base->pVtab, Named(kName, got.status()));
  cursor->committed = absl::Now();
  ++cursor->row;
  cursor->eof = !*got;
  if (cursor->eof) {
    cursor->runner.reset();
    cursor->companion.reset();
  }
  return SQLITE_OK;
}

void ResultText(sqlite3_context* context, const std::string& text) {
  if (!text.empty()) sqlite3_result_text(context, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

int GetColumn(sqlite3_vtab_cursor* base, sqlite3_context* context, int column) {
  const auto* cursor = reinterpret_cast<Cursor*>(base);
  const mirror::AppliedBatch& batch = cursor->batch;
  switch (column) {
    case kColRecords:
      sqlite3_result_int64(context, batch.records);
      break;
    case kColTransactions:
      sqlite3_result_int64(context, batch.transactions);
      break;
    case kColInserts:
      sqlite3_result_int64(context, batch.counters.inserts);
      break;
    case kColUpdates:
      sqlite3_result_int64(context, batch.counters.updates);
      break;
    case kColDeletes:
      sqlite3_result_int64(context, batch.counters.deletes);
      break;
    case kColClock:
      sqlite3_result_int64(context, batch.position.clock);
      break;
    case kColSeq:
      sqlite3_result_int64(context, batch.position.seq);
      break;
    case kColLsn:
      ResultText(context, batch.lsn == 0 ? "" : types::FormatLsn(batch.lsn));
      break;
    case kColCommitTime:
      ResultText(context, mirror::CommitTimeText(batch.commit_time));
      break;
    case kColLagSeconds:
      // From PostgreSQL's commit to SQLite's.
      if (batch.commit_time != 0) {
        sqlite3_result_double(context,
                              absl::ToDoubleSeconds(cursor->committed - absl::FromUnixMicros(batch.commit_time)));
      }
      break;
    default:
      break;
  }
  return SQLITE_OK;
}

int Rowid(sqlite3_vtab_cursor* base, sqlite3_int64* rowid) {
  *rowid = reinterpret_cast<Cursor*>(base)->row;
  return SQLITE_OK;
}

int Eof(sqlite3_vtab_cursor* base) {
  return reinterpret_cast<Cursor*>(base)->eof ? 1 : 0;
}

absl::string_view TextOf(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text == nullptr ? absl::string_view("") : absl::string_view(text, sqlite3_value_bytes(value));
}

absl::StatusOr<mirror::RunnerOptions> ParseOptions(absl::string_view json) {
  mirror::RunnerOptions options;
  std::string until = "forever";
  int64_t poll_ms = absl::ToInt64Milliseconds(options.poll);
  ASSIGN_OR_RETURN(sqlite::OptionReader reader, sqlite::OptionReader::Parse(kName, json));
  RETURN_IF_ERROR(reader.GetChoice("until", {"forever", "caught_up"}, &until));
  RETURN_IF_ERROR(reader.GetInteger("batch", 1, INT64_MAX, &options.batch));
  RETURN_IF_ERROR(reader.GetInteger("poll_ms", 1, 3600000, &poll_ms));
  RETURN_IF_ERROR(reader.Finish());
  options.forever = until == "forever";
  options.poll = absl::Milliseconds(poll_ms);
  return options;
}

// Whether statements on the mirrored tables can be prepared there: a trigger or an index may need what only the host's
// own connection has.
bool CanWrite(const sqlite::Companion& companion, const mirror::State& state) {
  const std::string& schema = state.settings().schema;
  if (!companion.Has(schema)) return false;
  for (const mirror::TableState& table : state.tables()) {
    const std::string name = QuoteQualified(schema, table.target);
    for (const std::string& sql :
         {absl::StrCat("DELETE FROM ", name), absl::StrCat("INSERT INTO ", name, " DEFAULT VALUES")}) {
      if (!sqlite::Statement::Prepare(companion.db(), sql).ok()) return false;
    }
  }
  return true;
}

// The connection for a mirror that runs for long: a companion where that is possible.
absl::StatusOr<sqlite3*> ConnectionFor(sqlite3* host, absl::string_view mirror, Cursor* cursor,
                                       mirror::MirrorName* name) {
  cursor->companion = sqlite::Companion::Open(host);
  if (cursor->companion != nullptr) {
    sqlite3* db = cursor->companion->db();
    absl::StatusOr<mirror::MirrorName> found = mirror::FindMirror(db, mirror);
    if (found.ok()) {
      const absl::StatusOr<mirror::State> state = mirror::State::Load(db, *found);
      if (state.ok() && CanWrite(*cursor->companion, *state)) {
        *name = *std::move(found);
        cursor->companion->FollowInterrupts(&*cursor->probe);
        return db;
      }
    }
    cursor->companion.reset();
  }
  ASSIGN_OR_RETURN(*name, mirror::FindMirror(host, mirror));
  return host;
}

absl::Status Begin(sqlite3* host, absl::string_view mirror, absl::string_view json, Cursor* cursor) {
  ASSIGN_OR_RETURN(mirror::RunnerOptions options, ParseOptions(json));
  RETURN_IF_ERROR(sqlite::CheckMayBegin(host, kName));
  ASSIGN_OR_RETURN(cursor->probe, sqlite::InterruptProbe::Create(host));
  options.interrupt = [cursor] { return cursor->probe->Check(); };
  mirror::MirrorName name;
  ASSIGN_OR_RETURN(sqlite3 * db, ConnectionFor(host, mirror, cursor, &name));
  ASSIGN_OR_RETURN(cursor->runner, mirror::Runner::Open(db, name, std::move(options)));
  return absl::OkStatus();
}

// idxNum: whether options are given; mirror always is.
constexpr int kWithOptions = 1;

int Filter(sqlite3_vtab_cursor* base, int index, const char*, int count, sqlite3_value** values) {
  if (count == 0) {
    return sqlite::VtabError(base->pVtab,
                             absl::InvalidArgumentError("deltamirror: expected the name of a mirror and, if wanted, "
                                                        "options, like deltamirror('mirror')"));
  }
  auto* cursor = reinterpret_cast<Cursor*>(base);
  const absl::string_view json = (index & kWithOptions) != 0 ? TextOf(values[1]) : absl::string_view("");
  cursor->runner.reset();
  cursor->companion.reset();
  cursor->row = 0;
  if (absl::Status begun = Begin(reinterpret_cast<Table*>(base->pVtab)->db, TextOf(values[0]), json, cursor);
      !begun.ok()) {
    return sqlite::VtabError(base->pVtab, Named(kName, begun));
  }
  return Next(base);
}

int BestIndex(sqlite3_vtab*, sqlite3_index_info* info) {
  int mirror = -1;
  int options = -1;
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    if (constraint.iColumn < kColMirror || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    // By a table that comes later in this plan: another plan has it.
    if (constraint.usable == 0) return SQLITE_CONSTRAINT;
    (constraint.iColumn == kColMirror ? mirror : options) = i;
  }
  if (mirror < 0) return sqlite::PlanWithoutArguments(info);
  info->aConstraintUsage[mirror].argvIndex = 1;
  info->aConstraintUsage[mirror].omit = 1;
  if (options >= 0) {
    info->aConstraintUsage[options].argvIndex = 2;
    info->aConstraintUsage[options].omit = 1;
    info->idxNum = kWithOptions;
  }
  info->estimatedCost = 1e6;
  info->estimatedRows = 1000000;
  return SQLITE_OK;
}

constexpr sqlite3_module kModule = {
    .iVersion = 0,
    .xCreate = Connect,
    .xConnect = Connect,
    .xBestIndex = BestIndex,
    .xDisconnect = Disconnect,
    .xDestroy = Disconnect,
    .xOpen = Open,
    .xClose = Close,
    .xFilter = Filter,
    .xNext = Next,
    .xEof = Eof,
    .xColumn = GetColumn,
    .xRowid = Rowid,
};

}  // namespace

int RegisterDeltamirror(sqlite3* db) {
  if (const int rc = sqlite3_create_module_v2(db, kName, &kModule, nullptr, nullptr); rc != SQLITE_OK) return rc;
  // A table that needs no CREATE counts as one of main, and a SELECT from it holds a read lock on main as long as it
  // runs. A temporary one does not. Where it cannot be made, all works, but with that lock.
  sqlite3_exec(db, "CREATE VIRTUAL TABLE IF NOT EXISTS temp.deltamirror USING deltamirror", nullptr, nullptr, nullptr);
  return SQLITE_OK;
}

}  // namespace deltamirror::vtab
