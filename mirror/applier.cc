#include "mirror/applier.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "mirror/plan.h"
#include "mirror/qualified_name.h"
#include "mirror/target_table.h"
#include "quote/quote.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::mirror {
namespace {

using daystream::PositionOf;
using deltaflood::Action;
using deltaflood::Record;
using types::Relation;

// Not about rows.
bool IsAboutTable(Action action) {
  return action == Action::kRelation || action == Action::kDrop || action == Action::kAttach ||
         action == Action::kDetach || action == Action::kGap;
}

}  // namespace

Applier::Applier(sqlite3* db, Settings settings, State* state, DecodeAhead* ahead)
    : db_(db), settings_(std::move(settings)), state_(state), ahead_(ahead), ddl_(db, settings_, state) {}

void Applier::Forget() {
  tables_.clear();
  changed_.clear();
  failed_table_.reset();
  waiting_.clear();
  last_ = nullptr;
  handovers_ = 0;
  loaded_handovers_ = false;
  schema_version_ = -1;
}

absl::Status Applier::Refresh() {
  ASSIGN_OR_RETURN(const int64_t version, SchemaVersion(db_, settings_.schema));
  if (version != schema_version_) {
    for (auto& [key, table] : tables_) table->table.reset();
    schema_version_ = version;
  }
  return loaded_handovers_ ? absl::OkStatus() : LoadHandovers();
}

