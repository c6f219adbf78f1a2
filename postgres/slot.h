// Logical replication slots: what there is, making and dropping them.

#ifndef DELTAMIRROR_POSTGRES_SLOT_H_
#define DELTAMIRROR_POSTGRES_SLOT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "postgres/connection.h"
#include "types/table_filters.h"

namespace deltamirror::postgres {

// A row of pg_replication_slots. What the server has as NULL is nothing here; LSNs are text as it prints them.
struct Slot {
  std::string name;
  std::optional<std::string> plugin;    // a physical slot has none
  std::optional<std::string> database;  // a physical slot has none
  bool active = false;                  // in use by another connection than the one that asked
  std::optional<int64_t> active_pid;
  std::optional<std::string> restart_lsn;
  std::optional<std::string> confirmed_flush_lsn;
  std::optional<int64_t> retained_bytes;  // WAL that the server keeps for it
  std::optional<std::string> wal_status;  // "reserved", "extended", "unreserved", "lost"
  // Prepared transactions are sent when they are prepared, to those plugins that take them. From PostgreSQL 14 on.
  bool two_phase = false;
  // Why a lost one is: "wal_removed", "rows_removed", "wal_level_insufficient", "idle_timeout"; on a standby of
  // PostgreSQL 16, which does not tell these apart, "conflict".
  std::optional<std::string> invalidation_reason;
};

// All slots of the server, by name. These calls work on a connection for replication, too.
absl::StatusOr<std::vector<Slot>> ListSlots(Connection& connection);
absl::StatusOr<std::optional<Slot>> FindSlot(Connection& connection, const std::string& name);

// The same, but a slot that is in use is given up to `patience` to become free: the server notices a moment late that
// its reader has gone.
absl::StatusOr<std::optional<Slot>> FindFreeSlot(Connection& connection, const std::string& name,
                                                 absl::Duration patience);

struct SlotOptions {
  std::string plugin;  // "deltaflood" or "pgoutput"; empty: deltaflood where the server can load it, else pgoutput
  std::string tables;  // see postgres/table_list.h; empty: all
  types::TableFilters filters;  // of tables; the others are taken whole
  std::string publication;      // pgoutput: an existing one; empty: one is made, named like the slot
  bool failover = false;        // from PostgreSQL 17 on
  bool temporary = false;       // the slot goes with the connection that made it
};

struct CreatedSlot {
  std::string consistent_point;  // LSN
  Connection connection;         // a temporary slot lives as long as this
};

// All or nothing: after an error there is neither a slot nor a publication. Waits for the transactions that are running
// to end, as the server wants it; an interrupt ends the wait. `tables` and `filters` are remembered in the table
// deltamirror.slot.
absl::StatusOr<CreatedSlot> CreateSlot(const std::string& conninfo, const std::string& name, const SlotOptions& options,
                                       InterruptCheck interrupt);

// False if there was no such slot. Drops what CreateSlot made for it, too.
absl::StatusOr<bool> DropSlot(Connection& connection, const std::string& name);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_SLOT_H_
