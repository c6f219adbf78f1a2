#include "mirror/follow.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mirror/plan.h"
#include "quote/quote.h"
#include "sqlite/statement.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/mapping.h"
#include "types/value.h"

namespace deltamirror::mirror {
namespace {

using types::Column;
using types::Relation;

const Column* FindAttnum(const Relation& relation, int attnum) {
  for (const Column& column : relation.columns) {
    if (column.attnum == attnum) return &column;
  }
  return nullptr;
}

// Collects the steps for one table.
class Follower {
 public:
  Follower(const TargetTable& target, const types::Overrides& overrides, OnDdl policy)
      : target_(target), table_(QuoteQualified(target.schema, target.name)), overrides_(overrides), policy_(policy) {}

  absl::Status Rename(const Column& before, const Column& after) {
    TargetColumn* found = FindMutable(before.name);
    if (before.name == after.name || found == nullptr) return absl::OkStatus();
    // Two columns may have swapped their names: then one waits under a third.
    const bool taken = Find(after.name) != nullptr;
    const std::string name = taken ? absl::StrCat(after.name, " (new)") : after.name;
    Alter(absl::StrCat("RENAME COLUMN ", QuoteIdentifier(before.name), " TO ", QuoteIdentifier(name)));
    found->name = name;
    if (taken) waiting_.push_back(after.name);
    return absl::OkStatus();
  }

  void FinishRenames() {
    for (const std::string& name : waiting_) {
      const std::string waiting = absl::StrCat(name, " (new)");
      Alter(absl::StrCat("RENAME COLUMN ", QuoteIdentifier(waiting), " TO ", QuoteIdentifier(name)));
      FindMutable(waiting)->name = name;
    }
    waiting_.clear();
  }

  absl::Status Add(const Column& column) {
    if (Find(column.name) != nullptr) return absl::OkStatus();
    // A generated column need not be here: the stream may not bring it.
    if (column.generated == "virtual") return absl::OkStatus();
    const types::Mapping mapping = types::MappingFor(column, overrides_);
    // Without NOT NULL, which SQLite would not add to a table that has rows.
    Alter(absl::StrCat("ADD COLUMN ", QuoteIdentifier(column.name), mapping.declared.empty() ? "" : " ",
                       mapping.declared));
    if (column.missing) {
      steps_.push_back({absl::StrCat("UPDATE ", table_, " SET ", QuoteIdentifier(column.name), " = ?1"),
                        *column.missing, mapping.text});
    }
    target_.columns.push_back({column.name, std::string(mapping.declared)});
    return absl::OkStatus();
  }

  absl::Status Drop(const Column& column) {
    if (policy_ == OnDdl::kKeep || Find(column.name) == nullptr) return absl::OkStatus();
    RETURN_IF_ERROR(CheckFree(column.name, "was dropped"));
    Alter(absl::StrCat("DROP COLUMN ", QuoteIdentifier(column.name)));
    target_.columns.erase(std::find_if(target_.columns.begin(), target_.columns.end(), [&](const TargetColumn& found) {
      return absl::EqualsIgnoreCase(found.name, column.name);
    }));
    return absl::OkStatus();
  }

  // A column whose declared type changes, or that may be NULL now, gives way to a new one: the values go through the
  // new column's affinity. PostgreSQL sends the rows again if it had to compute them anew.
  absl::Status Retype(const Column& before, const Column& after) {
    const TargetColumn* found = Find(after.name);
    const types::Mapping mapping = types::MappingFor(after, overrides_);
    if (found == nullptr || found->generated) return absl::OkStatus();
    const bool type_changed = types::MappingFor(before, overrides_).declared != mapping.declared &&
                              !absl::EqualsIgnoreCase(found->declared, mapping.declared);
    const bool may_be_null = before.not_null && !after.not_null && found->not_null;
    if (!type_changed && !may_be_null) return absl::OkStatus();
    RETURN_IF_ERROR(CheckFree(
        after.name, type_changed ? absl::StrCat("has type \"", after.type, "\" now") : std::string("may be NULL now")));
    const std::string name = QuoteIdentifier(after.name);
    const std::string made = QuoteIdentifier(absl::StrCat(after.name, " (new)"));
    Alter(absl::StrCat("ADD COLUMN ", made, mapping.declared.empty() ? "" : " ", mapping.declared));
    steps_.push_back({absl::StrCat("UPDATE ", table_, " SET ", made, " = ", name)});
    Alter(absl::StrCat("DROP COLUMN ", name));
    Alter(absl::StrCat("RENAME COLUMN ", made, " TO ", name));
    return absl::OkStatus();
  }

