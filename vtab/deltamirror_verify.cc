// deltamirror_verify(mirror, conninfo [, options]): compares a mirror's tables with PostgreSQL at one position; a row
// for each table.
//
//   SELECT * FROM deltamirror_verify('mirror', 'dbname=prod');
//   SELECT "table", details FROM deltamirror_verify('aux.mirror', 'dbname=prod', '{"tables":"flights"}') WHERE NOT
//   equal;
//
// Hidden columns: mirror and conninfo, which have no default; options, a JSON object, {} by default: tables (all of the
// mirror's), timeout (seconds to wait for the mirror, 60), apply (false: wait for the process that runs deltamirror),
// max_differences (shown for each table, 20), margin (seconds by which clocks may differ, 60), progress.
//
// It works on a connection of its own where that is possible (sqlite/companion.h), else on the host's.
//
// Current limitation: not inside a transaction, nor inside a statement that writes.

#include "vtab/deltamirror_verify.h"

#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "mirror/name.h"
#include "mirror/state.h"
#include "quote/quote.h"
#include "sqlite/arguments.h"
#include "sqlite/companion.h"
#include "sqlite/error.h"
#include "sqlite/interrupt.h"
#include "sqlite/statement.h"
#include "sqlite/transaction.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/lsn.h"
#include "verify/options.h"
#include "verify/verifier.h"

