#include "mirror/follow.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "mirror/must_be_run.h"
#include "mirror/plan.h"
#include "mirror/rebuild.h"
#include "mirror/retype.h"
#include "mirror/table_definition.h"
#include "mirror/table_steps.h"
#include "quote/quote.h"
#include "sqlite/literal.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"
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

bool SameNames(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const std::string& x, const std::string& y) { return absl::EqualsIgnoreCase(x, y); });
}

// The expression of a value whose column is not called so yet.
constexpr char kPlaceholder[] = "\"?\"";

std::string With(const std::string& value, const std::string& quoted) {
  return absl::StrReplaceAll(value, {{kPlaceholder, quoted}});
}

// Finds the statements for one table.
class Follower {
 public:
  Follower(sqlite3* db, const TargetTable& target, const Relation& before, const Relation& after,
           const FollowOptions& options)
      : db_(db),
        target_(target),
        before_(before),
        after_(after),
        options_(options),
        table_(QuoteQualified(target.schema, target.name)) {}

  absl::Status Run() {
    ASSIGN_OR_RETURN(definition_, ReadTableDefinition(db_, target_.schema, target_.name));
    RETURN_IF_ERROR(FindRetyped());
    FindLoosened();
    key_changed_ = KeyChanged();
    const bool must_rebuild = key_changed_ || MustDropIndexed();
    const bool replace = !must_rebuild && sqlite::HasRunningStatement(db_) && CanReplaceColumns();
    rebuild_ = must_rebuild || (!replace && (!retyped_.empty() || !loosened_.empty()));
    for (const Column& column : before_.columns) {
      if (FindAttnum(after_, column.attnum) == nullptr) Drop(column);
    }
    RenameAll();
    for (const Column& column : after_.columns) {
      if (FindAttnum(before_, column.attnum) == nullptr) RETURN_IF_ERROR(Add(column));
    }
    for (const auto& [attnum, value] : revalued_) {
      const std::string name = QuoteIdentifier(FindAttnum(after_, attnum)->name);
      steps_.push_back({absl::StrCat("UPDATE ", table_, " SET ", name, " = ", With(value, name))});
    }
    if (replace) ReplaceColumns();
    return rebuild_ ? Rebuild() : absl::OkStatus();
  }

  const std::vector<TableStep>& steps() const { return steps_; }
  bool rebuilds() const { return rebuild_; }
  // What a copy of the table would lose.
  std::string Loses() const { return rebuild_ ? definition_.extra : ""; }

 private:
  void Alter(absl::string_view what, bool legacy = false) {
    steps_.push_back({absl::StrCat("ALTER TABLE ", table_, " ", what), legacy});
  }

  absl::Status CopyAgain(absl::string_view what) const {
    return absl::FailedPreconditionError(absl::StrCat(what, ", which cannot be followed. ", options_.remedy));
  }

  const TargetColumn* Find(absl::string_view name) const { return target_.Find(name); }
  TargetColumn* FindMutable(absl::string_view name) { return const_cast<TargetColumn*>(target_.Find(name)); }

  // The columns whose values or declared types change, and how. By their old names in SQLite.
  absl::Status FindRetyped();
  absl::StatusOr<bool> Changes(const std::string& name, const std::string& value) const;
  bool KeyChanged() const;
  void FindLoosened();
  bool MustDropIndexed() const;
  bool IsIndexed(const std::string& name) const;
  bool CanReplaceColumns() const;

  void Drop(const Column& column);
  void RenameAll();
  void Rename(const std::string& name, const std::string& new_name);
  absl::Status Add(const Column& column);
  void ReplaceColumns();
  void Replace(const std::string& name, absl::string_view declared, const std::string& value);
  NewTable Wanted() const;
  absl::Status Rebuild();
  bool IsKeptHere(const TargetColumn& column) const;

  sqlite3* db_;
  TargetTable target_;  // as it is after the statements
  const Relation& before_;
  const Relation& after_;
  const FollowOptions& options_;
  const std::string table_;
  TableDefinition definition_;
  bool key_changed_ = false;
  bool rebuild_ = false;
  std::vector<std::pair<int, std::string>> retyped_;   // attnum, and an expression in which "?" is the column
  std::vector<std::pair<int, std::string>> revalued_;  // the same, of columns whose declared types stay
  std::vector<const Column*> loosened_;                // of before_: NULL was not allowed, and is now
  std::vector<std::string> dropped_;                   // names that wait for the new table
  std::vector<TableStep> steps_;
};