  // The key that finds rows must be one here, too: inserts rely on it.
  absl::Status CheckKey(const Relation& before, const Relation& after) {
    const std::vector<std::string> key = KeyColumns(after);
    std::vector<std::string> old_key;
    for (const std::string& name : KeyColumns(before)) {
      for (const Column& column : before.columns) {
        const Column* now = column.name == name ? FindAttnum(after, column.attnum) : nullptr;
        if (now != nullptr) old_key.push_back(now->name);
      }
    }
    if (before.columns.empty() || key == old_key) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        "the key of table \"", target_.name, "\" in PostgreSQL changed from (", absl::StrJoin(KeyColumns(before), ", "),
        ") to (", absl::StrJoin(key, ", "), "), which cannot be followed. Bootstrap the table again"));
  }

  absl::StatusOr<std::vector<FollowStep>> Finish() {
    if (steps_.empty() || policy_ != OnDdl::kStop) return std::move(steps_);
    std::string statements;
    for (const FollowStep& step : steps_) {
      std::string sql = step.sql;
      if (step.text) sql.replace(sql.rfind("?1"), 2, QuoteLiteral(*step.text));
      absl::StrAppend(&statements, statements.empty() ? "" : "; ", sql);
    }
    return absl::FailedPreconditionError(
        absl::StrCat("table \"", target_.name, "\" changed in PostgreSQL, and on_ddl is \"stop\". Run: ", statements));
  }

 private:
  void Alter(absl::string_view what) { steps_.push_back({absl::StrCat("ALTER TABLE ", table_, " ", what)}); }

  const TargetColumn* Find(absl::string_view name) const { return target_.Find(name); }
  TargetColumn* FindMutable(absl::string_view name) { return const_cast<TargetColumn*>(target_.Find(name)); }

  // SQLite drops no column that a key or an index needs.
  absl::Status CheckFree(absl::string_view name, absl::string_view what) const {
    for (const std::vector<std::string>& unique : target_.unique_keys) {
      for (const std::string& part : unique) {
        if (!absl::EqualsIgnoreCase(part, name)) continue;
        return absl::FailedPreconditionError(
            absl::StrCat("column \"", name, "\" of table \"", target_.name, "\" ", what,
                         " in PostgreSQL, but it is part of a key here, which cannot be followed. Bootstrap the table "
                         "again"));
      }
    }
    return absl::OkStatus();
  }

  TargetTable target_;  // as it will be after the steps
  const std::string table_;
  const types::Overrides& overrides_;
  const OnDdl policy_;
  std::vector<FollowStep> steps_;
  std::vector<std::string> waiting_;  // for their new name
};

}  // namespace

bool SameShape(const Relation& a, const Relation& b) {
  if (a.identity != b.identity || a.columns.size() != b.columns.size()) return false;
  for (size_t i = 0; i < a.columns.size(); ++i) {
    Column x = a.columns[i];
    Column y = b.columns[i];
    x.missing.reset();
    y.missing.reset();
    if (!(x == y)) return false;
  }
  return true;
}

absl::StatusOr<std::vector<FollowStep>> FollowSteps(const TargetTable& target, const Relation& before,
                                                    const Relation& after,
                                                    const std::vector<std::pair<std::string, std::string>>& choices,
                                                    OnDdl policy) {
  ASSIGN_OR_RETURN(const types::Overrides overrides, types::Overrides::Parse(choices));
  Follower follower(target, overrides, policy);
  RETURN_IF_ERROR(follower.CheckKey(before, after));
  // Dropped columns go first: an added one may have the name of one of them.
  for (const Column& column : before.columns) {
    if (FindAttnum(after, column.attnum) == nullptr) RETURN_IF_ERROR(follower.Drop(column));
  }
  for (const Column& column : after.columns) {
    const Column* old = FindAttnum(before, column.attnum);
    if (old != nullptr) RETURN_IF_ERROR(follower.Rename(*old, column));
  }
  follower.FinishRenames();
  for (const Column& column : after.columns) {
    const Column* old = FindAttnum(before, column.attnum);
    RETURN_IF_ERROR(old == nullptr ? follower.Add(column) : follower.Retype(*old, column));
  }
  return follower.Finish();
}

absl::Status RunSteps(sqlite3* db, const std::vector<FollowStep>& steps) {
  for (const FollowStep& step : steps) {
    if (!step.text) {
      RETURN_IF_ERROR(sqlite::Execute(db, step.sql));
      continue;
    }
    ASSIGN_OR_RETURN(sqlite::Statement statement, sqlite::Statement::Prepare(db, step.sql));
    types::Scratch scratch;
    types::Value value;
    RETURN_IF_ERROR(step.decoder(*step.text, scratch, &value));
    statement.Bind(1, value);
    RETURN_IF_ERROR(statement.Run());
  }
  return absl::OkStatus();
}

}  // namespace deltamirror::mirror
