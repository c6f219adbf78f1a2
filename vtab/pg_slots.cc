// pg_slots(conninfo): a row for each replication slot of the server, logical and physical, by name.
//
//   SELECT name, active, retained_bytes FROM pg_slots('dbname=prod');
//
// Hidden column: conninfo, which has no default. A server's NULL is a NULL here. The rows are those of the moment at
// which the scan begins.

#include "vtab/pg_slots.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "postgres/connection.h"
#include "postgres/slot.h"
#include "sqlite/interrupt.h"
#include "sqlite/result.h"
#include "sqlite/table_function.h"
#include "status/status_macros.h"

namespace deltamirror::vtab {
namespace {

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

class Rows final : public sqlite::TableRows {
 public:
  explicit Rows(std::vector<postgres::Slot> slots) : slots_(std::move(slots)) {}

  absl::StatusOr<bool> Next() override { return next_++ < slots_.size(); }

  absl::Status Column(int column, sqlite3_context* context) override {
    const postgres::Slot& slot = slots_[next_ - 1];
    switch (column) {
      case kColName:
        sqlite::ResultText(context, slot.name);
        break;
      case kColPlugin:
        sqlite::ResultOptionalText(context, slot.plugin);
        break;
      case kColActive:
        sqlite3_result_int(context, slot.active ? 1 : 0);
        break;
      case kColRestartLsn:
        sqlite::ResultOptionalText(context, slot.restart_lsn);
        break;
      case kColConfirmedFlushLsn:
        sqlite::ResultOptionalText(context, slot.confirmed_flush_lsn);
        break;
      case kColRetainedBytes:
        sqlite::ResultInteger(context, slot.retained_bytes);
        break;
      case kColWalStatus:
        sqlite::ResultOptionalText(context, slot.wal_status);
        break;
      default:
        break;
    }
    return absl::OkStatus();
  }

 private:
  const std::vector<postgres::Slot> slots_;
  size_t next_ = 0;
};

absl::StatusOr<std::unique_ptr<sqlite::TableRows>> Open(sqlite3* db, const sqlite::Arguments& arguments) {
  ASSIGN_OR_RETURN(sqlite::InterruptProbe probe, sqlite::InterruptProbe::Create(db));
  ASSIGN_OR_RETURN(postgres::Connection connection,
                   postgres::Connection::Open(arguments.Text(0), {.interrupt = [&probe] { return probe.Check(); }}));
  ASSIGN_OR_RETURN(std::vector<postgres::Slot> slots, postgres::ListSlots(connection));
  return std::make_unique<Rows>(std::move(slots));
}

constexpr sqlite::TableFunction kFunction = {
    .name = "pg_slots",
    .schema =
        "CREATE TABLE x(name TEXT, plugin TEXT, active INTEGER, restart_lsn TEXT, confirmed_flush_lsn TEXT, "
        "retained_bytes INTEGER, wal_status TEXT, conninfo HIDDEN)",
    .first_argument = kColConninfo,
    .arguments = 1,
    .needed = 1,
    .usage = "expected one argument, the connection string, like pg_slots('dbname=prod'), got none",
    .rows = 10,
    .open = Open,
};

}  // namespace

int RegisterPgSlots(sqlite3* db) {
  return sqlite::RegisterTableFunction(db, kFunction);
}

}  // namespace deltamirror::vtab