// Also those of tables of which no record comes must end.
absl::Status Applier::LoadHandovers() {
  loaded_handovers_ = true;
  if (state_ == nullptr) return absl::OkStatus();
  std::vector<std::pair<std::string, std::string>> names;
  for (const TableState& table : state_->tables()) {
    if (!table.handover.empty()) names.emplace_back(table.schema, table.name);
  }
  for (const auto& [schema, name] : names) {
    Record record;
    record.schema = schema;
    record.table = name;
    RETURN_IF_ERROR(Find(record).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<Applier::Table*> Applier::FindKnown(const TableState& state) {
  Record record;
  record.schema = state.schema;
  record.table = state.name;
  return Find(record);
}

TableState* Applier::StateOf(const Table& table) {
  return table.state < 0 ? nullptr : &state_->tables()[static_cast<size_t>(table.state)];
}

absl::StatusOr<Applier::Table*> Applier::Find(const Record& record) {
  const absl::string_view schema = SchemaOf(record);
  if (last_ != nullptr && last_->name == record.table && last_->schema == schema) return last_;
  const auto found = tables_.find(TableKeyView(schema, record.table));
  if (found != tables_.end()) return last_ = found->second.get();
  Table table;
  table.schema = std::string(schema);
  table.name = std::string(record.table);
  ASSIGN_OR_RETURN(const Admission admission, Resolve(&table, record));
  if (admission == Admission::kPast) return nullptr;
  if (table.handover) ++handovers_;
  std::unique_ptr<Table>& entry = tables_[TableKey(schema, record.table)];
  entry = std::make_unique<Table>(std::move(table));
  return last_ = entry.get();
}

// What is known of the table that has this name.
absl::StatusOr<Admission> Applier::Resolve(Table* table, const Record& record) {
  table->target = types::TargetName(table->schema, table->name);
  TableState* state = state_ == nullptr ? nullptr : state_->FindTable(table->schema, table->name);
  if (state == nullptr) {
    ASSIGN_OR_RETURN(const Admission admission, Admit(db_, settings_, state_, table->target, record));
    table->taken = admission == Admission::kTaken;
    if (!table->taken || state_ == nullptr) return admission;
    state = state_->FindTable(table->schema, table->name);
  }
  table->target = state->target;
  table->state = static_cast<int>(state - state_->tables().data());
  if (!state->handover.empty()) {
    ASSIGN_OR_RETURN(table->handover, HandoverFilter::FromJson(state->handover));
  }
  return Admission::kTaken;
}

// Makes the plan, if there is none.
absl::Status Applier::Open(Table* table) {
  if (table->table != nullptr) return absl::OkStatus();
  const TableState* state = StateOf(*table);
  ASSIGN_OR_RETURN(const std::optional<TargetTable> target, ReadTargetTable(db_, settings_.schema, table->target));
  if (!target) {
    return absl::NotFoundError(
        state != nullptr && state->status == TableStatus::kAbsent && state->relation.columns.empty()
            ? absl::StrCat("it has no columns in PostgreSQL, and SQLite knows no such tables. Add a column, and "
                           "bootstrap the table again")
            : absl::StrCat("table \"", table->target, "\" does not exist in database \"", settings_.schema,
                           "\" any more. ", Remedy(*table)));
  }
  ASSIGN_OR_RETURN(Plan plan, MakePlan(*target, state == nullptr ? &table->shape : &state->relation,
                                       state == nullptr ? decltype(state->overrides)() : state->overrides));
  if (ahead_ != nullptr) plan.decoders = ahead_->Publish(table->schema, table->name, plan.columns);
  if (state != nullptr) plan.remedy = Ddl::CopyAgain(*state_, *state);
  table->table = std::make_unique<MirroredTable>(db_, std::move(plan), settings_, &run_memory_);
  return absl::OkStatus();
}

// Gives the plan up, because the table changes.
absl::Status Applier::Close(Table* table) {
  if (table->table == nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(table->table->EndTransaction());
  table->table.reset();
  return absl::OkStatus();
}

// Whether the record is for the table as it stands: not one that it has had already.
absl::StatusOr<bool> Applier::IsWanted(Table* table, const Record& record) {
  if (!table->taken) return false;
  const TableState* state = StateOf(*table);
  if (state != nullptr && state->HasHad(record)) return false;
  if (state != nullptr && state->status == TableStatus::kCopied) return false;
  if (state != nullptr && state->status == TableStatus::kDetached) {
    if (!IsAboutTable(record.action)) Count(table, record, MirroredTable::Outcome::kSkipped);
    return false;
  }
  if (!table->handover) return true;
  if (record.has_lsn && table->handover->EndsAt(record.lsn)) {
    EndHandover(table);
    return true;
  }
  if (!record.has_xid) {
    return absl::InvalidArgumentError("expected \"_xid\" in a line of a table within its hand-over, got none");
  }
  return !table->handover->SnapshotSaw(record.xid);
}

void Applier::EndHandover(Table* table) {
  table->handover.reset();
  --handovers_;
  TableState* state = StateOf(*table);
  state->handover.clear();
  if (state->status != TableStatus::kAbsent) state->status = TableStatus::kLive;
  table->touched = true;
}

absl::Status Applier::Apply(const Record& record) {
  failed_table_.reset();
  if (IsAboutTable(record.action)) RETURN_IF_ERROR(Flush());
  const auto unknown = [&record] {
    Table table;
    table.schema = std::string(SchemaOf(record));
    table.name = std::string(record.table);
    table.target = types::TargetName(table.schema, table.name);
    return table;
  };
  absl::StatusOr<bool> done = ApplyToNames(record);
  if (!done.ok()) return Failed(unknown(), record, done.status());
  if (*done) return absl::OkStatus();
  absl::StatusOr<Table*> table = Find(record);
  if (!table.ok()) return Failed(unknown(), record, table.status());
  if (*table == nullptr) return absl::OkStatus();
  absl::StatusOr<bool> wanted = IsWanted(*table, record);
  if (!wanted.ok()) return Failed(**table, record, wanted.status());
  if (record.action == Action::kAttach) {
    const absl::Status status = ApplyAttach(*table, *wanted, record);
    return status.ok() ? status : Failed(**table, record, status);
  }
  if (!*wanted) return absl::OkStatus();
  if (absl::Status status = ApplyTo(*table, record); !status.ok()) {
    const absl::Status failed = Failed(**table, record, status);
    return MayLeaveOut(**table, record) ? LeaveOut(*table, failed) : failed;
  }
  ClearError(*table);
  return absl::OkStatus();
}

// What must be done before the table is looked for under its name. Whether that was all.
absl::StatusOr<bool> Applier::ApplyToNames(const Record& record) {
  switch (record.action) {
    case Action::kRelation:
      if (state_ != nullptr) RETURN_IF_ERROR(FollowNames(record));
      return false;
    case Action::kDrop:
      if (state_ != nullptr) RETURN_IF_ERROR(ApplyDrop(record));
      return true;
    case Action::kTruncate:
      return IsToCome(record, types::TargetName(SchemaOf(record), record.table));
    default:
      // Without a state nothing is known of tables.
      return state_ == nullptr && IsAboutTable(record.action);
  }
}

absl::Status Applier::ApplyTo(Table* table, const Record& record) {
  switch (record.action) {
    case Action::kRelation:
      return ApplyRelation(table, record);
    case Action::kDetach:
      return absl::FailedPreconditionError(
          absl::StrCat("its partition \"", record.partition,
                       "\" was detached or dropped, and which rows were in it cannot be told here. ", Remedy(*table)));
    case Action::kGap:
      return absl::FailedPreconditionError(
          record.reason.empty()
              ? absl::StrCat(
                    "it has rows that the stream did not bring: it had another name, or was a partition or unlogged, "
                    "when "
                    "they came; or its filter did not let them through, or not whole; or a type of its columns was "
                    "altered, so that they read otherwise. ",
                    Remedy(*table))
              : absl::StrCat(record.reason, ". ", Remedy(*table)));
    default:
      break;
  }
  RETURN_IF_ERROR(Open(table));
  if (!table->waits) RETURN_IF_ERROR(MakeWay(table));
  if (!table->in_transaction) {
    table->in_transaction = true;
    changed_.push_back(table);
  }
  ASSIGN_OR_RETURN(const MirroredTable::Outcome outcome, Change(table, record));
  Count(table, record, outcome);
  return absl::OkStatus();
}

absl::StatusOr<MirroredTable::Outcome> Applier::Change(Table* table, const Record& record) {
  MirroredTable& rows = *table->table;
  switch (record.action) {
    case Action::kInsert:
      return rows.Insert(record);
    case Action::kUpdate:
      return rows.Update(record);
    case Action::kDelete:
      return rows.Delete(record);
    case Action::kReplace:
      RETURN_IF_ERROR(rows.Replace(record.columns));
      return MirroredTable::Outcome::kApplied;
    case Action::kTruncate:
      if (!record.partition.empty()) {
        return absl::FailedPreconditionError(
            absl::StrCat("partition \"", record.partition,
                         "\" was truncated alone, and which rows were in it cannot be told here. ", Remedy(*table)));
      }
      RETURN_IF_ERROR(rows.Truncate());
      return MirroredTable::Outcome::kApplied;
    default:
      return absl::InternalError("not a change");
  }
}

// The rows of a table that is made anew come behind a truncate and the relation line that makes the table.
absl::StatusOr<bool> Applier::IsToCome(const Record& record, const std::string& target) {
  if (state_ == nullptr) return false;
  const TableState* state = state_->FindTable(SchemaOf(record), record.table);
  if (state != nullptr) return state->status == TableStatus::kAbsent;
  if (!TakesNewTables(settings_, SchemaOf(record))) return false;
  ASSIGN_OR_RETURN(const std::optional<TargetTable> here, ReadTargetTable(db_, settings_.schema, target));
  return !here.has_value();
}

void Applier::Count(Table* table, const Record& record, MirroredTable::Outcome outcome) {
  int64_t Counters::*counter = &Counters::skipped;
  if (outcome == MirroredTable::Outcome::kApplied) {
    switch (record.action) {
      case Action::kInsert:
        counter = &Counters::inserts;
        break;
      case Action::kUpdate:
        counter = &Counters::updates;
        break;
      case Action::kDelete:
        counter = &Counters::deletes;
        break;
      case Action::kTruncate:
        counter = &Counters::truncates;
        break;
      default:
        return;  // a replace counts with its update
    }
  }
  ++(totals_.*counter);
  TableState* state = StateOf(*table);
  if (state == nullptr) return;
  ++(state->counters.*counter);
  table->touched = true;
  if (record.has_position) state->position = PositionOf(record);
  if (record.has_lsn) state->lsn = record.lsn;
}

absl::Status Applier::EndTransaction(uint64_t commit_lsn) {
  for (Table* table : changed_) {
    table->in_transaction = false;
    if (table->table == nullptr) continue;
    if (absl::Status status = table->table->EndTransaction(); !status.ok()) {
      NoteFailed(*table);
      return absl::Status(status.code(), absl::StrCat("table \"", table->target, "\": ", status.message()));
    }
  }
  changed_.clear();
  if (commit_lsn == 0) return absl::OkStatus();
  if (state_ != nullptr) state_->mutable_coverage().EndTransaction(commit_lsn);
  if (handovers_ == 0) return absl::OkStatus();
  for (auto& [key, table] : tables_) {
    if (table->handover && table->handover->EndsAt(commit_lsn)) EndHandover(table.get());
  }
  return absl::OkStatus();
}

absl::Status Applier::Flush() {
  for (Table* table : waiting_) {
    table->waits = false;
    if (table->table == nullptr) continue;
    if (const absl::Status status = table->table->Flush(); !status.ok()) return Failed(*table, Record(), status);
  }
  waiting_.clear();
  return absl::OkStatus();
}

// The order between tables is kept where triggers and foreign keys that somebody has added here may depend on it.
absl::Status Applier::MakeWay(Table* table) {
  constexpr size_t kMostTables = 64;
  const auto stands_alone = [](const Table* it) { return it->table != nullptr && it->table->plan().stands_alone; };
  const bool may_join = !waiting_.empty() && stands_alone(waiting_.front()) && stands_alone(table);
  if (!may_join || waiting_.size() == kMostTables) RETURN_IF_ERROR(Flush());
  table->waits = true;
  waiting_.push_back(table);
  return absl::OkStatus();
}

absl::Status Applier::Settle() {
  for (Table* table : changed_) {
    if (table->table != nullptr) RETURN_IF_ERROR(table->table->Settle());
  }
  return absl::OkStatus();
}

absl::Status Applier::SaveTouched() {
  RETURN_IF_ERROR(Flush());
  for (auto& [key, table] : tables_) {
    if (!table->touched) continue;
    table->touched = false;
    if (const TableState* state = StateOf(*table)) RETURN_IF_ERROR(state_->SaveCounters(*state));
  }
  return absl::OkStatus();
}

}  // namespace deltamirror::mirror
