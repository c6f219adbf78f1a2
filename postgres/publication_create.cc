// CreatePublication of postgres/publication.h.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "postgres/publication.h"
#include "quote/quote.h"
#include "status/status_macros.h"

namespace deltamirror::postgres {
namespace {

// What would make the server refuse updates and deletes: columns of the replica identity that are not published, and
// columns of the expression that are not in the replica identity. An expression's columns stand in its node tree.
// Partitions have identities of their own, and their root's filter.
constexpr char
    kIdentityProblems[] =
        "WITH filtered AS (SELECT r.prrelid, r.prattrs::int2[] AS listed, ARRAY(SELECT m[1]::int2 FROM"
        "   pg_catalog.regexp_matches(r.prqual::text, ':varattno ([0-9]+)', 'g') m) AS needed"
        "  FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid"
        "  WHERE p.pubname = ",
    kIdentityProblemsRest[] =
        " AND (r.prattrs IS NOT NULL OR r.prqual IS NOT NULL)),"
        " holders AS (SELECT f.*, f.prrelid AS relid FROM filtered f UNION ALL"
        "  SELECT f.*, tree.relid FROM filtered f CROSS JOIN LATERAL pg_catalog.pg_partition_tree(f.prrelid) tree"
        "  WHERE tree.isleaf AND tree.relid <> f.prrelid)"
        " SELECT n.nspname, c.relname, a.attname, root.attnum = ANY (h.needed)"
        " FROM holders h JOIN pg_catalog.pg_class c ON c.oid = h.relid AND c.relkind = 'r'"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " JOIN pg_catalog.pg_attribute root ON root.attrelid = h.prrelid AND root.attname = a.attname"
        " LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND CASE c.relreplident"
        "  WHEN 'd' THEN i.indisprimary AND i.indimmediate WHEN 'i' THEN i.indisreplident END"
        " CROSS JOIN LATERAL (SELECT c.relreplident = 'f' OR a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])"
        "  AS known) k"
        " WHERE (root.attnum = ANY (h.needed) AND k.known IS NOT TRUE)"
        " OR (k.known AND NOT root.attnum = ANY (h.listed)) ORDER BY 1, 2, a.attnum LIMIT 1";

absl::Status CheckIdentities(Connection& connection, const std::string& name) {
  ASSIGN_OR_RETURN(const Result result,
                   connection.Execute(absl::StrCat(kIdentityProblems, QuoteLiteral(name), kIdentityProblemsRest)));
  if (result.rows() == 0) return absl::OkStatus();
  const std::string table = types::TargetName(result.text(0, 0), result.text(0, 1));
  const std::string what =
      absl::StrCat("cannot filter updates and deletes of table \"", table, "\": column \"", result.text(0, 2), "\" ");
  if (result.text(0, 3) == "t") {
    return absl::FailedPreconditionError(absl::StrCat(
        what, "of the filter is not part of its replica identity. Use ALTER TABLE ",
        QuoteQualified(result.text(0, 0), result.text(0, 1)), " REPLICA IDENTITY FULL, or another filter"));
  }
  return absl::FailedPreconditionError(
      absl::StrCat(what, "is part of its replica identity, but not of the filter's columns. Add it to these"));
}

// A publication has filters only for tables that it names.
absl::Status CheckFilters(const Connection& connection, const types::TableList& tables,
                          const types::TableFilters& filters) {
  if (filters.empty()) return absl::OkStatus();
  if (connection.server_version() < kPublicationFiltersSince) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the filters of a publication need PostgreSQL 15 or later, the server is ", connection.server_version() / 10000,
        ".", connection.server_version() % 10000, ". Use plugin \"deltaflood\""));
  }
  for (const types::TableFilter& filter : filters.filters()) {
    const bool with_others =
        std::any_of(tables.entries().begin(), tables.entries().end(), [&filter](const types::TableList::Entry& entry) {
          return !entry.table.has_value() && (!entry.schema.has_value() || *entry.schema == filter.schema);
        });
    if (!with_others) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("option \"filters\" has table \"", types::TargetName(filter.schema, filter.table),
                     "\", which plugin \"pgoutput\" can filter only where option \"tables\" names each table: a "
                     "publication of all tables, or of all of a schema, has no filters"));
  }
  return absl::OkStatus();
}

std::string TableObject(const types::TableList::Entry& entry, const types::TableFilters& filters) {
  std::string object = QuoteQualified(*entry.schema, *entry.table);
  const types::TableFilter* const filter = filters.Find(0, *entry.schema, *entry.table);
  if (filter == nullptr) return object;
  if (filter->columns.has_value()) {
    absl::StrAppend(
        &object, " (",
        absl::StrJoin(*filter->columns, ", ",
                      [](std::string* out, const std::string& name) { absl::StrAppend(out, QuoteIdentifier(name)); }),
        ")");
  }
  // The line feed ends a comment.
  if (!filter->where.empty()) absl::StrAppend(&object, " WHERE (", filter->where, "\n)");
  return object;
}

// "FOR ALL TABLES", or "FOR TABLE a, b, TABLES IN SCHEMA c, d".
absl::StatusOr<std::string> PublicationObjects(const Connection& connection, const types::TableList& list,
                                               const types::TableFilters& filters) {
  std::vector<std::string> tables;
  std::vector<std::string> schemas;
  for (const types::TableList::Entry& entry : list.entries()) {
    if (!entry.schema.has_value()) return std::string("FOR ALL TABLES");
    if (entry.table.has_value()) {
      tables.push_back(TableObject(entry, filters));
    } else if (connection.server_version() >= kPublicationFiltersSince) {
      schemas.push_back(QuoteIdentifier(*entry.schema));
    } else {
      return absl::FailedPreconditionError(
          absl::StrCat("a publication of a whole schema (\"", *entry.schema,
                       ".*\" in option \"tables\") needs PostgreSQL 15 or later. Name its tables, or use plugin "
                       "\"deltaflood\""));
    }
  }
  std::string objects = "FOR ";
  if (!tables.empty()) absl::StrAppend(&objects, "TABLE ", absl::StrJoin(tables, ", "));
  if (!tables.empty() && !schemas.empty()) objects += ", ";
  if (!schemas.empty()) absl::StrAppend(&objects, "TABLES IN SCHEMA ", absl::StrJoin(schemas, ", "));
  return objects;
}

}  // namespace

absl::Status CreatePublication(Connection& connection, const std::string& name, const types::TableList& tables,
                               const types::TableFilters& filters) {
  RETURN_IF_ERROR(CheckFilters(connection, tables, filters));
  ASSIGN_OR_RETURN(const std::string objects, PublicationObjects(connection, tables, filters));
  // Without its stored generated columns the server would refuse updates and deletes of a table under FULL.
  const char* const generated =
      connection.server_version() >= kPublicationGeneratedSince ? ", publish_generated_columns = stored" : "";
  const std::string create = absl::StrCat("CREATE PUBLICATION ", QuoteIdentifier(name), " ", objects,
                                          " WITH (publish_via_partition_root = true", generated, ")");
  if (filters.empty()) return connection.Execute(create).status();
  // Once it is there, the server refuses what it cannot filter: nobody must see it before it is found to be good.
  RETURN_IF_ERROR(connection.Execute("BEGIN").status());
  absl::Status made = connection.Execute(create).status();
  if (made.ok()) made = CheckIdentities(connection, name);
  const absl::Status ended = connection.Execute(made.ok() ? "COMMIT" : "ROLLBACK").status();
  return made.ok() ? ended : made;
}

}  // namespace deltamirror::postgres
