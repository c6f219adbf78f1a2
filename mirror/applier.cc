#include "mirror/applier.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "deltaflood/relation.h"
#include "mirror/follow.h"
#include "mirror/plan.h"
#include "mirror/qualified_name.h"
#include "mirror/target_table.h"
#include "quote/quote.h"
#include "sqlite/statement.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::mirror {
namespace {

using deltaflood::Action;
using deltaflood::Record;
using types::Relation;

daystream::Position PositionOf(const Record& record) {
  return {record.clock, record.seq};
}

}  // namespace

Applier::Applier(sqlite3* db, Settings settings, State* state)
    : db_(db), settings_(std::move(settings)), state_(state) {}

void Applier::Forget() {
  tables_.clear();
  changed_.clear();
  last_ = waiting_ = nullptr;
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

TableState* Applier::StateOf(const Table& table) {
  return table.state < 0 ? nullptr : &state_->tables()[static_cast<size_t>(table.state)];
}

absl::StatusOr<Applier::Table*> Applier::Find(const Record& record) {
  const absl::string_view schema = SchemaOf(record);
  if (last_ != nullptr && last_->name == record.table && last_->schema == schema) return last_;
  lookup_.assign(schema.data(), schema.size());
  lookup_.push_back('\0');
  lookup_.append(record.table.data(), record.table.size());
  const auto found = tables_.find(lookup_);
  if (found != tables_.end()) return last_ = found->second.get();
  Table table;
  table.schema = std::string(schema);
  table.name = std::string(record.table);
  ASSIGN_OR_RETURN(const Admission admission, Resolve(&table, record));
  if (admission == Admission::kPast) return nullptr;
  if (table.handover) ++handovers_;
  return last_ = tables_.emplace(lookup_, std::make_unique<Table>(std::move(table))).first->second.get();
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
  ASSIGN_OR_RETURN(const std::optional<TargetTable> target, ReadTargetTable(db_, settings_.schema, table->target));
  if (!target) {
    return absl::NotFoundError(absl::StrCat("table \"", table->target, "\" does not exist in database \"",
                                            settings_.schema, "\" any more. Bootstrap it again"));
  }
  const TableState* state = StateOf(*table);
  ASSIGN_OR_RETURN(Plan plan, MakePlan(*target, state == nullptr ? &table->shape : &state->relation,
                                       state == nullptr ? decltype(state->overrides)() : state->overrides));
  table->table = std::make_unique<MirroredTable>(db_, std::move(plan), settings_);
  return absl::OkStatus();
}

// Whether the record is for the table as it stands: not one that it has had already.
absl::StatusOr<bool> Applier::IsWanted(Table* table, const Record& record) {
  if (!table->taken) return false;
  const TableState* state = StateOf(*table);
  if (state != nullptr && record.has_position && PositionOf(record) <= state->from) return false;
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
  state->status = TableStatus::kLive;
  table->touched = true;
}

absl::Status Applier::Apply(const Record& record) {
  failed_table_ = -1;
  if (record.action == Action::kRelation) RETURN_IF_ERROR(Flush());
  if (record.action == Action::kRelation && state_ != nullptr) RETURN_IF_ERROR(RenameByRelid(record));
  absl::StatusOr<Table*> table = Find(record);
  if (!table.ok()) {
    Table unknown;
    unknown.target = types::TargetName(SchemaOf(record), record.table);
    return Failed(unknown, record, table.status());
  }
  if (*table == nullptr) return absl::OkStatus();
  absl::StatusOr<bool> wanted = IsWanted(*table, record);
  if (!wanted.ok()) return Failed(**table, record, wanted.status());
  if (!*wanted) return absl::OkStatus();
  RETURN_IF_ERROR(FlushBut(*table));
  if (absl::Status status = ApplyTo(*table, record); !status.ok()) {
    return Failed(**table, record, status);
  }
  ClearError(*table);
  return absl::OkStatus();
}

absl::Status Applier::ApplyTo(Table* table, const Record& record) {
  if (record.action == Action::kRelation) return ApplyRelation(table, record);
  RETURN_IF_ERROR(Open(table));
  waiting_ = table;
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
      return rows.Update(record.columns);
    case Action::kDelete:
      return rows.Delete(record.columns);
    case Action::kReplace:
      RETURN_IF_ERROR(rows.Replace(record.columns));
      return MirroredTable::Outcome::kApplied;
    case Action::kTruncate:
      if (!record.partition.empty()) {
        return absl::FailedPreconditionError(
            absl::StrCat("partition \"", record.partition,
                         "\" was truncated alone, which cannot be followed. Bootstrap the table again"));
      }
      RETURN_IF_ERROR(rows.Truncate());
      return MirroredTable::Outcome::kApplied;
    default:
      return absl::InternalError("not a change");
  }
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

// A change of the table was applied: what stopped it before is over.
void Applier::ClearError(Table* table) {
  TableState* state = StateOf(*table);
  if (state == nullptr || state->status != TableStatus::kError) return;
  state->status = table->handover ? TableStatus::kHandover : TableStatus::kLive;
  state->last_error.clear();
  table->touched = true;
}

absl::Status Applier::ApplyRelation(Table* table, const Record& record) {
  ASSIGN_OR_RETURN(const Relation shape, deltaflood::ParseRelation(record));
  TableState* state = StateOf(*table);
  if (state == nullptr) {
    table->shape = shape;
    table->table.reset();
    return absl::OkStatus();
  }
  const bool other_table = state->relation.relid != 0 && state->relation.relid != shape.relid;
  if (other_table && !TakesNewTables(settings_, table->schema)) {
    return absl::FailedPreconditionError(absl::StrCat("it is another table in PostgreSQL now (relid ", shape.relid,
                                                      ", was ", state->relation.relid, "). Bootstrap it again"));
  }
  if (!other_table && SameShape(state->relation, shape)) return absl::OkStatus();
  return FollowShape(table, shape);
}

absl::Status Applier::FollowShape(Table* table, const Relation& shape) {
  if (table->table != nullptr) RETURN_IF_ERROR(table->table->EndTransaction());
  table->table.reset();
  ASSIGN_OR_RETURN(const std::optional<TargetTable> target, ReadTargetTable(db_, settings_.schema, table->target));
  if (!target) return absl::NotFoundError("it does not exist any more. Bootstrap it again");
  TableState* state = StateOf(*table);
  Relation before = state->relation;
  if (before.relid != 0 && before.relid != shape.relid) {
    // Dropped and made again: the old one's rows and column numbers mean nothing now.
    before.columns.clear();
    RETURN_IF_ERROR(sqlite::Execute(db_, absl::StrCat("DELETE FROM ", QuoteQualified(target->schema, target->name))));
  }
  ASSIGN_OR_RETURN(const std::vector<FollowStep> steps,
                   FollowSteps(*target, before, shape, state->overrides, settings_.on_ddl));
  RETURN_IF_ERROR(RunSteps(db_, steps));
  state->relation = shape;
  ASSIGN_OR_RETURN(schema_version_, SchemaVersion(db_, settings_.schema));
  return state_->SaveTable(*state);
}

// A table with a new name is known by its OID.
absl::Status Applier::RenameByRelid(const Record& record) {
  const absl::string_view schema = SchemaOf(record);
  if (!record.has_relid || state_->FindTable(schema, record.table) != nullptr) return absl::OkStatus();
  for (TableState& state : state_->tables()) {
    if (state.relation.relid != record.relid || record.relid == 0) continue;
    if (record.has_position && PositionOf(record) <= state.from) return absl::OkStatus();
    if (!state.handover.empty()) {
      // A name from before the copy.
      ASSIGN_OR_RETURN(const HandoverFilter handover, HandoverFilter::FromJson(state.handover));
      const bool over = record.has_lsn && handover.EndsAt(record.lsn);
      if (!over && record.has_xid && handover.SnapshotSaw(record.xid)) return absl::OkStatus();
    }
    const std::string target = types::TargetName(schema, record.table);
    const std::string sql = absl::StrCat("ALTER TABLE ", QuoteQualified(settings_.schema, state.target), " RENAME TO ",
                                         QuoteIdentifier(target));
    if (settings_.on_ddl == OnDdl::kStop) {
      ASSIGN_OR_RETURN(const std::optional<TargetTable> renamed, ReadTargetTable(db_, settings_.schema, target));
      if (!renamed) {
        return absl::FailedPreconditionError(absl::StrCat("table \"", state.target, "\" is called \"", target,
                                                          "\" in PostgreSQL now, and on_ddl is \"stop\". Run: ", sql));
      }
    } else {
      RETURN_IF_ERROR(sqlite::Execute(db_, sql));
    }
    state.schema = std::string(schema);
    state.name = std::string(record.table);
    state.target = target;
    state.relation.schema = state.schema;
    state.relation.table = state.name;
    RETURN_IF_ERROR(state_->SaveTable(state));
    Forget();
    return Refresh();
  }
  return absl::OkStatus();
}

absl::Status Applier::EndTransaction(uint64_t commit_lsn) {
  for (Table* table : changed_) {
    table->in_transaction = false;
    if (table->table == nullptr) continue;
    if (absl::Status status = table->table->EndTransaction(); !status.ok()) {
      failed_table_ = table->state;
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
  return FlushBut(nullptr);
}

// The order between tables is kept, for the triggers and foreign keys that somebody may have added here.
absl::Status Applier::FlushBut(const Table* table) {
  if (waiting_ == nullptr || waiting_ == table) return absl::OkStatus();
  Table* const waiting = std::exchange(waiting_, nullptr);
  if (waiting->table == nullptr) return absl::OkStatus();
  const absl::Status status = waiting->table->Flush();
  return status.ok() ? status : Failed(*waiting, Record(), status);
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

// `came`: the record that was to be applied. One that waited may be what could not.
absl::Status Applier::Failed(const Table& table, const Record& came, const absl::Status& status) {
  failed_table_ = table.state;
  const Record* waited = table.table == nullptr ? nullptr : table.table->failed();
  const Record& record = waited == nullptr ? came : *waited;
  std::string where =
      absl::StrCat("could not apply ", deltaflood::ActionName(record.action), " to table \"", table.target, "\"");
  if (table.table != nullptr && record.action != Action::kTruncate && record.action != Action::kRelation) {
    absl::StrAppend(&where, " with key ", table.table->Describe(record.columns));
  }
  if (record.has_position) absl::StrAppend(&where, " at position ", daystream::ToString(PositionOf(record)));
  return Named(where, status);
}

}  // namespace deltamirror::mirror
