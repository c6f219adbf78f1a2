#include "mirror/check_names.h"

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace deltamirror::mirror {

absl::Status CheckColumnNames(const types::Relation& shape, absl::string_view table) {
  absl::flat_hash_map<std::string, absl::string_view> seen;
  for (const types::Column& column : shape.columns) {
    const auto [other, added] = seen.emplace(absl::AsciiStrToLower(column.name), column.name);
    if (added) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("the columns \"", other->second, "\" and \"", column.name, "\" of table \"", table,
                     "\" differ only in case, which SQLite does not tell apart. Rename one of them in PostgreSQL"));
  }
  return absl::OkStatus();
}

absl::Status CheckTargetName(const State& state, absl::string_view target, const TableState* self) {
  if (absl::StartsWithIgnoreCase(target, "sqlite_")) {
    return absl::FailedPreconditionError(
        "SQLite keeps names that begin with \"sqlite_\" for itself. Rename it in PostgreSQL");
  }
  const MirrorName& mirror = state.name();
  if (absl::EqualsIgnoreCase(mirror.schema, state.settings().schema)) {
    for (const char* suffix : {"", "_state", "_table"}) {
      if (!absl::EqualsIgnoreCase(target, absl::StrCat(mirror.name, suffix))) continue;
      return absl::FailedPreconditionError(
          absl::StrCat("mirror \"", mirror.Text(), "\" itself has a table of the name \"", target,
                       "\". Give the mirror another name with ALTER TABLE ... RENAME TO"));
    }
  }
  for (const TableState& other : state.tables()) {
    const bool left_out = other.status == TableStatus::kDetached && !HasTable(other);
    if (&other == self || other.status == TableStatus::kAbsent || left_out) continue;
    if (!absl::EqualsIgnoreCase(other.target, target)) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "SQLite does not tell the name \"", target, "\" apart from that of another table of the mirror, \"",
        other.schema, ".", other.name, "\". Rename one of them in PostgreSQL"));
  }
  return absl::OkStatus();
}

}  // namespace deltamirror::mirror