absl::Status Follower::FindRetyped() {
  std::optional<bool> has_rows;
  for (const Column& after : after_.columns) {
    const Column* before = FindAttnum(before_, after.attnum);
    if (before == nullptr || !after.generated.empty()) continue;
    const TargetColumn* found = Find(before->name);
    if (found == nullptr) found = Find(after.name);
    if (found == nullptr) {
      if (before->generated.empty()) continue;  // dropped here by hand
      return CopyAgain(absl::StrCat("column \"", after.name, "\" of table \"", target_.name,
                                    "\" is an ordinary one in PostgreSQL now, and its values are not here"));
    }
    if (found->generated) continue;
    const std::optional<std::string> value = RetypedValue(*before, after, options_.overrides, kPlaceholder);
    const types::Mapping mapping = types::MappingFor(after, options_.overrides);
    const bool redeclared = types::MappingFor(*before, options_.overrides).declared != mapping.declared &&
                            !absl::EqualsIgnoreCase(found->declared, mapping.declared);
    if (value == kPlaceholder && !redeclared) continue;
    if (!value && !has_rows) {
      ASSIGN_OR_RETURN(has_rows, sqlite::QueryInt64(db_, absl::StrCat("SELECT EXISTS (SELECT 1 FROM ", table_, ")")));
    }
    if (!value && *has_rows) {
      return CopyAgain(absl::StrCat("column \"", after.name, "\" of table \"", target_.name, "\" has type \"",
                                    after.type, "\" now, not \"", before->type,
                                    "\" any more, and the stream did not bring its values anew"));
    }
    if (value && !redeclared) {
      ASSIGN_OR_RETURN(const bool changes, Changes(found->name, *value));
      if (changes) revalued_.emplace_back(after.attnum, *value);
    } else if (value || redeclared) {
      retyped_.emplace_back(after.attnum, value.value_or(kPlaceholder));
    }
  }
  return absl::OkStatus();
}

// Whether the expression gives any row another value. If not, somebody has done it already.
absl::StatusOr<bool> Follower::Changes(const std::string& name, const std::string& value) const {
  const std::string column = QuoteIdentifier(name);
  ASSIGN_OR_RETURN(const int64_t changes,
                   sqlite::QueryInt64(db_, absl::StrCat("SELECT EXISTS (SELECT 1 FROM ", table_, " WHERE ", column,
                                                        " IS NOT ", With(value, column), ")")));
  return changes != 0;
}

// Whether the key that finds rows is another one, and not the table's already.
bool Follower::KeyChanged() const {
  if (before_.columns.empty()) return false;
  const std::vector<std::string> key = KeyColumns(after_);
  std::vector<std::string> old_key;   // under its new names
  std::vector<std::string> key_here;  // under the names that the table has
  for (const std::string& name : KeyColumns(before_)) {
    for (const Column& column : before_.columns) {
      if (column.name != name) continue;
      const Column* now = FindAttnum(after_, column.attnum);
      old_key.push_back(now == nullptr ? "" : now->name);
    }
  }
  for (const std::string& name : key) {
    for (const Column& column : after_.columns) {
      if (column.name != name) continue;
      const Column* old = FindAttnum(before_, column.attnum);
      key_here.push_back(old == nullptr || Find(old->name) == nullptr ? name : old->name);
    }
  }
  if (SameNames(key, old_key)) return false;
  if (!target_.has_primary_key) return !key_here.empty();
  return !SameNames(key_here, target_.unique_keys.front());
}

// The columns whose NULLs SQLite would refuse.
void Follower::FindLoosened() {
  for (const Column& before : before_.columns) {
    const TargetColumn* found = Find(before.name);
    if (found == nullptr || !found->not_null) continue;
    const Column* after = FindAttnum(after_, before.attnum);
    const bool loosened = after == nullptr ? options_.policy == OnDdl::kKeep : before.not_null && !after->not_null;
    if (loosened) loosened_.push_back(&before);
  }
}

