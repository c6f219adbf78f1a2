#include "mirror/bootstrap_entry.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "mirror/check_names.h"
#include "quote/quote.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::mirror {

absl::Status CheckInMirror(const State& state, const types::Relation& relation) {
  if (!state.settings().tables.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const types::TableList list, types::TableList::Parse(*state.settings().tables));
  if (list.Matches(relation.schema, relation.table)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("table \"", types::TargetName(relation.schema, relation.table),
                                                    "\" is not one of mirror \"", state.name().Text(),
                                                    "\", whose tables are \"", *state.settings().tables, "\""));
}

absl::StatusOr<TableState> NewEntry(State* state, const types::Relation& relation, const BootstrapOptions& options) {
  const std::string name = types::TargetName(relation.schema, relation.table);
  const TableState* known = state->FindTable(relation.schema, relation.table);
  if (known != nullptr && !options.again) {
    return absl::AlreadyExistsError(absl::StrCat("table \"", name, "\" is in mirror \"", state->name().Text(),
                                                 "\" already. Use option \"again\" to copy it anew"));
  }
  RETURN_IF_ERROR(CheckTargetName(*state, known != nullptr ? known->target : name, known));
  TableState entry;
  entry.schema = relation.schema;
  entry.name = relation.table;
  entry.target = known != nullptr ? known->target : name;
  entry.relation = relation;
  entry.overrides = options.types;
  entry.bootstrapped = true;
  return entry;
}

absl::Status ForgetOldName(sqlite3* db, const types::Relation& relation, const std::string& handover, State* state) {
  for (TableState& table : state->tables()) {
    if (table.relation.relid != relation.relid || table.status == TableStatus::kAbsent) continue;
    if (table.schema == relation.schema && table.name == relation.table) continue;
    if (HasTable(table)) {
      RETURN_IF_ERROR(sqlite::Execute(
          db, absl::StrCat("DROP TABLE IF EXISTS ", QuoteQualified(state->settings().schema, table.target))));
    }
    table.status = TableStatus::kAbsent;
    table.relation = {};
    table.handover = handover;
    RETURN_IF_ERROR(state->SaveTable(table));
  }
  return absl::OkStatus();
}

}  // namespace deltamirror::mirror
