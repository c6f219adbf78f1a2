// A table for the rows that are in motion: as a snapshot has them, and then as later transactions leave them.

#ifndef DELTAMIRROR_VERIFY_OVERLAY_H_
#define DELTAMIRROR_VERIFY_OVERLAY_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deltaflood/record.h"
#include "mirror/mirrored_table.h"
#include "mirror/run_memory.h"
#include "sqlite/api.h"
#include "sqlite/statement.h"
#include "types/value.h"
#include "verify/compared_table.h"
#include "verify/digest.h"

namespace deltamirror::verify {

// In a temporary database, with the columns that the mirror's table has there; changes are applied by the mirror's own
// rules.
class Overlay {
 public:
  // Takes the place of an earlier one in that database. `table` must outlive it.
  static absl::StatusOr<std::unique_ptr<Overlay>> Create(sqlite3* temporary, const ComparedTable* table);

  // A row as the snapshot has it.
  absl::Status Insert(const std::vector<types::Value>& row);

  // A change of the table, or the end of a transaction.
  absl::Status Apply(const deltaflood::Record& record);

  // All rows, each once.
  absl::Status ForEach(RowVisitor visit);

 private:
  Overlay(sqlite3* temporary, const ComparedTable* table) : db_(temporary), table_(*table) {}
  absl::Status Prepare();
  const deltaflood::Record& Compared(const deltaflood::Record& record);

  sqlite3* const db_;
  const ComparedTable& table_;
  mirror::RunMemory run_memory_;
  std::unique_ptr<mirror::MirroredTable> rows_;
  sqlite::Statement insert_;
  deltaflood::Record compared_;
};

}  // namespace deltamirror::verify

#endif  // DELTAMIRROR_VERIFY_OVERLAY_H_
