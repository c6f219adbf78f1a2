#include "mirror/waiting_rows.h"

#include "sqlite/error.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

using deltaflood::Action;
using deltaflood::Record;

// Fewer rows are written one by one: a statement over many has a price of its own.
constexpr size_t kLeastRun = 4;

}  // namespace

// A row in the way in another unique index must go, row by row; and whoever ignores conflicts counts them.
WaitingRows::WaitingRows(sqlite3* db, const Plan* plan, OnConflict on_conflict, OnMissing on_missing, RunMemory* memory)
    : db_(db),
      plan_(plan),
      inserts_wait_(on_conflict == OnConflict::kReplace && !plan->has_other_unique),
      others_wait_(inserts_wait_ && on_missing == OnMissing::kInsert && plan->stands_alone && plan->IsKeyUnique()),
      writes_(db, plan, RunKind::kWrite, OrderOfRows(), memory),
      deletes_(db, plan, RunKind::kDelete, OrderOfRows(), memory) {}

RowRun::Order WaitingRows::OrderOfRows() const {
  return others_wait_ && plan_->exact_key ? RowRun::Order::kByKey : RowRun::Order::kAsAdded;
}

bool WaitingRows::Take(const Record& record) {
  const bool is_delete = record.action == Action::kDelete;
  if (!(record.action == Action::kInsert ? inserts_wait_ : others_wait_) || record.columns.empty()) return false;
  RowRun& run = is_delete ? deletes_ : writes_;
  if (run.IsFull()) return false;
  if (!run.IsFor(record)) {
    // An update that does not bring the whole row is no reason to give up a statement.
    if (!run.empty() || (record.action == Action::kUpdate && record.columns.size() < plan_->columns.size()))
      return false;
    run.Begin(record.columns);
  }
  if (!run.can_run() || !MayWait(run, record.action)) return false;
  if (!is_delete && !deletes_.empty() && WasDeleted(record)) return false;
  run.Add(record, next_order_++);
  return true;
}

bool WaitingRows::MayWait(const RowRun& run, Action action) const {
  switch (action) {
    case Action::kInsert:
      return deletes_.empty() || run.brings_key();
    case Action::kUpdate:
      return run.brings_all();
    default:
      return run.brings_key();
  }
}

// Where two keys that look different may be the same to SQLite, every row counts as deleted.
bool WaitingRows::WasDeleted(const Record& record) {
  if (!plan_->exact_key) return true;
  for (; known_ < deletes_.size(); ++known_) {
    key_.clear();
    deletes_.AppendKey(known_, &key_);
    deleted_.insert(key_);
  }
  key_.clear();
  writes_.AppendKey(record, &key_);
  return deleted_.contains(key_);
}

absl::Status WaitingRows::Make(absl::FunctionRef<absl::Status(const Record&)> change) {
  if (writes_.size() + deletes_.size() < kLeastRun) return OneByOne(0, change);
  absl::Status status = Run();
  if (status.ok() || !sqlite::IsRowError(status)) return status;
  // What has been done to a table that stands alone can be done again, and so can a row with a key be written.
  if (others_wait_) return OneByOne(0, change);
  if (sqlite::KeepsRowsBefore(db_)) return OneByOne(writes_.failed_row(), change);
  if (!plan_->conflict.empty()) return OneByOne(0, change);
  const absl::Status again = OneByOne(writes_.failed_row(), change);
  return again.ok() ? status : again;
}

absl::Status WaitingRows::Run() {
  if (!writes_.empty()) RETURN_IF_ERROR(writes_.Run());
  if (!deletes_.empty()) RETURN_IF_ERROR(deletes_.Run());
  Clear();
  return absl::OkStatus();
}

absl::Status WaitingRows::OneByOne(size_t first_write, absl::FunctionRef<absl::Status(const Record&)> change) {
  size_t write = first_write;
  size_t remove = 0;
  while (write < writes_.size() || remove < deletes_.size()) {
    const bool is_write =
        remove == deletes_.size() || (write < writes_.size() && writes_.order(write) < deletes_.order(remove));
    is_write ? writes_.Get(write++, &current_) : deletes_.Get(remove++, &current_);
    RETURN_IF_ERROR(change(current_));
  }
  Clear();
  return absl::OkStatus();
}

void WaitingRows::Clear() {
  writes_.Clear();
  deletes_.Clear();
  deleted_.clear();
  known_ = 0;
}

}  // namespace deltamirror::mirror
