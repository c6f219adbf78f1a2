#include "postgres/schema.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "postgres/column_row.h"
#include "quote/quote.h"
#include "status/status_macros.h"

namespace deltamirror::postgres {
namespace {

using types::TableList;

// Behind it the condition for the list. The columns are read by ReadRows.
constexpr char kTables[] =
    "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence = 'u', c.relreplident, rn.nspname, r.relname,"
    " c.relkind = 'r' AND EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid),"
    " c.reltuples::int8"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_catalog.pg_class r ON c.relispartition AND r.oid = pg_catalog.pg_partition_root(c.oid)"
    " LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace"
    " WHERE c.relkind NOT IN ('i', 'I', 't', 'c') AND (";
constexpr char kTablesOrder[] = ") ORDER BY n.nspname, c.relname";

// A wildcard takes what FOR ALL TABLES takes.
constexpr char kOrdinary[] = "c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND NOT c.relispartition";

// Domains may be made of domains: base says what is at the bottom. An index keeps its columns in an int2vector, which
// counts from 0. A primary key that is DEFERRABLE identifies no rows.
constexpr char kColumns[] =
    "WITH RECURSIVE walk(id, base) AS ("
    " SELECT oid, typbasetype FROM pg_catalog.pg_type WHERE typtype = 'd'"
    " UNION ALL SELECT w.id, t.typbasetype FROM walk w JOIN pg_catalog.pg_type t ON t.oid = w.base"
    " WHERE t.typtype = 'd'),"
    " base AS (SELECT w.id, w.base FROM walk w JOIN pg_catalog.pg_type t ON t.oid = w.base WHERE t.typtype <> 'd')"
    " SELECT a.attrelid, a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), t.oid,"
    " CASE WHEN t.typlen = -1 AND t.typelem <> 0 THEN coalesce(e.base, t.typelem) ELSE 0 END,"
    " CASE WHEN p.at < p.indnkeyatts THEN p.at + 1 ELSE 0 END,"
    " CASE WHEN k.at < k.indnkeyatts THEN k.at + 1 ELSE 0 END,"
    " a.attnotnull, CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' ELSE '' END,"
    " CASE WHEN a.atthasmissing THEN pg_catalog.array_to_string(a.attmissingval, '') END"
    " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
    " LEFT JOIN base b ON b.id = a.atttypid"
    " JOIN pg_catalog.pg_type t ON t.oid = coalesce(b.base, a.atttypid)"
    " LEFT JOIN base e ON e.id = t.typelem"
    " LEFT JOIN LATERAL (SELECT pg_catalog.array_position(i.indkey::int2[], a.attnum) AS at, i.indnkeyatts"
    "  FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) p ON true"
    " LEFT JOIN LATERAL (SELECT pg_catalog.array_position(i.indkey::int2[], a.attnum) AS at, i.indnkeyatts"
    "  FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND CASE c.relreplident"
    "  WHEN 'd' THEN i.indisprimary AND i.indimmediate WHEN 'i' THEN i.indisreplident END) k ON true"
    " WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid IN (";
constexpr char kColumnsOrder[] = ") ORDER BY a.attrelid, a.attnum";

constexpr char kLeaves[] =
    "SELECT root.oid, n.nspname, c.relname, c.relkind = 'f', CASE c.relreplident WHEN 'f' THEN true"
    " WHEN 'd' THEN EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary"
    "  AND i.indimmediate)"
    " WHEN 'i' THEN EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisreplident)"
    " ELSE false END"
    " FROM pg_catalog.pg_class root CROSS JOIN LATERAL pg_catalog.pg_partition_tree(root.oid) tree"
    " JOIN pg_catalog.pg_class c ON c.oid = tree.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE root.relkind = 'p' AND c.relkind <> 'p' AND root.oid IN (";
constexpr char kLeavesOrder[] = ") ORDER BY root.oid, n.nspname, c.relname";

// What a list is about. `relkinds`: as pg_class has them; `all`: which of them a wildcard takes.
struct Kind {
  absl::string_view relkinds;
  absl::string_view all;
  absl::string_view one;   // "a table"
  absl::string_view noun;  // "table"
};
constexpr Kind kTableKind = {"rp", kOrdinary, "a table", "table"};
constexpr Kind kMatviewKind = {"m", "c.relkind = 'm'", "a materialized view", "materialized view"};
constexpr Kind kSequenceKind = {"S", "c.relkind = 'S' AND c.relpersistence <> 't'", "a sequence", "sequence"};

std::string Condition(const TableList::Entry& entry, const Kind& kind) {
  const std::string schema = entry.schema
                                 ? absl::StrCat("n.nspname = ", QuoteLiteral(*entry.schema))
                                 : "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'deltamirror')";
  return entry.table ? absl::StrCat("(", schema, " AND c.relname = ", QuoteLiteral(*entry.table), ")")
                     : absl::StrCat("(", schema, " AND ", kind.all, ")");
}

absl::string_view KindName(absl::string_view relkind) {
  if (relkind == "r" || relkind == "p") return "a table";
  if (relkind == "v") return "a view";
  if (relkind == "m") return "a materialized view";
  if (relkind == "f") return "a foreign table";
  if (relkind == "S") return "a sequence";
  return "something else";
}

// In the order of types::Identity.
struct IdentityText {
  types::Identity identity;
  absl::string_view letter;  // in pg_class
  absl::string_view name;
};
constexpr IdentityText kIdentities[] = {{types::Identity::kDefault, "d", "default"},
                                        {types::Identity::kIndex, "i", "index"},
                                        {types::Identity::kFull, "f", "full"},
                                        {types::Identity::kNothing, "n", "nothing"}};

absl::StatusOr<types::Identity> ParseIdentity(absl::string_view relreplident) {
  for (const IdentityText& known : kIdentities) {
    if (relreplident == known.letter) return known.identity;
  }
  return absl::UnimplementedError(
      absl::StrCat("unexpected replica identity \"", relreplident, "\", expected \"d\", \"i\", \"f\" or \"n\""));
}

absl::StatusOr<std::vector<CatalogTable>> ReadRows(Connection& connection, const std::string& conditions,
                                                   const Kind& wanted) {
  ASSIGN_OR_RETURN(const Result result, connection.Query(absl::StrCat(kTables, conditions, kTablesOrder)));
  std::vector<CatalogTable> tables;
  for (int row = 0; row < result.rows(); ++row) {
    CatalogTable table;
    ASSIGN_OR_RETURN(table.relation.relid, ReadNumber<uint32_t>(result, row, 0));
    table.relation.schema = std::string(result.text(row, 1));
    table.relation.table = std::string(result.text(row, 2));
    const absl::string_view kind = result.text(row, 3);
    if (!absl::StrContains(wanted.relkinds, kind)) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", table.name(), "\" is ", KindName(kind), ", expected ", wanted.one));
    }
    table.partitioned = kind == "p";
    table.unlogged = result.text(row, 4) == "t";
    ASSIGN_OR_RETURN(table.relation.identity, ParseIdentity(result.text(row, 5)));
    table.is_root = result.is_null(row, 7);
    if (!table.is_root) table.root = types::TargetName(result.text(row, 6), result.text(row, 7));
    table.has_children = result.text(row, 8) == "t";
    ASSIGN_OR_RETURN(table.estimated_rows, ReadNumber<int64_t>(result, row, 9));
    tables.push_back(std::move(table));
  }
  return tables;
}