bool Follower::IsIndexed(const std::string& name) const {
  for (const std::vector<std::string>& unique : target_.unique_keys) {
    for (const std::string& part : unique) {
      if (absl::EqualsIgnoreCase(part, name)) return true;
    }
  }
  return std::any_of(definition_.indexes.begin(), definition_.indexes.end(),
                     [&name](const std::string& index) { return NamesColumn(index, name); });
}

// SQLite drops no column that a key or an index needs.
bool Follower::MustDropIndexed() const {
  if (options_.policy == OnDdl::kKeep) return false;
  return std::any_of(before_.columns.begin(), before_.columns.end(), [this](const Column& column) {
    return FindAttnum(after_, column.attnum) == nullptr && Find(column.name) != nullptr && IsIndexed(column.name);
  });
}

// While a statement runs SQLite drops no table, but it drops columns.
bool Follower::CanReplaceColumns() const {
  return std::all_of(before_.columns.begin(), before_.columns.end(), [this](const Column& column) {
    const bool loosened = std::find(loosened_.begin(), loosened_.end(), &column) != loosened_.end();
    const bool retyped = std::any_of(retyped_.begin(), retyped_.end(),
                                     [&column](const auto& entry) { return entry.first == column.attnum; });
    return !(loosened || retyped) || !IsIndexed(column.name);
  });
}

void Follower::ReplaceColumns() {
  for (const auto& [attnum, value] : retyped_) {
    const Column* after = FindAttnum(after_, attnum);
    Replace(after->name, types::MappingFor(*after, options_.overrides).declared, value);
  }
  for (const Column* before : loosened_) {
    const Column* after = FindAttnum(after_, before->attnum);
    const TargetColumn* found = Find(after == nullptr ? before->name : after->name);
    if (found->not_null) Replace(found->name, found->declared, kPlaceholder);
  }
}

// By a new column of that name, which may be NULL.
void Follower::Replace(const std::string& name, absl::string_view declared, const std::string& value) {
  const std::string old = QuoteIdentifier(name);
  const std::string made = QuoteIdentifier(absl::StrCat(name, " (new)"));
  Alter(absl::StrCat("ADD COLUMN ", made, declared.empty() ? "" : " ", declared));
  steps_.push_back({absl::StrCat("UPDATE ", table_, " SET ", made, " = ", With(value, old))});
  Alter(absl::StrCat("DROP COLUMN ", old), /*legacy=*/true);
  Alter(absl::StrCat("RENAME COLUMN ", made, " TO ", old));
  FindMutable(name)->not_null = false;
}

void Follower::Drop(const Column& column) {
  const TargetColumn* found = Find(column.name);
  if (options_.policy == OnDdl::kKeep || found == nullptr) return;
  if (rebuild_) {
    // It goes with the old table; until then its name may be wanted.
    const std::string name = absl::StrCat(found->name, " (dropped)");
    dropped_.push_back(name);
    return Rename(found->name, name);
  }
  Alter(absl::StrCat("DROP COLUMN ", QuoteIdentifier(found->name)), /*legacy=*/true);
  target_.columns.erase(target_.columns.begin() + (found - target_.columns.data()));
}

void Follower::Rename(const std::string& name, const std::string& new_name) {
  Alter(absl::StrCat("RENAME COLUMN ", QuoteIdentifier(name), " TO ", QuoteIdentifier(new_name)));
  for (std::string& index : definition_.indexes) index = RenameColumn(index, name, new_name);
  FindMutable(name)->name = new_name;  // which may be `name` itself
}

void Follower::RenameAll() {
  std::vector<std::string> waiting;
  for (const Column& after : after_.columns) {
    const Column* before = FindAttnum(before_, after.attnum);
    if (before == nullptr || before->name == after.name) continue;
    const TargetColumn* found = Find(before->name);
    if (found == nullptr) continue;
    // Two columns may have swapped their names: then one waits under a third.
    const TargetColumn* taken = Find(after.name);
    const bool waits = taken != nullptr && taken != found;
    if (waits) waiting.push_back(after.name);
    Rename(found->name, waits ? absl::StrCat(after.name, " (new)") : after.name);
  }
  for (const std::string& name : waiting) Rename(absl::StrCat(name, " (new)"), name);
}

