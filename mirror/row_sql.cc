#include "mirror/row_sql.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "quote/quote.h"
#include "sqlite/row_source.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

bool Contains(const std::vector<int>& indexes, int index) {
  return std::find(indexes.begin(), indexes.end(), index) != indexes.end();
}

std::string Name(const Plan& plan, int index) {
  return QuoteIdentifier(plan.columns[index].name);
}

std::string NameList(const Plan& plan, const std::vector<int>& indexes) {
  std::string list;
  for (const int index : indexes) absl::StrAppend(&list, list.empty() ? "" : ",", Name(plan, index));
  return list;
}

// What to do with a row that has the key already. An insert is a whole row: what it does not bring is NULL or the
// default (the original plugin leaves NULLs out).
std::string ConflictClause(const Plan& plan, bool ignore) {
  std::string assignments;
  for (size_t i = 0; i < plan.columns.size() && !ignore; ++i) {
    if (plan.columns[i].generated || Contains(plan.conflict, static_cast<int>(i))) continue;
    const std::string name = Name(plan, static_cast<int>(i));
    absl::StrAppend(&assignments, assignments.empty() ? "" : ",", name, "=excluded.", name);
  }
  return absl::StrCat(" ON CONFLICT(", NameList(plan, plan.conflict), ") DO ",
                      assignments.empty() ? "NOTHING" : absl::StrCat("UPDATE SET ", assignments));
}

std::string InsertSql(const Plan& plan, OnConflict policy, const std::vector<int>& columns) {
  std::string names;
  std::string values;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (plan.columns[columns[i]].generated) continue;
    absl::StrAppend(&names, names.empty() ? "" : ",", Name(plan, columns[i]));
    absl::StrAppend(&values, values.empty() ? "?" : ",?", i + 1);
  }
  const bool upsert = !plan.conflict.empty() && policy != OnConflict::kError;
  // A row that is in the way in another unique index must go, too. Without such an index the word is left out: it
  // would also turn a NULL that is not allowed into the column's default.
  const bool or_replace = policy == OnConflict::kReplace && plan.has_other_unique;
  return absl::StrCat("INSERT ", or_replace ? "OR REPLACE " : "", "INTO ", plan.table,
                      names.empty() ? " DEFAULT VALUES" : absl::StrCat("(", names, ") VALUES(", values, ")"),
                      upsert && !names.empty() ? ConflictClause(plan, policy == OnConflict::kIgnore) : "");
}

// The key among the columns that came; their parameters begin behind `offset`.
absl::StatusOr<std::string> KeyCondition(const Plan& plan, const std::vector<int>& columns, size_t offset) {
  std::string condition;
  for (const int key : plan.key) {
    const auto found = std::find(columns.begin(), columns.end(), key);
    if (found == columns.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the line does not tell which row of table \"", plan.name, "\" it is for: key column \"",
          plan.columns[key].name,
          "\" is missing. The table's replica identity in PostgreSQL must bring it: ALTER TABLE ... REPLICA IDENTITY. "
          "Then: ",
          plan.remedy));
    }
    absl::StrAppend(&condition, condition.empty() ? " WHERE " : " AND ", Name(plan, key), "=?",
                    offset + (found - columns.begin()) + 1);
  }
  return condition;
}

// All of the conditions. SQLite takes an expression that is at most 1,000 deep, and each AND is one deeper than the one
// before it: many conditions stand in groups.
std::string All(const std::vector<std::string>& conditions) {
  constexpr size_t kGroup = 50;
  if (conditions.size() <= kGroup) return absl::StrJoin(conditions, " AND ");
  std::string all;
  for (size_t first = 0; first < conditions.size(); first += kGroup) {
    const auto begin = conditions.begin() + static_cast<int64_t>(first);
    const auto end = conditions.begin() + static_cast<int64_t>(std::min(first + kGroup, conditions.size()));
    absl::StrAppend(&all, all.empty() ? "(" : " AND (", absl::StrJoin(begin, end, " AND "), ")");
  }
  return all;
}

