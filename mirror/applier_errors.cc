// The part of Applier that is about what cannot be applied: how it is told, and what becomes of the table.

#include <string>

#include "absl/strings/str_cat.h"
#include "mirror/applier.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {

using daystream::PositionOf;
using deltaflood::Action;
using deltaflood::Record;

std::string Applier::Remedy(const Table& table) {
  const TableState* state = StateOf(table);
  return state == nullptr ? "Bootstrap the table again" : Ddl::CopyAgain(*state_, *state);
}

void Applier::NoteFailed(const Table& table) {
  if (state_ == nullptr || failed_table_) return;
  if (const TableState* state = StateOf(table)) {
    failed_table_ = *state;
    return;
  }
  failed_table_.emplace();
  failed_table_->schema = table.schema;
  failed_table_->name = table.name;
  failed_table_->target = table.target;
}

// `came`: the record that was to be applied. One that waited may be what could not.
absl::Status Applier::Failed(const Table& table, const Record& came, const absl::Status& status) {
  NoteFailed(table);
  // It may not have been told to the mirror yet. An entry of its name that is absent is another table's.
  const bool tells_relid = came.action == Action::kRelation || came.action == Action::kGap;
  if (failed_table_ && failed_table_->status == TableStatus::kAbsent) failed_table_->relation = {};
  if (failed_table_ && failed_table_->relation.relid == 0 && tells_relid) failed_table_->relation.relid = came.relid;
  const Record* waited = table.table == nullptr ? nullptr : table.table->failed();
  const Record& record = waited == nullptr ? came : *waited;
  std::string where =
      absl::StrCat("could not apply ", deltaflood::ActionName(record.action), " to table \"", table.target, "\"");
  if (table.table != nullptr && !record.columns.empty() && record.action != Action::kRelation) {
    absl::StrAppend(&where, " with key ", table.table->Describe(record.columns));
  }
  if (record.has_position) absl::StrAppend(&where, " at position ", daystream::ToString(PositionOf(record)));
  return Named(where, status);
}

// A change of the table was applied: what stopped it before is over.
void Applier::ClearError(Table* table) {
  TableState* state = StateOf(*table);
  if (state == nullptr || state->status != TableStatus::kError) return;
  state->status = table->handover ? TableStatus::kHandover : TableStatus::kLive;
  state->last_error.clear();
  table->touched = true;
}

// Whether the table is to be left out for what these lines tell, which is nothing that was begun and must be undone. It
// may become another's partition and come back with rows untold any number of times within one batch.
bool Applier::MayLeaveOut(const Table& table, const Record& record) {
  return settings_.on_error == OnError::kDetach && StateOf(table) != nullptr &&
         (record.action == Action::kGap || record.action == Action::kDetach);
}

absl::Status Applier::LeaveOut(Table* table, const absl::Status& why) {
  failed_table_.reset();
  RETURN_IF_ERROR(Close(table));
  if (table->handover) EndHandover(table);
  TableState* state = StateOf(*table);
  state->status = TableStatus::kDetached;
  state->last_error = std::string(why.message());
  return state_->SaveTable(*state);
}

}  // namespace deltamirror::mirror
