#include "postgres/saved_schema.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "postgres/column_row.h"
#include "postgres/schema.h"
#include "quote/quote.h"
#include "status/status_macros.h"

namespace deltamirror::postgres {
namespace {

using types::TableList;

// $1: the time; behind it the condition for the list. What was saved in one transaction has one time.
constexpr char kTables[] =
    "SELECT DISTINCT ON (t.schema, t.\"table\") t.id, t.schema, t.\"table\", t.relid, t.identity, t.system_identifier,"
    " t.database FROM deltamirror.saved_table t WHERE t.saved_at <= coalesce($1::pg_catalog.timestamptz, 'infinity')"
    " AND (";
constexpr char kTablesOrder[] = ") ORDER BY t.schema, t.\"table\", t.saved_at DESC, t.id DESC";

// The last one of that table, by whatever name.
constexpr char kLastName[] =
    "NOT EXISTS (SELECT 1 FROM deltamirror.saved_table l WHERE l.relid = t.relid AND l.database = t.database"
    " AND l.system_identifier = t.system_identifier AND (l.saved_at, l.id) > (t.saved_at, t.id)"
    " AND l.saved_at <= coalesce($1::pg_catalog.timestamptz, 'infinity'))";

constexpr char kColumns[] =
    "SELECT table_id, attnum, \"column\", type, oid, elem, pk, key, not_null, generated, missing"
    " FROM deltamirror.saved_column WHERE table_id IN (";
constexpr char kColumnsOrder[] = ") ORDER BY table_id, attnum";

std::string Condition(const TableList::Entry& entry) {
  if (entry.table) {
    return absl::StrCat("(t.schema = ", QuoteLiteral(*entry.schema), " AND t.\"table\" = ", QuoteLiteral(*entry.table),
                        ")");
  }
  return absl::StrCat("(", entry.schema ? absl::StrCat("t.schema = ", QuoteLiteral(*entry.schema), " AND ") : "",
                      kLastName, ")");
}

absl::Status CheckThere(Connection& connection) {
  ASSIGN_OR_RETURN(const Result there, connection.Query("SELECT pg_catalog.to_regclass('deltamirror.saved_column') IS"
                                                        " NOT NULL, pg_catalog.current_database()"));
  if (there.rows() == 1 && there.text(0, 0) == "t") return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("no schema was saved in database \"",
                                          there.rows() == 1 ? there.text(0, 1) : "",
                                          "\". Save it with pg_schema_save"));
}

absl::Status CheckAllFound(const TableList& list, const std::vector<SavedTable>& tables, const std::string& before) {
  for (const TableList::Entry& entry : list.entries()) {
    const bool found = std::any_of(tables.begin(), tables.end(), [&entry](const SavedTable& table) {
      return (!entry.schema || *entry.schema == table.relation.schema) &&
             (!entry.table || *entry.table == table.relation.table);
    });
    if (found) continue;
    const std::string what = entry.table
                                 ? absl::StrCat("table \"", types::TargetName(*entry.schema, *entry.table), "\"")
                             : entry.schema ? absl::StrCat("no table of schema \"", *entry.schema, "\"")
                                            : "no table";
    return absl::NotFoundError(absl::StrCat(what, " was ", entry.table ? "not " : "", "saved",
                                            before.empty() ? "" : " at or before ", before,
                                            ". pg_schema_save saves tables as they are when it is called"));
  }
  return absl::OkStatus();
}

absl::Status ReadColumns(Connection& connection, const std::map<int64_t, size_t>& places,
                         std::vector<SavedTable>* tables) {
  if (places.empty()) return absl::OkStatus();
  const std::string ids = absl::StrJoin(
      places, ",",
      [](std::string* out, const std::pair<const int64_t, size_t>& place) { absl::StrAppend(out, place.first); });
  ASSIGN_OR_RETURN(const Result result, connection.Query(absl::StrCat(kColumns, ids, kColumnsOrder)));
  for (int row = 0; row < result.rows(); ++row) {
    ASSIGN_OR_RETURN(const int64_t id, ReadNumber<int64_t>(result, row, 0));
    const auto place = places.find(id);
    if (place == places.end()) return absl::InternalError("deltamirror.saved_column gave columns of another table");
    ASSIGN_OR_RETURN(types::Column column, ReadColumn(result, row));
    (*tables)[place->second].relation.columns.push_back(std::move(column));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<SavedTable>> ReadSavedTables(Connection& connection, const TableList& list,
                                                        const std::string& before) {
  RETURN_IF_ERROR(CheckThere(connection));
  const std::string conditions =
      absl::StrJoin(list.entries(), " OR ",
                    [](std::string* out, const TableList::Entry& entry) { absl::StrAppend(out, Condition(entry)); });
  const std::optional<std::string> time = before.empty() ? std::nullopt : std::optional<std::string>(before);
  ASSIGN_OR_RETURN(const Result result, connection.Query(absl::StrCat(kTables, conditions, kTablesOrder), {time}));
  std::vector<SavedTable> tables;
  std::map<int64_t, size_t> places;  // by the number in saved_table
  for (int row = 0; row < result.rows(); ++row) {
    ASSIGN_OR_RETURN(const int64_t id, ReadNumber<int64_t>(result, row, 0));
    SavedTable table;
    table.relation.schema = std::string(result.text(row, 1));
    table.relation.table = std::string(result.text(row, 2));
    ASSIGN_OR_RETURN(table.relation.relid, ReadNumber<uint32_t>(result, row, 3));
    ASSIGN_OR_RETURN(table.relation.identity, IdentityNamed(result.text(row, 4)));
    table.server = {std::string(result.text(row, 5)), std::string(result.text(row, 6))};
    places[id] = tables.size();
    tables.push_back(std::move(table));
  }
  RETURN_IF_ERROR(CheckAllFound(list, tables, before));
  RETURN_IF_ERROR(ReadColumns(connection, places, &tables));
  return tables;
}

}  // namespace deltamirror::postgres