absl::Status Follower::Add(const Column& column) {
  if (Find(column.name) != nullptr) return absl::OkStatus();
  // A generated column need not be here: the stream may not bring it.
  if (column.generated == "virtual") return absl::OkStatus();
  const types::Mapping mapping = types::MappingFor(column, options_.overrides);
  const std::string name = QuoteIdentifier(column.name);
  // Without NOT NULL, which SQLite would not add to a table that has rows.
  Alter(absl::StrCat("ADD COLUMN ", name, mapping.declared.empty() ? "" : " ", mapping.declared));
  target_.columns.push_back({.name = column.name, .declared = std::string(mapping.declared)});
  if (!column.missing) return absl::OkStatus();
  types::Scratch scratch;
  types::Value value;
  RETURN_IF_ERROR(mapping.text(*column.missing, scratch, &value));
  ASSIGN_OR_RETURN(const std::string literal, sqlite::Literal(db_, value));
  steps_.push_back({absl::StrCat("UPDATE ", table_, " SET ", name, " = ", literal)});
  return absl::OkStatus();
}

// A column that PostgreSQL has dropped, and that the user wants to keep.
bool Follower::IsKeptHere(const TargetColumn& column) const {
  const bool known = std::any_of(before_.columns.begin(), before_.columns.end(), [&column](const Column& before) {
    return absl::EqualsIgnoreCase(before.name, column.name);
  });
  const bool there = std::any_of(after_.columns.begin(), after_.columns.end(), [&column](const Column& after) {
    return absl::EqualsIgnoreCase(after.name, column.name);
  });
  return known && !there;
}

NewTable Follower::Wanted() const {
  NewTable wanted;
  wanted.dropped = dropped_;
  std::vector<std::pair<int, std::string>> key;
  for (const TargetColumn& column : target_.columns) {
    if (column.pk > 0) key.emplace_back(column.pk, column.name);
    if (std::find(dropped_.begin(), dropped_.end(), column.name) != dropped_.end()) continue;
    RebuiltColumn& rebuilt = wanted.columns.emplace_back();
    rebuilt.column = column;
    rebuilt.value = QuoteIdentifier(column.name);
    if (IsKeptHere(column)) rebuilt.column.not_null = false;
    for (const Column& after : after_.columns) {
      if (!absl::EqualsIgnoreCase(after.name, column.name)) continue;
      rebuilt.column.not_null = column.not_null && after.not_null;
      for (const auto& [attnum, value] : retyped_) {
        if (attnum != after.attnum) continue;
        rebuilt.column.declared = std::string(types::MappingFor(after, options_.overrides).declared);
        rebuilt.value = With(value, rebuilt.value);
      }
    }
  }
  if (key_changed_) {
    wanted.key = KeyColumns(after_);
    return wanted;
  }
  std::sort(key.begin(), key.end());
  for (auto& [place, name] : key) wanted.key.push_back(std::move(name));
  return wanted;
}

absl::Status Follower::Rebuild() {
  if (definition_.referenced) {
    return absl::FailedPreconditionError(
        absl::StrCat("table \"", target_.name,
                     "\" changed in PostgreSQL, so that it must be made anew, and foreign keys of other tables lead to "
                     "it. Run: PRAGMA foreign_keys = OFF, and start again"));
  }
  steps_.push_back({"PRAGMA legacy_alter_table = ON"});
  for (std::string& sql : RebuildStatements(target_, definition_, Wanted())) steps_.push_back({std::move(sql), true});
  steps_.push_back({"PRAGMA legacy_alter_table = OFF"});
  return absl::OkStatus();
}

}  // namespace

absl::Status FollowShape(sqlite3* db, const TargetTable& target, const Relation& before, const Relation& after,
                         const FollowOptions& options) {
  Follower follower(db, target, before, after, options);
  RETURN_IF_ERROR(follower.Run());
  const std::vector<TableStep>& steps = follower.steps();
  if (steps.empty()) return absl::OkStatus();
  if (options.policy == OnDdl::kStop) return StepsMustBeRun(target.name, kOnDdlIsStop, steps);
  if (!follower.Loses().empty()) {
    return StepsMustBeRun(
        target.name,
        absl::StrCat("its ", follower.Loses(), " would be lost when it is made anew. Add that to these statements"),
        steps);
  }
  if (follower.rebuilds() && sqlite::HasRunningStatement(db)) {
    return StepsMustBeRun(target.name, "SQLite replaces no table while a statement runs", steps);
  }
  return RunSteps(db, steps);
}

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

}  // namespace deltamirror::mirror