// Why a name of the list is not there, as far as the catalog can tell.
absl::Status NotThere(Connection& connection, const std::string& schema, const std::string& table, const Kind& kind) {
  ASSIGN_OR_RETURN(const Result similar,
                   connection.Query("SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
                                    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                                    " WHERE lower(n.nspname) = lower($1) AND lower(c.relname) = lower($2)"
                                    " AND pg_catalog.strpos($3, c.relkind::pg_catalog.text) > 0 ORDER BY 1, 2 LIMIT 1",
                                    {schema, table, std::string(kind.relkinds)}));
  std::string message = absl::StrCat(kind.noun, " \"", types::TargetName(schema, table), "\" does not exist");
  if (similar.rows() > 0) {
    absl::StrAppend(&message, ". There is ", QuoteQualified(similar.text(0, 0), similar.text(0, 1)),
                    ": such a name must be written in double quotes");
  }
  return absl::NotFoundError(message);
}

absl::Status CheckAllFound(Connection& connection, const TableList& list, const std::vector<CatalogTable>& tables,
                           const Kind& kind) {
  for (const TableList::Entry& entry : list.entries()) {
    if (entry.table.has_value()) {
      const bool found = std::any_of(tables.begin(), tables.end(), [&](const CatalogTable& table) {
        return table.relation.schema == *entry.schema && table.relation.table == *entry.table;
      });
      if (!found) return NotThere(connection, *entry.schema, *entry.table, kind);
    } else if (entry.schema.has_value()) {
      ASSIGN_OR_RETURN(const Result schema,
                       connection.Query("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", {*entry.schema}));
      if (schema.rows() == 0) return absl::NotFoundError(absl::StrCat("schema \"", *entry.schema, "\" does not exist"));
    }
  }
  return absl::OkStatus();
}

using TablesByOid = std::map<uint32_t, CatalogTable*>;

