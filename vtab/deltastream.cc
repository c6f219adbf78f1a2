// deltastream(conninfo, slot, destination [, options]): moves changes from a replication slot into a daystream, until
// it is interrupted; a row for each batch that has become durable.
//
//   SELECT * FROM deltastream('dbname=prod', 'mirror', '/var/lib/daystream');
//   SELECT * FROM deltastream('dbname=prod', 'mirror', '/var/lib/daystream', '{"until":"caught_up"}');
//   SELECT * FROM deltastream('file:/dev/stdin', NULL, '/var/lib/daystream');     -- lines that pg_recvlogical prints
//
// Hidden columns: conninfo, slot and destination, which have no default; options, a JSON object, {} by default: until
// ("forever"; "caught_up"; an LSN), tables, filters, publication, status_interval (seconds, 10), receive_timeout
// (seconds, 60), heartbeat (seconds, 0: none), reconnect (true with "forever"), fsync (true). With a file as source,
// slot is NULL and fsync is the only option.

#include "vtab/deltastream.h"

#include <memory>
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
#include "sqlite/interrupt.h"
#include "sqlite/notice.h"
#include "sqlite/options.h"
#include "sqlite/result.h"
#include "sqlite/table_function.h"
#include "status/status_macros.h"
#include "types/lsn.h"
#include "types/table_filters.h"
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
  std::string filters;
  int64_t status_interval = 10;
  int64_t receive_timeout = 60;
  int64_t heartbeat = 0;
  ASSIGN_OR_RETURN(sqlite::OptionReader reader, sqlite::OptionReader::Parse(kName, json));
  RETURN_IF_ERROR(reader.Get("until", &until));
  RETURN_IF_ERROR(reader.Get("tables", &options->tables));
  RETURN_IF_ERROR(reader.GetObject("filters", &filters));
  RETURN_IF_ERROR(reader.Get("publication", &options->publication));
  RETURN_IF_ERROR(reader.GetInteger("status_interval", 1, 3600, &status_interval));
  RETURN_IF_ERROR(reader.GetInteger("receive_timeout", 0, 86400, &receive_timeout));
  RETURN_IF_ERROR(reader.GetInteger("heartbeat", 0, 86400, &heartbeat));
  options->reconnect = until == "forever";
  RETURN_IF_ERROR(reader.Get("reconnect", &options->reconnect));
  RETURN_IF_ERROR(reader.Get("fsync", &options->sync));
  RETURN_IF_ERROR(reader.Finish());
  if (!options->tables.empty()) RETURN_IF_ERROR(types::TableList::Parse(options->tables).status());
  ASSIGN_OR_RETURN(options->filters, types::TableFilters::Parse(filters));
  options->heartbeat = absl::Seconds(heartbeat);
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
  options.notice = sqlite::Notice;
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

class Rows final : public sqlite::TableRows {
 public:
  absl::Status Begin(sqlite3* db, const Request& request) {
    ASSIGN_OR_RETURN(probe_, sqlite::InterruptProbe::Create(db));
    const auto interrupt = [this] { return probe_->Check(); };
    absl::string_view path = request.conninfo;
    if (absl::ConsumePrefix(&path, "file:")) {
      ASSIGN_OR_RETURN(mover_, OpenFile(request, path, interrupt));
    } else {
      ASSIGN_OR_RETURN(mover_, OpenSlot(db, request, interrupt));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Next() override { return mover_->Next(&batch_); }
  absl::Status Column(int column, sqlite3_context* context) override;

 private:
  std::optional<sqlite::InterruptProbe> probe_;
  std::unique_ptr<deltastream::Mover> mover_;  // asks the probe
  deltastream::Batch batch_;                   // the current row
};

absl::Status Rows::Column(int column, sqlite3_context* context) {
  const bool has_position = batch_.position != daystream::kBeforeAll;
  switch (column) {
    case kColRecords:
      sqlite3_result_int64(context, batch_.records);
      break;
    case kColTransactions:
      sqlite3_result_int64(context, batch_.transactions);
      break;
    case kColBytes:
      sqlite3_result_int64(context, batch_.bytes);
      break;
    case kColClock:
      if (has_position) sqlite3_result_int64(context, batch_.position.clock);
      break;
    case kColSeq:
      if (has_position) sqlite3_result_int64(context, batch_.position.seq);
      break;
    case kColLsn:
      if (batch_.lsn.has_value()) sqlite::ResultText(context, types::FormatLsn(*batch_.lsn));
      break;
    case kColLagBytes:
      sqlite::ResultInteger(context, batch_.lag_bytes);
      break;
    case kColState:
      sqlite::ResultText(context, batch_.state == deltastream::Batch::State::kWaiting ? "waiting" : "streaming");
      break;
    case kColNote:
      sqlite::ResultTextIfAny(context, batch_.note);
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<sqlite::TableRows>> Open(sqlite3* db, const sqlite::Arguments& arguments) {
  auto rows = std::make_unique<Rows>();
  RETURN_IF_ERROR(rows->Begin(db, {.conninfo = arguments.Text(0),
                                   .slot = arguments.OptionalText(1),
                                   .destination = arguments.Text(2),
                                   .options = arguments.Text(3)}));
  return rows;
}

constexpr sqlite::TableFunction kFunction = {
    .name = kName,
    .schema =
        "CREATE TABLE x(records INTEGER, transactions INTEGER, bytes INTEGER, clock INTEGER, seq INTEGER, "
        "lsn TEXT, lag_bytes INTEGER, state TEXT, note TEXT, conninfo HIDDEN, slot HIDDEN, destination HIDDEN, "
        "options HIDDEN)",
    .first_argument = kColConninfo,
    .arguments = 4,
    .needed = 3,
    .usage =
        "expected the arguments conninfo, slot, destination and, if wanted, options, like "
        "deltastream('dbname=prod', 'mirror', '/var/lib/daystream')",
    .rows = 1000000,
    .open = Open,
    .close = [](sqlite3* db) { deltastream::ReleaseTemporarySlots(db); },
};

}  // namespace

int RegisterDeltastream(sqlite3* db) {
  return sqlite::RegisterTableFunction(db, kFunction);
}

}  // namespace deltamirror::vtab
