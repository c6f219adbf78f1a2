#include "postgres/slot.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "postgres/slot_record.h"
#include "quote/quote.h"
#include "status/status_macros.h"

namespace deltamirror::postgres {
namespace {

// The reader of a slot that was just interrupted or killed may not be gone yet.
constexpr absl::Duration kDropPatience = absl::Seconds(2);

std::string SlotsQuery(int server_version, const std::string& condition) {
  const char* const two_phase = server_version >= 140000 ? "two_phase" : "false";
  const char* const reason = server_version >= 170000 ? "invalidation_reason"
                             : server_version >= 160000
                                 ? "CASE WHEN conflicting AND pg_is_in_recovery() THEN 'conflict' END"
                                 : "NULL";
  return absl::StrCat(
      "SELECT slot_name, plugin, database, active AND active_pid <> pg_backend_pid(), active_pid, restart_lsn, "
      "confirmed_flush_lsn, "
      "pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, "
      "restart_lsn)::bigint, wal_status, ",
      two_phase, ", ", reason, " FROM pg_catalog.pg_replication_slots ", condition, " ORDER BY slot_name");
}

std::optional<std::string> Text(const Result& result, int row, int column) {
  if (result.is_null(row, column)) return std::nullopt;
  return std::string(result.text(row, column));
}

std::optional<int64_t> Integer(const Result& result, int row, int column) {
  int64_t value = 0;
  if (result.is_null(row, column) || !absl::SimpleAtoi(result.text(row, column), &value)) return std::nullopt;
  return value;
}

Slot SlotAt(const Result& result, int row) {
  Slot slot;
  slot.name = std::string(result.text(row, 0));
  slot.plugin = Text(result, row, 1);
  slot.database = Text(result, row, 2);
  slot.active = result.text(row, 3) == "t";
  slot.active_pid = Integer(result, row, 4);
  slot.restart_lsn = Text(result, row, 5);
  slot.confirmed_flush_lsn = Text(result, row, 6);
  slot.retained_bytes = Integer(result, row, 7);
  slot.wal_status = Text(result, row, 8);
  slot.two_phase = result.text(row, 9) == "t";
  slot.invalidation_reason = Text(result, row, 10);
  return slot;
}

absl::StatusOr<std::vector<Slot>> SlotsWhere(Connection& connection, const std::string& condition) {
  ASSIGN_OR_RETURN(const Result result, connection.Execute(SlotsQuery(connection.server_version(), condition)));
  std::vector<Slot> slots;
  for (int row = 0; row < result.rows(); ++row) slots.push_back(SlotAt(result, row));
  return slots;
}

// Another database's slot of that name is not ours to drop.
absl::Status CheckOurs(Connection& connection, const Slot& slot) {
  ASSIGN_OR_RETURN(const Result result, connection.Execute("SELECT current_database()"));
  const std::string database(result.text(0, 0));
  if (!slot.database.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrCat("replication slot \"", slot.name, "\" is a physical slot, expected a logical one"));
  }
  if (*slot.database != database) {
    return absl::FailedPreconditionError(absl::StrCat("replication slot \"", slot.name, "\" belongs to database \"",
                                                      *slot.database, "\", but the connection is to database \"",
                                                      database, "\""));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Slot>> ListSlots(Connection& connection) {
  return SlotsWhere(connection, "");
}

absl::StatusOr<std::optional<Slot>> FindSlot(Connection& connection, const std::string& name) {
  ASSIGN_OR_RETURN(std::vector<Slot> slots,
                   SlotsWhere(connection, absl::StrCat("WHERE slot_name = ", QuoteLiteral(name))));
  if (slots.empty()) return std::optional<Slot>();
  return std::optional<Slot>(std::move(slots[0]));
}

absl::StatusOr<std::optional<Slot>> FindFreeSlot(Connection& connection, const std::string& name,
                                                 absl::Duration patience) {
  const absl::Time end = absl::Now() + patience;
  while (true) {
    ASSIGN_OR_RETURN(std::optional<Slot> slot, FindSlot(connection, name));
    if (!slot.has_value() || !slot->active || absl::Now() >= end) return slot;
    RETURN_IF_ERROR(connection.Wait(/*for_write=*/false, 50).status());
  }
}

absl::StatusOr<bool> DropSlot(Connection& connection, const std::string& name) {
  ASSIGN_OR_RETURN(const std::optional<Slot> slot, FindFreeSlot(connection, name, kDropPatience));
  if (slot.has_value()) {
    RETURN_IF_ERROR(CheckOurs(connection, *slot));
    RETURN_IF_ERROR(
        connection.Execute(absl::StrCat("SELECT pg_drop_replication_slot(", QuoteLiteral(name), ")")).status());
  }
  // Also without a slot: somebody may have dropped it in another way.
  RETURN_IF_ERROR(ForgetSlot(connection, name));
  return slot.has_value();
}

}  // namespace deltamirror::postgres