// One of the rows that equal all columns that came.
absl::StatusOr<std::string> RowCondition(const Plan& plan, const std::vector<int>& columns, size_t offset) {
  if (columns.empty() || !plan.by_row) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the line does not tell which row of table \"", plan.name,
        "\" it is for. Without a key the table needs ALTER TABLE ... REPLICA IDENTITY FULL in PostgreSQL. Then: ",
        plan.remedy));
  }
  if (plan.rowid.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "table \"", plan.name,
        "\" has columns rowid, _rowid_ and oid, which leaves no name for the number of a row in SQLite, and no key. "
        "Rename one of them, or add a primary key, in PostgreSQL. Then: ",
        plan.remedy));
  }
  std::vector<std::string> conditions;
  for (size_t i = 0; i < columns.size(); ++i) {
    conditions.push_back(absl::StrCat(Name(plan, columns[i]), " IS ?", offset + i + 1));
  }
  return absl::StrCat(" WHERE ", plan.rowid, "=(SELECT ", plan.rowid, " FROM ", plan.table, " WHERE ", All(conditions),
                      " LIMIT 1)");
}

absl::StatusOr<std::string> Condition(const Plan& plan, const std::vector<int>& columns, size_t offset) {
  return plan.key.empty() ? RowCondition(plan, columns, offset) : KeyCondition(plan, columns, offset);
}

// `with_key`: the key changes, too.
std::string Assignments(const Plan& plan, const std::vector<int>& columns, bool with_key) {
  std::string assignments;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (plan.columns[columns[i]].generated || (!with_key && Contains(plan.key, columns[i]))) continue;
    absl::StrAppend(&assignments, assignments.empty() ? "" : ",", Name(plan, columns[i]), "=?", i + 1);
  }
  if (!assignments.empty()) return assignments;
  // Nothing to set, but whether the row is there must be known.
  const std::string name = Name(plan, plan.key.empty() ? columns.front() : plan.key.front());
  return absl::StrCat(name, "=", name);
}

absl::StatusOr<std::string> UpdateSql(const Plan& plan, bool or_replace, const std::vector<int>& columns,
                                      absl::StatusOr<std::string> condition, bool with_key) {
  RETURN_IF_ERROR(condition.status());
  return absl::StrCat("UPDATE ", or_replace ? "OR REPLACE " : "", plan.table, " SET ",
                      Assignments(plan, columns, with_key), *condition);
}

}  // namespace

absl::StatusOr<std::string> RowSql(const Plan& plan, RowAction action, OnConflict policy,
                                   const std::vector<int>& columns, const std::vector<int>& old) {
  switch (action) {
    case RowAction::kInsert:
      return InsertSql(plan, policy, columns);
    case RowAction::kUpsert:
      return InsertSql(plan, OnConflict::kReplace, columns);
    case RowAction::kUpdate:
      if (plan.key.empty()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "the line does not tell which row of table \"", plan.name,
            "\" it is for. The table needs a primary key here, or ALTER TABLE ... REPLICA IDENTITY FULL in "
            "PostgreSQL. Then: ",
            plan.remedy));
      }
      return UpdateSql(plan, policy == OnConflict::kReplace && plan.has_other_unique, columns,
                       KeyCondition(plan, columns, 0), /*with_key=*/false);
    case RowAction::kMove:
      return UpdateSql(plan, /*or_replace=*/false, columns, Condition(plan, old, columns.size()), /*with_key=*/true);
    case RowAction::kDelete: {
      ASSIGN_OR_RETURN(const std::string condition, Condition(plan, columns, 0));
      return absl::StrCat("DELETE FROM ", plan.table, condition);
    }
  }
  return absl::InternalError("unknown row action");
}

std::string RunSql(const Plan& plan, RunKind kind, const std::vector<int>& columns) {
  std::string names;
  std::string values;
  for (size_t i = 0; i < columns.size(); ++i) {
    const bool used = kind == RunKind::kDelete ? Contains(plan.key, columns[i]) : !plan.columns[columns[i]].generated;
    if (!used) continue;
    absl::StrAppend(&names, names.empty() ? "" : ",", Name(plan, columns[i]));
    absl::StrAppend(&values, values.empty() ? "c" : ",c", i);
  }
  if (kind == RunKind::kDelete) {
    return absl::StrCat("DELETE FROM ", plan.table, " WHERE (", names, ") IN (SELECT ", values, " FROM ",
                        sqlite::RowTable(columns.size()), "(?1))");
  }
  return absl::StrCat("INSERT OR FAIL INTO ", plan.table, "(", names, ") SELECT ", values, " FROM ",
                      sqlite::RowTable(columns.size()), "(?1)",
                      plan.conflict.empty() ? "" : absl::StrCat(" WHERE true", ConflictClause(plan, /*ignore=*/false)));
}

}  // namespace deltamirror::mirror