std::string Oids(const TablesByOid& tables) {
  return absl::StrJoin(tables, ",", [](std::string* out, const auto& table) { absl::StrAppend(out, table.first); });
}

absl::StatusOr<CatalogTable*> TableOf(const TablesByOid& tables, const Result& result, int row) {
  ASSIGN_OR_RETURN(const uint32_t oid, ReadNumber<uint32_t>(result, row, 0));
  const auto found = tables.find(oid);
  if (found == tables.end()) return absl::InternalError("the server's catalog gave columns of another table");
  return found->second;
}

absl::Status ReadColumns(Connection& connection, const TablesByOid& tables) {
  ASSIGN_OR_RETURN(const Result result, connection.Query(absl::StrCat(kColumns, Oids(tables), kColumnsOrder)));
  for (int row = 0; row < result.rows(); ++row) {
    ASSIGN_OR_RETURN(CatalogTable* const table, TableOf(tables, result, row));
    ASSIGN_OR_RETURN(types::Column column, ReadColumn(result, row));
    table->relation.columns.push_back(std::move(column));
  }
  return absl::OkStatus();
}

absl::Status ReadLeaves(Connection& connection, const TablesByOid& tables) {
  ASSIGN_OR_RETURN(const Result result, connection.Query(absl::StrCat(kLeaves, Oids(tables), kLeavesOrder)));
  for (int row = 0; row < result.rows(); ++row) {
    ASSIGN_OR_RETURN(CatalogTable* const table, TableOf(tables, result, row));
    table->partitions.push_back({.schema = std::string(result.text(row, 1)),
                                 .table = std::string(result.text(row, 2)),
                                 .foreign = result.text(row, 3) == "t",
                                 .has_key = result.text(row, 4) == "t"});
  }
  return absl::OkStatus();
}

absl::Status ReadRest(Connection& connection, std::vector<CatalogTable>* tables) {
  if (tables->empty()) return absl::OkStatus();
  TablesByOid by_oid;
  for (CatalogTable& table : *tables) by_oid[table.relation.relid] = &table;
  RETURN_IF_ERROR(ReadColumns(connection, by_oid));
  return ReadLeaves(connection, by_oid);
}

absl::StatusOr<std::vector<CatalogTable>> ReadList(Connection& connection, const TableList& list, const Kind& kind) {
  const std::string conditions = absl::StrJoin(
      list.entries(), " OR ",
      [&kind](std::string* out, const TableList::Entry& entry) { absl::StrAppend(out, Condition(entry, kind)); });
  ASSIGN_OR_RETURN(std::vector<CatalogTable> tables, ReadRows(connection, conditions, kind));
  RETURN_IF_ERROR(CheckAllFound(connection, list, tables, kind));
  RETURN_IF_ERROR(ReadRest(connection, &tables));
  return tables;
}

}  // namespace

absl::StatusOr<std::vector<CatalogTable>> ReadTables(Connection& connection, const TableList& list) {
  return ReadList(connection, list, kTableKind);
}

absl::StatusOr<std::vector<CatalogTable>> ReadMaterializedViews(Connection& connection, const TableList& list) {
  return ReadList(connection, list, kMatviewKind);
}

absl::StatusOr<std::vector<CatalogTable>> ReadSequences(Connection& connection, const TableList& list) {
  ASSIGN_OR_RETURN(std::vector<CatalogTable> sequences, ReadList(connection, list, kSequenceKind));
  for (CatalogTable& sequence : sequences) {
    // How many values the server has logged ahead.
    std::erase_if(sequence.relation.columns, [](const types::Column& column) { return column.name == "log_cnt"; });
  }
  return sequences;
}

absl::StatusOr<std::optional<CatalogTable>> ReadTable(Connection& connection, uint32_t relid) {
  ASSIGN_OR_RETURN(std::vector<CatalogTable> tables,
                   ReadRows(connection, absl::StrCat("c.relkind IN ('r', 'p') AND c.oid = ", relid), kTableKind));
  if (tables.empty()) return std::optional<CatalogTable>();
  RETURN_IF_ERROR(ReadRest(connection, &tables));
  return std::optional<CatalogTable>(std::move(tables[0]));
}

absl::string_view IdentityName(types::Identity identity) {
  return kIdentities[static_cast<int>(identity)].name;
}

absl::StatusOr<types::Identity> IdentityNamed(absl::string_view name) {
  for (const auto& known : kIdentities) {
    if (name == known.name) return known.identity;
  }
  return absl::UnimplementedError(absl::StrCat("unexpected replica identity \"", name,
                                               "\", expected \"default\", \"index\", \"full\" or \"nothing\""));
}

}  // namespace deltamirror::postgres
