// The part of Applier that is about tables themselves: shapes, names, tables that come and go.

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "deltaflood/relation.h"
#include "mirror/applier.h"
#include "mirror/follow.h"
#include "mirror/qualified_name.h"
#include "mirror/target_table.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

// One that is passed over goes like any other, but for a line that it has had already.
bool IsPassedOver(const TableState& state, const deltaflood::Record& record) {
  return state.status == TableStatus::kDetached && !state.HasHad(record);
}

}  // namespace

using deltaflood::Action;
using deltaflood::Record;
using types::Relation;

absl::Status Applier::ApplyRelation(Table* table, const Record& record) {
  ASSIGN_OR_RETURN(const Relation shape, deltaflood::ParseRelation(record));
  TableState* state = StateOf(*table);
  if (state == nullptr) {
    table->shape = shape;
    table->table.reset();
    return absl::OkStatus();
  }
  const bool other_table = state->relation.relid != 0 && state->relation.relid != shape.relid;
  const bool absent = state->status == TableStatus::kAbsent;
  if (other_table && !(absent && TakesNewTables(settings_, table->schema))) {
    return absl::FailedPreconditionError(absl::StrCat("it is another table in PostgreSQL now (relid ", shape.relid,
                                                      ", was ", state->relation.relid, "). Bootstrap it again"));
  }
  if (!absent && SameShape(state->relation, shape)) return absl::OkStatus();
  if (absent && state->relation.relid != shape.relid && !record.was.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("it was called ", record.was, " before, and its rows are not here. ", Remedy(*table)));
  }
  RETURN_IF_ERROR(Close(table));
  RETURN_IF_ERROR(absent ? ddl_.Make(state, shape) : ddl_.Follow(state, shape));
  ASSIGN_OR_RETURN(schema_version_, SchemaVersion(db_, settings_.schema));
  return absl::OkStatus();
}

absl::Status Applier::ApplyDrop(const Record& record) {
  TableState* state = state_->FindRelid(record.relid);
  if (state == nullptr) state = state_->FindTable(SchemaOf(record), record.table);
  if (state == nullptr || (state->relation.relid != 0 && state->relation.relid != record.relid)) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(Table* const table, FindKnown(*state));
  ASSIGN_OR_RETURN(const bool wanted, IsWanted(table, record));
  if (!wanted && !IsPassedOver(*state, record)) return absl::OkStatus();
  RETURN_IF_ERROR(Close(table));
  if (table->handover) EndHandover(table);
  RETURN_IF_ERROR(ddl_.Drop(state));
  ASSIGN_OR_RETURN(schema_version_, SchemaVersion(db_, settings_.schema));
  return absl::OkStatus();
}

// The rows that a table brings as a partition are here if it was a table of the mirror. One that is passed over goes
// all the same, like one that is dropped: as a partition it will not be dropped by itself.
absl::Status Applier::ApplyAttach(Table* root, bool wanted, const Record& record) {
  TableState* partition = state_->FindRelid(record.relid);
  Table* table = nullptr;
  bool partition_wanted = false;
  if (partition != nullptr && partition->status != TableStatus::kAbsent) {
    ASSIGN_OR_RETURN(table, FindKnown(*partition));
    ASSIGN_OR_RETURN(partition_wanted, IsWanted(table, record));
  }
  const bool passed_over = partition != nullptr && IsPassedOver(*partition, record);
  if (!partition_wanted && wanted) {
    return absl::FailedPreconditionError(
        absl::StrCat("partition \"", record.partition, "\" was attached, and its rows are not here. ", Remedy(*root)));
  }
  if (!partition_wanted && !passed_over) return absl::OkStatus();
  RETURN_IF_ERROR(Close(table));
  if (table->handover) EndHandover(table);
  if (wanted) {
    RETURN_IF_ERROR(ddl_.Attach(partition, *StateOf(*root)));
  } else if (StateOf(*root) != nullptr || passed_over) {
    RETURN_IF_ERROR(ddl_.Drop(partition));  // the root's copy has its rows
  } else {
    NoteFailed(*table);
    return absl::FailedPreconditionError(absl::StrCat("table \"", partition->target, "\" has become a partition of \"",
                                                      root->target,
                                                      "\", whose name its changes bear now. Mirror that"));
  }
  ASSIGN_OR_RETURN(schema_version_, SchemaVersion(db_, settings_.schema));
  return absl::OkStatus();
}

// Whether a relation line is from before the table's copy, so that its name is an old one.
absl::StatusOr<bool> Applier::IsOldName(const TableState& state, const Record& record) const {
  if (state.HasHad(record)) return true;
  if (state.handover.empty()) return false;
  ASSIGN_OR_RETURN(const HandoverFilter handover, HandoverFilter::FromJson(state.handover));
  const bool over = record.has_lsn && handover.EndsAt(record.lsn);
  return !over && record.has_xid && handover.SnapshotSaw(record.xid);
}

// A table with a new name is known by its OID. One that had that name before makes room.
absl::Status Applier::FollowNames(const Record& record) {
  const std::string schema(SchemaOf(record));
  const std::string name(record.table);
  TableState* known = state_->FindRelid(record.relid);
  TableState* named = state_->FindTable(schema, name);
  if (record.relid == 0 || (known == named && known != nullptr)) return absl::OkStatus();
  if (known != nullptr) {
    ASSIGN_OR_RETURN(const bool old, IsOldName(*known, record));
    if (old) return absl::OkStatus();
  }
  if (named != nullptr) {
    ASSIGN_OR_RETURN(const bool old, IsOldName(*named, record));
    if (old) return absl::OkStatus();
  }
  // One of which nothing but the name is known makes room for a table that is.
  const bool replaces = named != nullptr && (named->relation.relid != 0 || known != nullptr);
  // A new table takes the entry of one that was dropped.
  const bool is_new = known == nullptr && TakesNewTables(settings_, schema);
  if (replaces && (known != nullptr || (is_new && named->status != TableStatus::kAbsent))) {
    RETURN_IF_ERROR(Renamed(named, [&] { return ddl_.SetAside(named); }));
  }
  if (known == nullptr) return absl::OkStatus();
  const std::string old_schema = known->schema;
  const std::string old_name = known->name;
  RETURN_IF_ERROR(Renamed(known, [&] { return ddl_.Rename(known, schema, name); }));
  // Of the two entries, that of the dropped table has the free name now.
  if (!replaces || named->status != TableStatus::kAbsent) return absl::OkStatus();
  return Renamed(named, [&] { return ddl_.Rename(named, old_schema, old_name); });
}

absl::Status Applier::Renamed(TableState* state, absl::FunctionRef<absl::Status()> rename) {
  ASSIGN_OR_RETURN(Table* const table, FindKnown(*state));
  RETURN_IF_ERROR(Close(table));
  const TableKey before(state->schema, state->name);
  RETURN_IF_ERROR(rename());
  std::unique_ptr<Table> moved = std::move(tables_[before]);
  tables_.erase(before);
  moved->schema = state->schema;
  moved->name = state->name;
  moved->target = state->target;
  tables_[TableKey(state->schema, state->name)] = std::move(moved);
  last_ = nullptr;
  ASSIGN_OR_RETURN(schema_version_, SchemaVersion(db_, settings_.schema));
  return absl::OkStatus();
}

}  // namespace deltamirror::mirror
