#include "copy/target.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "quote/quote.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"

namespace deltamirror::copy {
namespace {

// One name off the front of a text: in any of the quotes that SQLite takes, or up to the next dot.
bool TakeName(absl::string_view* text, std::string* name) {
  name->clear();
  if (text->empty()) return false;
  const char open = text->front();
  if (open != '"' && open != '`' && open != '[') {
    const size_t end = std::min(text->find('.'), text->size());
    *name = std::string(absl::StripAsciiWhitespace(text->substr(0, end)));
    text->remove_prefix(end);
    return !name->empty();
  }
  const char close = open == '[' ? ']' : open;
  for (size_t i = 1; i < text->size(); ++i) {
    if ((*text)[i] == close) {
      const bool doubled = close != ']' && i + 1 < text->size() && (*text)[i + 1] == close;
      if (!doubled) {
        text->remove_prefix(i + 1);
        return !name->empty();
      }
      ++i;
    }
    name->push_back((*text)[i]);
  }
  return false;
}

absl::Status InvalidName(absl::string_view name) {
  return absl::InvalidArgumentError(absl::StrCat("invalid table name \"", name,
                                                 "\", expected table or database.table. Quote a name with a dot in "
                                                 "it"));
}

// temp first, as SQLite looks names up.
absl::StatusOr<std::vector<std::string>> Databases(sqlite3* db) {
  std::vector<std::string> names = {"temp"};
  ASSIGN_OR_RETURN(sqlite::Statement list, sqlite::Statement::Prepare(db, "PRAGMA database_list"));
  while (true) {
    ASSIGN_OR_RETURN(const bool row, list.Step());
    if (!row) break;
    if (list.ColumnText(1) != "temp") names.emplace_back(list.ColumnText(1));
  }
  return names;
}

absl::Status CheckShape(const TableShape& shape) {
  if (shape.columns.empty()) return absl::InvalidArgumentError("cannot create a table without columns");
  std::set<std::string> seen;
  for (const NewColumn& column : shape.columns) {
    if (!seen.insert(absl::AsciiStrToLower(column.name)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot create column \"", column.name,
                       "\": another column has this name (SQLite does not tell upper from lower case). Rename it "
                       "with AS in a query, or give the names with option \"columns\""));
    }
  }
  for (const std::string& key : shape.primary_key) {
    if (seen.count(absl::AsciiStrToLower(key)) == 0) {
      return absl::InvalidArgumentError(absl::StrCat("primary key column \"", key, "\" is not among the columns"));
    }
  }
  if (shape.without_rowid && shape.primary_key.empty()) {
    return absl::InvalidArgumentError(
        "option \"without_rowid\" needs a primary key. Give it with option \"primary_key\"");
  }
  return absl::OkStatus();
}

bool IsKey(const TableShape& shape, absl::string_view name) {
  return std::any_of(shape.primary_key.begin(), shape.primary_key.end(),
                     [name](const std::string& key) { return absl::EqualsIgnoreCase(key, name); });
}

std::string ColumnDefinition(const TableShape& shape, const NewColumn& column) {
  std::string text = QuoteIdentifier(column.name);
  if (!column.type.empty()) absl::StrAppend(&text, " ", column.type);
  const bool key = IsKey(shape, column.name);
  if (key && shape.primary_key.size() == 1 && absl::EqualsIgnoreCase(column.type, "INTEGER")) {
    return absl::StrCat(text, " PRIMARY KEY");
  }
  if (key || column.not_null) absl::StrAppend(&text, " NOT NULL");
  if (key && shape.primary_key.size() == 1) absl::StrAppend(&text, " PRIMARY KEY");
  return text;
}

}  // namespace

std::string Target::Quoted() const {
  return QuoteQualified(schema, table);
}

std::string Target::Shown() const {
  return schema == "main" ? table : absl::StrCat(schema, ".", table);
}

absl::Status CheckTableName(absl::string_view name) {
  if (name.empty()) return InvalidName(name);
  if (absl::StartsWithIgnoreCase(name, "sqlite_")) {
    return absl::InvalidArgumentError(absl::StrCat("cannot write to table \"", name,
                                                   "\": SQLite keeps names that begin with sqlite_ for itself. Choose "
                                                   "another name"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Target> FindTarget(sqlite3* db, absl::string_view name) {
  absl::string_view rest = absl::StripAsciiWhitespace(name);
  Target target;
  if (!TakeName(&rest, &target.table)) return InvalidName(name);
  if (!rest.empty()) {
    if (rest.front() != '.') return InvalidName(name);
    rest.remove_prefix(1);
    target.schema = std::move(target.table);
    if (!TakeName(&rest, &target.table) || !rest.empty()) return InvalidName(name);
  }
  RETURN_IF_ERROR(CheckTableName(target.table));
  ASSIGN_OR_RETURN(const std::vector<std::string> databases, Databases(db));
  for (const std::string& database : databases) {
    if (!target.schema.empty()) {
      if (!absl::EqualsIgnoreCase(database, target.schema)) continue;
      target.schema = database;
      return target;
    }
    ASSIGN_OR_RETURN(const auto columns, TargetColumns(db, {database, target.table}));
    if (!columns.empty()) return Target{database, target.table};
  }
  if (target.schema.empty()) return Target{"main", target.table};
  return absl::NotFoundError(absl::StrCat("no attached database \"", target.schema, "\" for table \"", name,
                                          "\", expected one of \"", absl::StrJoin(databases, "\", \""), "\""));
}

absl::StatusOr<std::vector<TargetColumn>> TargetColumns(sqlite3* db, const Target& target) {
  ASSIGN_OR_RETURN(sqlite::Statement list,
                   sqlite::Statement::Prepare(db, absl::StrCat("PRAGMA ", QuoteIdentifier(target.schema),
                                                               ".table_xinfo(", QuoteIdentifier(target.table), ")")));
  std::vector<TargetColumn> columns;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, list.Step());
    if (!row) return columns;
    TargetColumn column;
    column.name = std::string(list.ColumnText(1));
    column.type = std::string(list.ColumnText(2));
    column.pk = static_cast<int>(list.ColumnInt64(5));
    column.generated = list.ColumnInt64(6) >= 2;
    // 1 is a hidden column of a virtual table.
    if (list.ColumnInt64(6) != 1) columns.push_back(std::move(column));
  }
}

absl::Status CreateTable(sqlite3* db, const Target& target, const TableShape& shape) {
  ASSIGN_OR_RETURN(const std::string sql, CreateTableSql(target, shape));
  return sqlite::Execute(db, sql);
}

absl::StatusOr<std::string> CreateTableSql(const Target& target, const TableShape& shape) {
  RETURN_IF_ERROR(CheckShape(shape));
  std::vector<std::string> parts;
  for (const NewColumn& column : shape.columns) parts.push_back(ColumnDefinition(shape, column));
  if (shape.primary_key.size() > 1) {
    const auto quoted = [](std::string* out, const std::string& key) { absl::StrAppend(out, QuoteIdentifier(key)); };
    parts.push_back(absl::StrCat("PRIMARY KEY (", absl::StrJoin(shape.primary_key, ", ", quoted), ")"));
  }
  std::vector<std::string> suffixes;
  if (shape.without_rowid) suffixes.emplace_back(" WITHOUT ROWID");
  if (shape.strict) suffixes.emplace_back(" STRICT");
  return absl::StrCat("CREATE TABLE ", target.Quoted(), " (", absl::StrJoin(parts, ", "), ")",
                      absl::StrJoin(suffixes, ","));
}

}  // namespace deltamirror::copy
