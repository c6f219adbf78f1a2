// What is remembered of a slot that pg_slot_create made: a row of the table deltamirror.slot, in the slot's database.
// The schema and the table are made when there is something to remember.

#ifndef DELTAMIRROR_POSTGRES_SLOT_RECORD_H_
#define DELTAMIRROR_POSTGRES_SLOT_RECORD_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "postgres/connection.h"

namespace deltamirror::postgres {

struct SlotRecord {
  std::string tables;             // what its stream is asked for; empty: everything
  std::string filters;            // the same, see types::TableFilters; empty: none
  std::string publication;        // pgoutput's; empty: none
  bool publication_made = false;  // by us: it goes with the slot

  bool operator==(const SlotRecord&) const = default;
};

// Makes the schema and the table if they are missing, and what an earlier version's table lacks for the record.
// PermissionDenied, with what to do, if the role may not.
absl::Status PrepareSlotRecords(Connection& connection, const SlotRecord& record);

// Replaces what was remembered under that name. An empty record is no row.
absl::Status RememberSlot(Connection& connection, const std::string& slot, const SlotRecord& record);

// An empty record if nothing is remembered. Works on a connection for replication, too.
absl::StatusOr<SlotRecord> RecallSlot(Connection& connection, const std::string& slot);

// Drops the publication that was made for the slot, and the row.
absl::Status ForgetSlot(Connection& connection, const std::string& slot);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_SLOT_RECORD_H_
