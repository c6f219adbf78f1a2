#include "deltastream/server_catalog.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "postgres/column_row.h"
#include "postgres/connection.h"
#include "postgres/publication.h"
#include "postgres/schema.h"
#include "status/status_macros.h"

namespace deltamirror::deltastream {
namespace {

using pgoutput::CatalogEntry;
using pgoutput::RelationColumn;
using pgoutput::RelationMessage;
using pgoutput::TypeFacts;

// For each OID and modifier, in the order of the two lists: name, type, an array's element type, length; NULLs for a
// type that is gone. Domains may be made of domains: base says what is at the bottom.
constexpr char kTypes[] =
    "WITH RECURSIVE walk(id, base) AS ("
    " SELECT oid, typbasetype FROM pg_catalog.pg_type WHERE typtype = 'd'"
    " UNION ALL SELECT w.id, t.typbasetype FROM walk w JOIN pg_catalog.pg_type t ON t.oid = w.base"
    " WHERE t.typtype = 'd'),"
    " base AS (SELECT w.id, w.base FROM walk w JOIN pg_catalog.pg_type t ON t.oid = w.base WHERE t.typtype <> 'd')"
    " SELECT pg_catalog.format_type(n.oid, w.typmod), t.oid,"
    " CASE WHEN t.typlen = -1 AND t.typelem <> 0 THEN coalesce(e.base, t.typelem) END,"
    " n.typlen"
    " FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::int4[])) WITH ORDINALITY"
    "  AS w(oid, typmod, place)"
    " LEFT JOIN pg_catalog.pg_type n ON n.oid = w.oid"
    " LEFT JOIN base b ON b.id = n.oid"
    " LEFT JOIN pg_catalog.pg_type t ON t.oid = coalesce(b.base, n.oid)"
    " LEFT JOIN base e ON e.id = t.typelem"
    " ORDER BY w.place";

absl::StatusOr<std::vector<TypeFacts>> ReadTypes(postgres::Connection& connection,
                                                 const std::vector<RelationColumn>& columns) {
  const auto list = [&columns](auto member) {
    return absl::StrCat("{",
                        absl::StrJoin(columns, ",",
                                      [member](std::string* out, const RelationColumn& column) {
                                        absl::StrAppend(out, column.*member);
                                      }),
                        "}");
  };
  ASSIGN_OR_RETURN(const postgres::Result result,
                   connection.Query(kTypes, {list(&RelationColumn::type), list(&RelationColumn::typmod)}));
  std::vector<TypeFacts> types(result.rows());
  for (int row = 0; row < result.rows(); ++row) {
    TypeFacts& type = types[row];
    type.name = std::string(result.text(row, 0));
    ASSIGN_OR_RETURN(type.base, postgres::ReadNumber<uint32_t>(result, row, 1));
    ASSIGN_OR_RETURN(type.elem, postgres::ReadNumber<uint32_t>(result, row, 2));
    ASSIGN_OR_RETURN(type.length, postgres::ReadNumber<int>(result, row, 3));
  }
  return types;
}

// A dropped column's row is as the transaction left it that dropped the column. xids wrap around: one is later than
// another if it comes in the next half of the circle.
absl::Status ReadDropped(postgres::Connection& connection, uint32_t relid, uint32_t xid, CatalogEntry* entry) {
  ASSIGN_OR_RETURN(const postgres::Result result,
                   connection.Query("SELECT attnum, xmin, attlen, atttypmod FROM pg_catalog.pg_attribute"
                                    " WHERE attrelid = $1 AND attisdropped AND attnum > 0 ORDER BY attnum",
                                    {absl::StrCat(relid)}));
  for (int row = 0; row < result.rows(); ++row) {
    pgoutput::DroppedColumn column;
    ASSIGN_OR_RETURN(column.number, postgres::ReadNumber<int>(result, row, 0));
    ASSIGN_OR_RETURN(const auto dropped_by, postgres::ReadNumber<uint32_t>(result, row, 1));
    ASSIGN_OR_RETURN(column.length, postgres::ReadNumber<int>(result, row, 2));
    ASSIGN_OR_RETURN(column.typmod, postgres::ReadNumber<int>(result, row, 3));
    if (static_cast<int32_t>(dropped_by - xid) > 0) entry->dropped_since.push_back(column.number);
    if (dropped_by == xid) entry->dropped_within.push_back(column);
  }
  return absl::OkStatus();
}

// The value that rows of partitions have from before a column was added: the partitioned table itself, which stores
// nothing, has none. (Partitions that differ in it were attached, which is told as a gap.)
absl::Status FillMissing(postgres::Connection& connection, types::Relation* relation) {
  ASSIGN_OR_RETURN(
      const postgres::Result result,
      connection.Query("WITH RECURSIVE tree(relid) AS (SELECT $1::oid UNION ALL"
                       " SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree ON i.inhparent = tree.relid)"
                       " SELECT a.attname, min(pg_catalog.array_to_string(a.attmissingval, ''))"
                       " FROM tree JOIN pg_catalog.pg_attribute a ON a.attrelid = tree.relid"
                       " WHERE a.atthasmissing AND NOT a.attisdropped GROUP BY a.attname"
                       " HAVING count(DISTINCT a.attmissingval::text) = 1",
                       {absl::StrCat(relation->relid)}));
  for (int row = 0; row < result.rows(); ++row) {
    for (types::Column& column : relation->columns) {
      if (column.name == result.text(row, 0)) column.missing = std::string(result.text(row, 1));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<CatalogEntry> Ask(postgres::Connection& connection, const std::string& publication,
                                 const RelationMessage& message, uint32_t xid) {
  CatalogEntry entry;
  ASSIGN_OR_RETURN(std::optional<postgres::CatalogTable> table, postgres::ReadTable(connection, message.relid));
  if (table.has_value()) {
    ASSIGN_OR_RETURN(const auto options, postgres::ReadPublicationOptions(connection, publication));
    entry.with_generated = options.has_value() && options->with_generated;
    ASSIGN_OR_RETURN(const bool listed, postgres::HasColumnList(connection, publication, message.relid));
    entry.in_order = !listed;
    if (table->partitioned) {
      entry.without_rows = !options.has_value() || !options->via_root;
      if (!entry.without_rows) RETURN_IF_ERROR(FillMissing(connection, &table->relation));
    }
    entry.relation = std::move(table->relation);
    RETURN_IF_ERROR(ReadDropped(connection, message.relid, xid, &entry));
  }
  ASSIGN_OR_RETURN(entry.types, ReadTypes(connection, message.columns));
  return entry;
}

}  // namespace

absl::StatusOr<CatalogEntry> ServerCatalog::Describe(const RelationMessage& message, uint32_t xid) {
  CatalogEntry entry;
  RETURN_IF_ERROR(connection_->Use([&](postgres::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(entry, Ask(connection, publication_, message, xid));
    return absl::OkStatus();
  }));
  return entry;
}

}  // namespace deltamirror::deltastream
