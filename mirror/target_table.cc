#include "mirror/target_table.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "quote/quote.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

using sqlite::Statement;

// pragma_table_xinfo's column "hidden".
constexpr int kGeneratedVirtual = 2;
constexpr int kGeneratedStored = 3;

absl::StatusOr<bool> FindTable(sqlite3* db, TargetTable* table) {
  ASSIGN_OR_RETURN(
      Statement query,
      Statement::Prepare(
          db, absl::StrCat("SELECT name, type, rootpage FROM ", QuoteQualified(table->schema, "sqlite_master"),
                           " WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')")));
  query.BindText(1, table->name);
  ASSIGN_OR_RETURN(const bool row, query.Step());
  if (!row) return false;
  if (query.ColumnText(1) == "view" || query.ColumnInt64(2) == 0) {
    return absl::FailedPreconditionError(absl::StrCat("\"", table->name, "\" is a ",
                                                      query.ColumnText(1) == "view" ? "view" : "virtual table",
                                                      ", expected an ordinary table"));
  }
  const std::string name(query.ColumnText(0));
  query.Reset();
  table->name = name;
  return true;
}

absl::Status ReadColumns(sqlite3* db, TargetTable* table) {
  ASSIGN_OR_RETURN(
      Statement query,
      Statement::Prepare(db, "SELECT name, type, pk, hidden, \"notnull\", dflt_value FROM pragma_table_xinfo(?1, ?2)"));
  query.BindText(1, table->name);
  query.BindText(2, table->schema);
  std::vector<std::pair<int, std::string>> primary;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, query.Step());
    if (!row) break;
    TargetColumn column;
    column.name = std::string(query.ColumnText(0));
    column.declared = std::string(query.ColumnText(1));
    column.pk = static_cast<int>(query.ColumnInt64(2));
    const int64_t hidden = query.ColumnInt64(3);
    column.generated = hidden == kGeneratedVirtual || hidden == kGeneratedStored;
    column.not_null = query.ColumnInt64(4) != 0;
    column.default_value = std::string(query.ColumnText(5));
    column.is_binary = sqlite::Collation(db, table->schema, table->name, column.name) == "BINARY";
    if (column.pk > 0) primary.emplace_back(column.pk, column.name);
    table->columns.push_back(std::move(column));
  }
  if (primary.empty()) return absl::OkStatus();
  std::sort(primary.begin(), primary.end());
  table->has_primary_key = true;
  auto& key = table->unique_keys.emplace_back();
  for (auto& [place, name] : primary) key.push_back(std::move(name));
  return absl::OkStatus();
}

absl::Status ReadUniqueIndexes(sqlite3* db, TargetTable* table) {
  ASSIGN_OR_RETURN(Statement list,
                   Statement::Prepare(db,
                                      "SELECT name FROM pragma_index_list(?1, ?2)"
                                      " WHERE \"unique\" = 1 AND partial = 0 AND origin <> 'pk' ORDER BY seq"));
  ASSIGN_OR_RETURN(Statement info, Statement::Prepare(db, "SELECT name FROM pragma_index_info(?1, ?2) ORDER BY seqno"));
  list.BindText(1, table->name);
  list.BindText(2, table->schema);
  while (true) {
    ASSIGN_OR_RETURN(const bool row, list.Step());
    if (!row) return absl::OkStatus();
    const std::string index(list.ColumnText(0));
    info.BindText(1, index);
    info.BindText(2, table->schema);
    std::vector<std::string> key;
    bool plain = true;
    while (true) {
      ASSIGN_OR_RETURN(const bool column, info.Step());
      if (!column) break;
      plain = plain && !info.ColumnIsNull(0);  // NULL: an expression
      key.emplace_back(info.ColumnText(0));
    }
    if (plain) table->unique_keys.push_back(std::move(key));
  }
}

absl::StatusOr<bool> HasRows(sqlite3* db, const std::string& sql, const TargetTable& table) {
  ASSIGN_OR_RETURN(Statement query, Statement::Prepare(db, sql));
  for (int i = 1; i <= query.parameter_count(); ++i) query.BindText(i, i == 1 ? table.name : table.schema);
  return query.Step();
}

absl::Status FindDependents(sqlite3* db, TargetTable* table) {
  const std::string master = QuoteQualified(table->schema, "sqlite_master");
  ASSIGN_OR_RETURN(const bool triggers,
                   HasRows(db,
                           absl::StrCat("SELECT 1 FROM (SELECT type, tbl_name FROM ", master,
                                        " UNION ALL SELECT type, tbl_name FROM sqlite_temp_master)"
                                        " WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE"),
                           *table));
  ASSIGN_OR_RETURN(const bool partial,
                   HasRows(db,
                           "SELECT 1 FROM pragma_index_list(?1, ?2) AS i WHERE \"unique\" = 1 AND (partial = 1"
                           " OR EXISTS (SELECT 1 FROM pragma_index_info(i.name, ?2) WHERE name IS NULL))",
                           *table));
  table->has_dependents = triggers || partial;
  ASSIGN_OR_RETURN(const int64_t keys_are_on, sqlite::QueryInt64(db, "PRAGMA foreign_keys"));
  if (table->has_dependents || keys_are_on == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(table->has_dependents,
                   HasRows(db,
                           absl::StrCat("SELECT 1 FROM ", master,
                                        " AS m, pragma_foreign_key_list(m.name, ?2) AS f WHERE m.type ="
                                        " 'table' AND (m.name = ?1 COLLATE NOCASE OR f.\"table\" = ?1 COLLATE NOCASE)"),
                           *table));
  return absl::OkStatus();
}

}  // namespace

const TargetColumn* TargetTable::Find(absl::string_view column) const {
  for (const TargetColumn& candidate : columns) {
    if (absl::EqualsIgnoreCase(candidate.name, column)) return &candidate;
  }
  return nullptr;
}

absl::StatusOr<std::optional<TargetTable>> ReadTargetTable(sqlite3* db, absl::string_view schema,
                                                           absl::string_view name) {
  TargetTable table;
  table.schema = std::string(schema);
  table.name = std::string(name);
  ASSIGN_OR_RETURN(const bool found, FindTable(db, &table));
  if (!found) return std::nullopt;
  RETURN_IF_ERROR(ReadColumns(db, &table));
  RETURN_IF_ERROR(ReadUniqueIndexes(db, &table));
  RETURN_IF_ERROR(FindDependents(db, &table));
  return table;
}

absl::StatusOr<int64_t> SchemaVersion(sqlite3* db, absl::string_view schema) {
  ASSIGN_OR_RETURN(const int64_t version,
                   sqlite::QueryInt64(db, absl::StrCat("PRAGMA ", QuoteIdentifier(schema), ".schema_version")));
  ASSIGN_OR_RETURN(const int64_t temporary, sqlite::QueryInt64(db, "PRAGMA temp.schema_version"));
  ASSIGN_OR_RETURN(const int64_t keys_are_on, sqlite::QueryInt64(db, "PRAGMA foreign_keys"));
  constexpr int kBits = 31;
  return (version & ((int64_t{1} << kBits) - 1)) | temporary << kBits | keys_are_on << (2 * kBits);
}

}  // namespace deltamirror::mirror
