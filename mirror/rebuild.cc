#include "mirror/rebuild.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "quote/quote.h"

namespace deltamirror::mirror {
namespace {

bool IsInKey(const NewTable& wanted, const TargetColumn& column) {
  return std::any_of(wanted.key.begin(), wanted.key.end(),
                     [&column](const std::string& key) { return absl::EqualsIgnoreCase(key, column.name); });
}

std::string ColumnDefinition(const NewTable& wanted, const TargetColumn& column, bool strict) {
  std::string text = QuoteIdentifier(column.name);
  const std::string type = column.declared.empty() && strict ? "ANY" : column.declared;
  if (!type.empty()) absl::StrAppend(&text, " ", type);
  const bool in_key = IsInKey(wanted, column);
  const bool is_key = in_key && wanted.key.size() == 1;
  // An INTEGER PRIMARY KEY is the rowid, and never NULL.
  const bool is_rowid = is_key && absl::EqualsIgnoreCase(type, "INTEGER");
  if ((column.not_null || in_key) && !is_rowid) absl::StrAppend(&text, " NOT NULL");
  if (!column.default_value.empty()) absl::StrAppend(&text, " DEFAULT (", column.default_value, ")");
  if (is_key) absl::StrAppend(&text, " PRIMARY KEY");
  return text;
}

std::string CreateStatement(const std::string& table, const TableDefinition& definition, const NewTable& wanted) {
  std::vector<std::string> parts;
  for (const RebuiltColumn& column : wanted.columns) {
    if (!column.column.generated) parts.push_back(ColumnDefinition(wanted, column.column, definition.strict));
  }
  if (wanted.key.size() > 1) {
    const auto quoted = [](std::string* out, const std::string& name) { absl::StrAppend(out, QuoteIdentifier(name)); };
    parts.push_back(absl::StrCat("PRIMARY KEY (", absl::StrJoin(wanted.key, ", ", quoted), ")"));
  }
  std::vector<std::string> options;
  if (definition.without_rowid && !wanted.key.empty()) options.emplace_back("WITHOUT ROWID");
  if (definition.strict) options.emplace_back("STRICT");
  return absl::StrCat("CREATE TABLE ", table, " (", absl::StrJoin(parts, ", "), ")", options.empty() ? "" : " ",
                      absl::StrJoin(options, ", "));
}

}  // namespace

std::vector<std::string> RebuildStatements(const TargetTable& old, const TableDefinition& definition,
                                           const NewTable& wanted) {
  const std::string table = QuoteQualified(old.schema, old.name);
  const std::string made = QuoteQualified(old.schema, absl::StrCat(old.name, " (new)"));
  std::string names;
  std::string values;
  for (const RebuiltColumn& column : wanted.columns) {
    if (column.column.generated) continue;
    absl::StrAppend(&names, names.empty() ? "" : ", ", QuoteIdentifier(column.column.name));
    absl::StrAppend(&values, values.empty() ? "" : ", ", column.value);
  }
  std::vector<std::string> statements = {
      CreateStatement(made, definition, wanted),
      absl::StrCat("INSERT INTO ", made, " (", names, ") SELECT ", values, " FROM ", table),
      absl::StrCat("DROP TABLE ", table),
      absl::StrCat("ALTER TABLE ", made, " RENAME TO ", QuoteIdentifier(old.name)),
  };
  for (const std::string& index : definition.indexes) {
    const bool dropped = std::any_of(wanted.dropped.begin(), wanted.dropped.end(),
                                     [&index](const std::string& name) { return NamesColumn(index, name); });
    if (!dropped) statements.push_back(index);
  }
  statements.insert(statements.end(), definition.triggers.begin(), definition.triggers.end());
  return statements;
}

}  // namespace deltamirror::mirror
