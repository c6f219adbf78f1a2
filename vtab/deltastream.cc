// deltastream(conninfo, slot, destination [, options]): moves changes from a replication slot into a daystream, until
// it is interrupted; a row for each batch that has become durable.
//
//   SELECT * FROM deltastream('dbname=prod', 'mirror', '/var/lib/daystream');
//   SELECT * FROM deltastream('dbname=prod', 'mirror', '/var/lib/daystream', '{"until":"caught_up"}');
//   SELECT * FROM deltastream('file:/dev/stdin', NULL, '/var/lib/daystream');     -- lines that pg_recvlogical prints
//
// Hidden columns: conninfo, slot and destination, which have no default; options, a JSON object, {} by default: until
// ("forever"; "caught_up"; an LSN), tables, publication, status_interval (seconds, 10), receive_timeout (seconds, 60),
// reconnect (true with "forever"), fsync (true). With a file as source, slot is NULL and fsync is the only option.

#include "vtab/deltastream.h"

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "daystream/position.h"
#include "deltastream/batch.h"
#include "deltastream/file_mover.h"
#include "deltastream/slot_mover.h"
#include "deltastream/slot_mover_options.h"
#include "deltastream/temporary_slots.h"
#include "sqlite/arguments.h"
#include "sqlite/error.h"
#include "sqlite/interrupt.h"
#include "sqlite/options.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/lsn.h"
#include "types/table_list.h"

