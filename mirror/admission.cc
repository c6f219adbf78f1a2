#include "mirror/admission.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "daystream/position.h"
#include "mirror/check_names.h"
#include "mirror/qualified_name.h"
#include "mirror/target_table.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::mirror {
namespace {

using daystream::PositionOf;
using deltaflood::Action;
using deltaflood::Record;

absl::StatusOr<bool> IsWanted(const Settings& settings, const State* state, const Record& record) {
  if (settings.tables) {
    ASSIGN_OR_RETURN(const types::TableList list, types::TableList::Parse(*settings.tables));
    return list.Matches(SchemaOf(record), record.table);
  }
  // Whoever bootstraps some tables has chosen them.
  return state == nullptr || std::none_of(state->tables().begin(), state->tables().end(),
                                          [](const TableState& table) { return table.bootstrapped; });
}

// Had the table been there for a copy, or when the mirror came by before, then it would be known.
bool IsPast(const State* state, const Record& record) {
  if (state == nullptr) return false;
  if (record.has_position && PositionOf(record) <= state->met_all_until()) return true;
  return state->coverage().Has(SchemaOf(record), record.table, record);
}

absl::Status NotThere(const Settings& settings, const State* state, const std::string& target) {
  return absl::NotFoundError(
      absl::StrCat("table \"", target, "\" does not exist in database \"", settings.schema, "\". ",
                   state == nullptr ? "Create it first"
                                    : "Bootstrap it, or name the tables that the mirror takes in its argument "
                                      "\"tables\""));
}

}  // namespace

bool TakesNewTables(const Settings& settings, absl::string_view schema) {
  if (!settings.tables) return false;
  const absl::StatusOr<types::TableList> list = types::TableList::Parse(*settings.tables);
  if (!list.ok()) return false;
  return std::any_of(list->entries().begin(), list->entries().end(), [schema](const types::TableList::Entry& entry) {
    return !entry.table && (!entry.schema || *entry.schema == schema);
  });
}

absl::StatusOr<Admission> Admit(sqlite3* db, const Settings& settings, State* state, const std::string& target,
                                const Record& record) {
  ASSIGN_OR_RETURN(const bool wanted, IsWanted(settings, state, record));
  if (!wanted) return Admission::kRefused;
  if (IsPast(state, record)) return Admission::kPast;
  ASSIGN_OR_RETURN(const std::optional<TargetTable> present, ReadTargetTable(db, settings.schema, target));
  if (!present) {
    const bool announced = record.action == Action::kRelation && TakesNewTables(settings, SchemaOf(record));
    if (!announced || state == nullptr) return NotThere(settings, state, target);
  }
  if (state == nullptr) return Admission::kTaken;
  RETURN_IF_ERROR(CheckTargetName(*state, target, nullptr));
  TableState added;
  added.schema = std::string(SchemaOf(record));
  added.name = std::string(record.table);
  added.target = target;
  // The record, which announces it, makes it.
  if (!present) added.status = TableStatus::kAbsent;
  RETURN_IF_ERROR(state->AddTable(std::move(added)).status());
  return Admission::kTaken;
}

}  // namespace deltamirror::mirror
