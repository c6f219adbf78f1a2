#include "ext/pg_slot.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "deltastream/temporary_slots.h"
#include "ext/function.h"
#include "postgres/connection.h"
#include "postgres/slot.h"
#include "sqlite/error.h"
#include "sqlite/interrupt.h"
#include "sqlite/options.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/table_filters.h"

namespace deltamirror::ext {
namespace {

constexpr char kCreate[] = "pg_slot_create";
constexpr char kDrop[] = "pg_slot_drop";

absl::StatusOr<postgres::SlotOptions> ParseOptions(absl::string_view json) {
  postgres::SlotOptions options;
  ASSIGN_OR_RETURN(sqlite::OptionReader reader, sqlite::OptionReader::Parse(kCreate, json));
  RETURN_IF_ERROR(reader.GetChoice("plugin", {"deltaflood", "pgoutput"}, &options.plugin));
  RETURN_IF_ERROR(reader.Get("tables", &options.tables));
  std::string filters;
  RETURN_IF_ERROR(reader.GetObject("filters", &filters));
  RETURN_IF_ERROR(reader.Get("publication", &options.publication));
  RETURN_IF_ERROR(reader.Get("failover", &options.failover));
  RETURN_IF_ERROR(reader.Get("temporary", &options.temporary));
  RETURN_IF_ERROR(reader.Finish());
  ASSIGN_OR_RETURN(options.filters, types::TableFilters::Parse(filters));
  return options;
}

absl::StatusOr<std::string> Create(sqlite3* db, const std::string& conninfo, const std::string& slot,
                                   absl::string_view json) {
  ASSIGN_OR_RETURN(const postgres::SlotOptions options, ParseOptions(json));
  ASSIGN_OR_RETURN(sqlite::InterruptProbe probe, sqlite::InterruptProbe::Create(db));
  ASSIGN_OR_RETURN(postgres::CreatedSlot created,
                   postgres::CreateSlot(conninfo, slot, options, [&probe] { return probe.Check(); }));
  if (options.temporary) deltastream::KeepTemporarySlot(db, conninfo, slot, std::move(created.connection));
  return std::move(created.consistent_point);
}

absl::StatusOr<bool> Drop(sqlite3* db, const std::string& conninfo, const std::string& slot) {
  ASSIGN_OR_RETURN(sqlite::InterruptProbe probe, sqlite::InterruptProbe::Create(db));
  const auto interrupt = [&probe] { return probe.Check(); };
  std::optional<postgres::Connection> connection = deltastream::TakeTemporarySlot(db, conninfo, slot);
  if (connection.has_value()) {
    connection->set_interrupt(interrupt);
  } else {
    ASSIGN_OR_RETURN(connection, postgres::Connection::Open(conninfo, {.interrupt = interrupt}));
  }
  return postgres::DropSlot(*connection, slot);
}

}  // namespace

void PgSlotCreate(sqlite3_context* context, int count, sqlite3_value** values) {
  const absl::StatusOr<std::string> lsn =
      Create(sqlite3_context_db_handle(context), std::string(TextArgument(values[0])),
             std::string(TextArgument(values[1])), OptionalArgument(count, values, 2));
  if (!lsn.ok()) return sqlite::ResultError(context, Named(kCreate, lsn.status()));
  sqlite3_result_text(context, lsn->data(), static_cast<int>(lsn->size()), SQLITE_TRANSIENT);
}

void PgSlotDrop(sqlite3_context* context, int, sqlite3_value** values) {
  const absl::StatusOr<bool> dropped = Drop(sqlite3_context_db_handle(context), std::string(TextArgument(values[0])),
                                            std::string(TextArgument(values[1])));
  if (!dropped.ok()) return sqlite::ResultError(context, Named(kDrop, dropped.status()));
  sqlite3_result_int(context, *dropped ? 1 : 0);
}

}  // namespace deltamirror::ext