namespace deltamirror::vtab {
namespace {

constexpr char kName[] = "deltastream";

enum Column {
  kColRecords,
  kColTransactions,
  kColBytes,
  kColClock,
  kColSeq,
  kColLsn,
  kColLagBytes,
  kColState,
  kColNote,
  kColConninfo,
  kColSlot,
  kColDestination,
  kColOptions,
};

constexpr char kSchema[] =
    "CREATE TABLE x(records INTEGER, transactions INTEGER, bytes INTEGER, clock INTEGER, seq INTEGER, lsn TEXT, "
    "lag_bytes INTEGER, state TEXT, note TEXT, conninfo HIDDEN, slot HIDDEN, destination HIDDEN, options HIDDEN)";

struct Table {
  sqlite3_vtab base;
  sqlite3* db;
};

struct Cursor {
  sqlite3_vtab_cursor base;
  std::optional<sqlite::InterruptProbe> probe;
  std::unique_ptr<deltastream::Mover> mover;  // asks the probe
  deltastream::Batch batch;                   // the current row
  int64_t row;
  bool eof;
};

int Connect(sqlite3* db, void*, int, const char* const*, sqlite3_vtab** out, char**) {
  if (const int rc = sqlite3_declare_vtab(db, kSchema); rc != SQLITE_OK) return rc;
  // Rationale: it connects to other machines, writes files, and lets a server throw its WAL away.
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
  const absl::StatusOr<bool> got = cursor->mover->Next(&cursor->batch);
  if (!got.ok()) return sqlite::VtabError(base->pVtab, Named(kName, got.status()));
  ++cursor->row;
  cursor->eof = !*got;
  // The connection and the daystream are free for others as soon as the work is done.
  if (cursor->eof) cursor->mover.reset();
  return SQLITE_OK;
}

int Column(sqlite3_vtab_cursor* base, sqlite3_context* context, int column) {
  const deltastream::Batch& batch = reinterpret_cast<Cursor*>(base)->batch;
  switch (column) {
    case kColRecords:
      sqlite3_result_int64(context, batch.records);
      break;
    case kColTransactions:
      sqlite3_result_int64(context, batch.transactions);
      break;
    case kColBytes:
      sqlite3_result_int64(context, batch.bytes);
      break;
    case kColClock:
      if (batch.position != daystream::kBeforeAll) sqlite3_result_int64(context, batch.position.clock);
      break;
    case kColSeq:
      if (batch.position != daystream::kBeforeAll) sqlite3_result_int64(context, batch.position.seq);
      break;
    case kColLsn:
      if (batch.lsn.has_value()) {
        sqlite3_result_text(context, types::FormatLsn(*batch.lsn).c_str(), -1, SQLITE_TRANSIENT);
      }
      break;
    case kColLagBytes:
      if (batch.lag_bytes.has_value()) sqlite3_result_int64(context, *batch.lag_bytes);
      break;
    case kColState:
      sqlite3_result_text(context, batch.state == deltastream::Batch::State::kWaiting ? "waiting" : "streaming", -1,
                          SQLITE_STATIC);
      break;
    case kColNote:
      if (!batch.note.empty()) sqlite3_result_text(context, batch.note.c_str(), -1, SQLITE_TRANSIENT);
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
  return reinterpret_cast<Cursor*>(base)->eof ? 1 : 0;
}

std::string TextOf(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text == nullptr ? std::string() : std::string(text, static_cast<size_t>(sqlite3_value_bytes(value)));
}

// What the user asked for.
struct Request {
  std::string conninfo;
  std::optional<std::string> slot;
  std::string destination;
  std::string options;
};

absl::Status ParseUntil(const std::string& until, deltastream::SlotMoverOptions* options) {
  using Until = deltastream::SlotMoverOptions::Until;
  if (until == "forever") {
    options->until = Until::kForever;
  } else if (until == "caught_up") {
    options->until = Until::kCaughtUp;
  } else if (const absl::StatusOr<uint64_t> lsn = types::ParseLsn(until); lsn.ok()) {
    options->until = Until::kLsn;
    options->until_lsn = *lsn;
  } else {
    return absl::InvalidArgumentError(absl::StrCat("invalid value \"", until,
                                                   "\" for option \"until\", expected \"forever\", \"caught_up\" or an "
                                                   "LSN like \"16/B374D848\""));
  }
  return absl::OkStatus();
}

absl::Status ParseSlotOptions(const std::string& json, deltastream::SlotMoverOptions* options) {
  std::string until = "forever";
  int64_t status_interval = 10;
  int64_t receive_timeout = 60;
  ASSIGN_OR_RETURN(sqlite::OptionReader reader, sqlite::OptionReader::Parse(kName, json));
  RETURN_IF_ERROR(reader.Get("until", &until));
  RETURN_IF_ERROR(reader.Get("tables", &options->tables));
  RETURN_IF_ERROR(reader.Get("publication", &options->publication));
  RETURN_IF_ERROR(reader.GetInteger("status_interval", 1, 3600, &status_interval));
  RETURN_IF_ERROR(reader.GetInteger("receive_timeout", 0, 86400, &receive_timeout));
  options->reconnect = until == "forever";
  RETURN_IF_ERROR(reader.Get("reconnect", &options->reconnect));
  RETURN_IF_ERROR(reader.Get("fsync", &options->sync));
  RETURN_IF_ERROR(reader.Finish());
  if (!options->tables.empty()) RETURN_IF_ERROR(types::TableList::Parse(options->tables).status());
  options->status_interval = absl::Seconds(status_interval);
  options->receive_timeout = receive_timeout == 0 ? absl::InfiniteDuration() : absl::Seconds(receive_timeout);
  return ParseUntil(until, options);
}

absl::StatusOr<std::unique_ptr<deltastream::Mover>> OpenSlot(sqlite3* db, const Request& request,
                                                             deltastream::InterruptCheck interrupt) {
  if (!request.slot.has_value() || request.slot->empty()) {
    return absl::InvalidArgumentError("expected the name of a replication slot as second argument, got none");
  }
  deltastream::SlotMoverOptions options;
  options.conninfo = request.conninfo;
  options.slot = *request.slot;
  options.destination = request.destination;
  options.interrupt = std::move(interrupt);
  options.notice = [](absl::string_view text) { sqlite3_log(SQLITE_NOTICE, "%s", std::string(text).c_str()); };
  RETURN_IF_ERROR(ParseSlotOptions(request.options, &options));
  return deltastream::SlotMover::Open(std::move(options),
                                      deltastream::TakeTemporarySlot(db, request.conninfo, *request.slot));
}

absl::StatusOr<std::unique_ptr<deltastream::Mover>> OpenFile(const Request& request, absl::string_view path,
                                                             deltastream::InterruptCheck interrupt) {
  if (request.slot.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a file has no replication slot: expected NULL as second argument, "
                     "got \"",
                     *request.slot, "\""));
  }
  deltastream::FileMoverOptions options;
  options.path = std::string(path);
  options.destination = request.destination;
  options.interrupt = std::move(interrupt);
  ASSIGN_OR_RETURN(sqlite::OptionReader reader, sqlite::OptionReader::Parse(kName, request.options));
  RETURN_IF_ERROR(reader.Get("fsync", &options.sync));
  RETURN_IF_ERROR(reader.Finish());
  return deltastream::FileMover::Open(std::move(options));
}

absl::Status Begin(sqlite3* db, const Request& request, Cursor* cursor) {
  ASSIGN_OR_RETURN(cursor->probe, sqlite::InterruptProbe::Create(db));
  const auto interrupt = [cursor] { return cursor->probe->Check(); };
  absl::string_view path = request.conninfo;
  if (absl::ConsumePrefix(&path, "file:")) {
    ASSIGN_OR_RETURN(cursor->mover, OpenFile(request, path, interrupt));
  } else {
    ASSIGN_OR_RETURN(cursor->mover, OpenSlot(db, request, interrupt));
  }
  return absl::OkStatus();
}

// Four bits of idxNum: which arguments are given, in the order of their columns.
constexpr int ArgumentBit(int column) {
  return 1 << (column - kColConninfo);
}
constexpr int kNeeded = ArgumentBit(kColConninfo) | ArgumentBit(kColSlot) | ArgumentBit(kColDestination);

int Filter(sqlite3_vtab_cursor* base, int index, const char*, int count, sqlite3_value** values) {
  if (count == 0) {
    return sqlite::VtabError(
        base->pVtab, absl::InvalidArgumentError("deltastream: expected the arguments conninfo, slot, destination and, "
                                                "if wanted, options, like deltastream('dbname=prod', 'mirror', "
                                                "'/var/lib/daystream')"));
  }
  auto* cursor = reinterpret_cast<Cursor*>(base);
  auto* table = reinterpret_cast<Table*>(base->pVtab);
  Request request;
  request.conninfo = TextOf(values[0]);
  if (sqlite3_value_type(values[1]) != SQLITE_NULL) request.slot = TextOf(values[1]);
  request.destination = TextOf(values[2]);
  if ((index & ArgumentBit(kColOptions)) != 0) request.options = TextOf(values[3]);
  cursor->mover.reset();
  cursor->row = 0;
  if (absl::Status begun = Begin(table->db, request, cursor); !begun.ok()) {
    return sqlite::VtabError(&table->base, Named(kName, begun));
  }
  return Next(base);
}

int BestIndex(sqlite3_vtab*, sqlite3_index_info* info) {
  int given = 0;
  int constraints[4] = {-1, -1, -1, -1};
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    if (constraint.iColumn < kColConninfo || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    // By a table that comes later in this plan: another plan has it.
    if (constraint.usable == 0) return SQLITE_CONSTRAINT;
    given |= ArgumentBit(constraint.iColumn);
    constraints[constraint.iColumn - kColConninfo] = i;
  }
  if ((given & kNeeded) != kNeeded) return sqlite::PlanWithoutArguments(info);
  int next = 1;
  for (const int constraint : constraints) {
    if (constraint < 0) continue;
    info->aConstraintUsage[constraint].argvIndex = next++;
    info->aConstraintUsage[constraint].omit = 1;
  }
  info->idxNum = given;
  info->estimatedCost = 1e6;
  info->estimatedRows = 1000000;
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

int RegisterDeltastream(sqlite3* db) {
  // The module's end is that of the connection.
  return sqlite3_create_module_v2(db, kName, &kModule, db, deltastream::ReleaseTemporarySlots);
}

}  // namespace deltamirror::vtab