namespace deltamirror::vtab {
namespace {

constexpr char kName[] = "deltamirror_verify";

enum Column {
  kColTable,
  kColSchema,
  kColEqual,
  kColSourceRows,
  kColMirrorRows,
  kColDiffering,
  kColDetails,
  kColClock,
  kColSeq,
  kColLsn,
  kColMirror,
  kColConninfo,
  kColOptions,
};

constexpr char kSchema[] =
    "CREATE TABLE x(\"table\" TEXT, schema TEXT, equal INTEGER, source_rows INTEGER, mirror_rows INTEGER, "
    "differing INTEGER, details TEXT, clock INTEGER, seq INTEGER, lsn TEXT, mirror HIDDEN, conninfo HIDDEN, "
    "options HIDDEN)";

struct Table {
  sqlite3_vtab base;
  sqlite3* db;
};

struct Cursor {
  sqlite3_vtab_cursor base;
  std::optional<sqlite::InterruptProbe> probe;
  std::unique_ptr<sqlite::Companion> companion;  // asks the probe; null: the verifier works on the host's connection
  std::unique_ptr<verify::Verifier> verifier;    // asks the probe
  verify::VerifiedTable row;
  sqlite3_int64 rowid;
  bool eof;
};

int Connect(sqlite3* db, void*, int, const char* const*, sqlite3_vtab** out, char**) {
  if (const int rc = sqlite3_declare_vtab(db, kSchema); rc != SQLITE_OK) return rc;
  // Rationale: it connects to other machines, with the rights of whoever runs the host, and reads files.
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

void Stop(Cursor* cursor) {
  cursor->verifier.reset();
  cursor->companion.reset();
}

int Next(sqlite3_vtab_cursor* base) {
  auto* cursor = reinterpret_cast<Cursor*>(base);
  const absl::StatusOr<bool> got = cursor->verifier->Next(&cursor->row);
  if (!got.ok()) return sqlite::VtabError(base->pVtab, Named(kName, got.status()));
  ++cursor->rowid;
  cursor->eof = !*got;
  if (cursor->eof) Stop(cursor);
  return SQLITE_OK;
}

void ResultText(sqlite3_context* context, const std::string& text) {
  if (!text.empty()) sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void ResultInteger(sqlite3_context* context, const std::optional<int64_t>& number) {
  if (number.has_value()) sqlite3_result_int64(context, *number);
}

int GetColumn(sqlite3_vtab_cursor* base, sqlite3_context* context, int column) {
  const verify::VerifiedTable& row = reinterpret_cast<Cursor*>(base)->row;
  switch (column) {
    case kColTable:
      ResultText(context, row.table);
      break;
    case kColSchema:
      ResultText(context, row.schema);
      break;
    case kColEqual:
      sqlite3_result_int(context, row.equal ? 1 : 0);
      break;
    case kColSourceRows:
      ResultInteger(context, row.source_rows);
      break;
    case kColMirrorRows:
      ResultInteger(context, row.mirror_rows);
      break;
    case kColDiffering:
      ResultInteger(context, row.differing);
      break;
    case kColDetails:
      ResultText(context, row.details);
      break;
    case kColClock:
      sqlite3_result_int64(context, row.position.clock);
      break;
    case kColSeq:
      sqlite3_result_int64(context, row.position.seq);
      break;
    case kColLsn:
      ResultText(context, row.lsn == 0 ? "" : types::FormatLsn(row.lsn));
      break;
    default:
      break;  // no connection string is ever shown
  }
  return SQLITE_OK;
}

int Rowid(sqlite3_vtab_cursor* base, sqlite3_int64* rowid) {
  *rowid = reinterpret_cast<Cursor*>(base)->rowid;
  return SQLITE_OK;
}

int Eof(sqlite3_vtab_cursor* base) {
  return reinterpret_cast<Cursor*>(base)->eof ? 1 : 0;
}

std::string TextOf(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text == nullptr ? std::string() : std::string(text, static_cast<size_t>(sqlite3_value_bytes(value)));
}

// Whether the mirrored tables can be read there: a generated column may need what only the host's own connection has.
bool CanRead(const sqlite::Companion& companion, const mirror::State& state) {
  const std::string& schema = state.settings().schema;
  if (!companion.Has(schema)) return false;
  for (const mirror::TableState& table : state.tables()) {
    const std::string sql = absl::StrCat("SELECT * FROM ", QuoteQualified(schema, table.target));
    if (!sqlite::Statement::Prepare(companion.db(), sql).ok()) return false;
  }
  return true;
}

// A companion that knows the mirror; null if there can be none.
std::unique_ptr<sqlite::Companion> CompanionFor(sqlite3* host, const std::string& mirror, mirror::MirrorName* name) {
  std::unique_ptr<sqlite::Companion> companion = sqlite::Companion::Open(host);
  if (companion == nullptr) return nullptr;
  absl::StatusOr<mirror::MirrorName> found = mirror::FindMirror(companion->db(), mirror);
  if (!found.ok()) return nullptr;
  const absl::StatusOr<mirror::State> state = mirror::State::Load(companion->db(), *found);
  if (!state.ok() || !CanRead(*companion, *state)) return nullptr;
  *name = *std::move(found);
  return companion;
}

absl::Status Begin(sqlite3* host, const std::string& mirror, const std::string& conninfo, const std::string& json,
                   Cursor* cursor) {
  ASSIGN_OR_RETURN(const verify::Options options, verify::ParseOptions(kName, json));
  RETURN_IF_ERROR(sqlite::CheckMayBegin(host, kName));
  ASSIGN_OR_RETURN(cursor->probe, sqlite::InterruptProbe::Create(host));
  mirror::MirrorName name;
  cursor->companion = CompanionFor(host, mirror, &name);
  sqlite3* db = host;
  if (cursor->companion != nullptr) {
    db = cursor->companion->db();
    cursor->companion->FollowInterrupts(&*cursor->probe);
  } else {
    ASSIGN_OR_RETURN(name, mirror::FindMirror(host, mirror));
  }
  ASSIGN_OR_RETURN(cursor->verifier, verify::Verifier::Open(db, cursor->companion != nullptr, name, conninfo, options,
                                                            [cursor] { return cursor->probe->Check(); }));
  return absl::OkStatus();
}

// idxNum: whether options are given; mirror and conninfo always are.
constexpr int kWithOptions = 1;

int Filter(sqlite3_vtab_cursor* base, int index, const char*, int count, sqlite3_value** values) {
  if (count == 0) {
    return sqlite::VtabError(base->pVtab, absl::InvalidArgumentError(
                                              "deltamirror_verify: expected the name of a mirror, a connection string "
                                              "and, if wanted, options, like deltamirror_verify('mirror', "
                                              "'dbname=prod')"));
  }
  auto* cursor = reinterpret_cast<Cursor*>(base);
  Stop(cursor);
  cursor->rowid = 0;
  const std::string json = (index & kWithOptions) != 0 ? TextOf(values[2]) : "";
  const absl::Status begun =
      Begin(reinterpret_cast<Table*>(base->pVtab)->db, TextOf(values[0]), TextOf(values[1]), json, cursor);
  if (!begun.ok()) return sqlite::VtabError(base->pVtab, Named(kName, begun));
  return Next(base);
}

int BestIndex(sqlite3_vtab*, sqlite3_index_info* info) {
  int arguments[] = {-1, -1, -1};  // mirror, conninfo, options
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    if (constraint.iColumn < kColMirror || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    // By a table that comes later in this plan: another plan has it.
    if (constraint.usable == 0) return SQLITE_CONSTRAINT;
    arguments[constraint.iColumn - kColMirror] = i;
  }
  if (arguments[0] < 0 || arguments[1] < 0) return sqlite::PlanWithoutArguments(info);
  for (int place = 0; place < 3; ++place) {
    if (arguments[place] < 0) continue;
    info->aConstraintUsage[arguments[place]].argvIndex = place + 1;
    info->aConstraintUsage[arguments[place]].omit = 1;
  }
  info->idxNum = arguments[2] >= 0 ? kWithOptions : 0;
  info->estimatedCost = 1e6;
  info->estimatedRows = 100;
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

int RegisterDeltamirrorVerify(sqlite3* db) {
  if (const int rc = sqlite3_create_module_v2(db, kName, &kModule, nullptr, nullptr); rc != SQLITE_OK) return rc;
  // Temporary, as deltamirror is: a table that needs no CREATE counts as one of main, and a SELECT from it holds a read
  // lock on main, in whose way the mirror's commits are.
  sqlite3_exec(db, "CREATE VIRTUAL TABLE IF NOT EXISTS temp.deltamirror_verify USING deltamirror_verify", nullptr,
               nullptr, nullptr);
  return SQLITE_OK;
}

}  // namespace deltamirror::vtab
