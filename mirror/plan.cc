#include "mirror/plan.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "quote/quote.h"
#include "status/status_macros.h"
#include "types/mapping.h"
#include "types/plain.h"

namespace deltamirror::mirror {
namespace {

// Empty where one of the columns is not mirrored.
std::vector<int> Resolve(const Plan& plan, const std::vector<std::string>& names) {
  std::vector<int> indexes;
  for (const std::string& name : names) {
    const int index = plan.Find(name);
    if (index < 0) return {};
    indexes.push_back(index);
  }
  return indexes;
}

bool SameColumns(std::vector<int> a, std::vector<int> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

void AddColumnsOfTarget(const TargetTable& target, Plan* plan) {
  for (const TargetColumn& column : target.columns) {
    plan->columns.push_back({column.name, types::TextAsIs, !column.generated, column.generated});
  }
}

absl::Status AddColumnsOfShape(const TargetTable& target, const types::Relation& shape,
                               const std::vector<std::pair<std::string, std::string>>& choices, Plan* plan) {
  ASSIGN_OR_RETURN(const types::Overrides overrides, types::Overrides::Parse(choices));
  for (const types::Column& column : shape.columns) {
    const TargetColumn* found = target.Find(column.name);
    if (found == nullptr) {
      // The stream need not bring a generated column, and a mirror need not have it.
      if (!column.generated.empty()) continue;
      return absl::FailedPreconditionError(
          absl::StrCat("table \"", target.name, "\" has no column \"", column.name, "\""));
    }
    plan->columns.push_back({found->name, types::MappingFor(column, overrides).text,
                             !found->generated && column.generated.empty(), found->generated});
  }
  return absl::OkStatus();
}

void ChooseConflict(const TargetTable& target, Plan* plan) {
  for (const std::vector<std::string>& unique : target.unique_keys) {
    const std::vector<int> indexes = Resolve(*plan, unique);
    const bool primary = target.has_primary_key && &unique == &target.unique_keys.front();
    if (plan->conflict.empty() && !indexes.empty() && (primary || SameColumns(indexes, plan->key))) {
      plan->conflict = indexes;
    } else {
      plan->has_other_unique = true;
    }
  }
}

// Types of which PostgreSQL prints a value in one way only.
bool HasOneText(const types::Column& column, const TargetColumn& target) {
  constexpr uint32_t kIntegers[] = {20, 21, 23, 26};   // bigint, smallint, integer, oid
  constexpr uint32_t kTexts[] = {19, 25, 1043, 2950};  // name, text, varchar, uuid
  const auto is = [&column](const auto& oids) { return std::count(std::begin(oids), std::end(oids), column.oid) > 0; };
  if (is(kIntegers)) return absl::EqualsIgnoreCase(target.declared, "INTEGER");
  return is(kTexts) && absl::EqualsIgnoreCase(target.declared, "TEXT") && target.is_binary;
}

bool HasExactKey(const TargetTable& target, const types::Relation& shape, const Plan& plan) {
  return std::all_of(plan.key.begin(), plan.key.end(), [&](int key) {
    const std::string& name = plan.columns[static_cast<size_t>(key)].name;
    const auto column = std::find_if(shape.columns.begin(), shape.columns.end(),
                                     [&](const types::Column& it) { return absl::EqualsIgnoreCase(it.name, name); });
    const TargetColumn* found = target.Find(name);
    return column != shape.columns.end() && found != nullptr && HasOneText(*column, *found);
  });
}

}  // namespace

int Plan::Find(absl::string_view column) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (absl::EqualsIgnoreCase(columns[i].name, column)) return static_cast<int>(i);
  }
  return -1;
}

bool Plan::IsKeyUnique() const {
  return !key.empty() && SameColumns(key, conflict);
}

std::vector<std::string> KeyColumns(const types::Relation& shape) {
  const bool by_identity = shape.identity == types::Identity::kDefault || shape.identity == types::Identity::kIndex;
  std::vector<std::pair<int, std::string>> places;
  for (const types::Column& column : shape.columns) {
    const int place = by_identity ? column.key : column.pk;
    if (place > 0) places.emplace_back(place, column.name);
  }
  std::sort(places.begin(), places.end());
  std::vector<std::string> names;
  for (auto& [place, name] : places) names.push_back(std::move(name));
  return names;
}

absl::StatusOr<Plan> MakePlan(const TargetTable& target, const types::Relation* shape,
                              const std::vector<std::pair<std::string, std::string>>& overrides) {
  Plan plan;
  plan.table = QuoteQualified(target.schema, target.name);
  plan.name = target.name;
  const bool known = shape != nullptr && !shape->columns.empty();
  if (known) {
    RETURN_IF_ERROR(AddColumnsOfShape(target, *shape, overrides, &plan));
    plan.key = Resolve(plan, KeyColumns(*shape));
    plan.by_row = plan.key.empty() && shape->identity == types::Identity::kFull;
    plan.exact_key = HasExactKey(target, *shape, plan);
  } else {
    AddColumnsOfTarget(target, &plan);
    if (target.has_primary_key) plan.key = Resolve(plan, target.unique_keys.front());
    plan.by_row = plan.key.empty();
  }
  ChooseConflict(target, &plan);
  plan.stands_alone = !target.has_dependents && !plan.has_other_unique;
  for (const char* name : {"rowid", "_rowid_", "oid"}) {
    if (plan.rowid.empty() && target.Find(name) == nullptr) plan.rowid = name;
  }
  return plan;
}

}  // namespace deltamirror::mirror
