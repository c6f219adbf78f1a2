// Changes of one table that wait in memory, for two statements to make them all: one that writes rows, then one that
// deletes rows.

#ifndef DELTAMIRROR_MIRROR_WAITING_ROWS_H_
#define DELTAMIRROR_MIRROR_WAITING_ROWS_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "deltaflood/record.h"
#include "mirror/plan.h"
#include "mirror/row_run.h"
#include "mirror/run_memory.h"
#include "mirror/settings.h"
#include "sqlite/api.h"

namespace deltamirror::mirror {

// Writes come before deletes, whatever the order in which they came; so a row that is written again after it was
// deleted does not wait with its delete. Nothing of that can be seen: only a table that nothing but its rows depends on
// (Plan::stands_alone) has anything but inserts wait here, and an update waits only if it brings the whole row.
class WaitingRows {
 public:
  // The plan and the memory must outlive it.
  WaitingRows(sqlite3* db, const Plan* plan, OnConflict on_conflict, OnMissing on_missing, RunMemory* memory);

  bool empty() const { return writes_.empty() && deletes_.empty(); }

  // Takes an insert, an update by key or a delete. False, and nothing happened, if it must not wait, or not with those
  // that do: make these, and if it was not for them ask again.
  bool Take(const deltaflood::Record& record);

  // Makes all of them. Where they are too few for a statement, or one of them cannot be made so, it gives them one by
  // one to `change`, in the order in which they came, and ends at its first error.
  absl::Status Make(absl::FunctionRef<absl::Status(const deltaflood::Record&)> change);

  // The one that was given last.
  const deltaflood::Record& current() const { return current_; }

 private:
  bool MayWait(const RowRun& run, deltaflood::Action action) const;
  RowRun::Order OrderOfRows() const;
  bool WasDeleted(const deltaflood::Record& record);
  absl::Status Run();
  absl::Status OneByOne(size_t first_write, absl::FunctionRef<absl::Status(const deltaflood::Record&)> change);
  void Clear();

  sqlite3* db_;
  const Plan* plan_;
  const bool inserts_wait_;  // with this policy, in this table
  const bool others_wait_;
  RowRun writes_;
  RowRun deletes_;
  uint64_t next_order_ = 0;
  std::string key_;
  absl::flat_hash_set<std::string> deleted_;  // keys of the first `known_` rows of deletes_
  size_t known_ = 0;
  deltaflood::Record current_;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_WAITING_ROWS_H_
