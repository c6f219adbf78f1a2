#include "mirror/table_steps.h"

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mirror/must_be_run.h"
#include "sqlite/legacy_alter.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {

absl::Status RunSteps(sqlite3* db, const std::vector<TableStep>& steps) {
  for (const TableStep& step : steps) {
    if (absl::StartsWith(step.sql, "PRAGMA")) continue;
    std::optional<sqlite::LegacyAlter> legacy;
    if (step.legacy) legacy.emplace(db);
    RETURN_IF_ERROR(sqlite::Execute(db, step.sql));
  }
  return absl::OkStatus();
}

absl::Status StepsMustBeRun(absl::string_view table, absl::string_view why, const std::vector<TableStep>& steps) {
  return MustBeRun(
      absl::StrCat("table \"", table, "\" changed"), why,
      absl::StrJoin(steps, "; ", [](std::string* out, const TableStep& step) { absl::StrAppend(out, step.sql); }));
}

}  // namespace deltamirror::mirror
