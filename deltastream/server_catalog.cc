#include "deltastream/server_catalog.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "postgres/schema.h"
#include "status/status_macros.h"

namespace deltamirror::deltastream {
namespace {

using pgoutput::CatalogEntry;
using pgoutput::RelationColumn;
using pgoutput::RelationMessage;
using pgoutput::TypeFacts;

// For each OID and modifier, in the order of the two lists: name, type, an array's element type; NULLs for a type that
// is gone. Domains may be made of domains: base says what is at the bottom.
constexpr char kTypes[] =
    "WITH RECURSIVE walk(id, base) AS ("
    " SELECT oid, typbasetype FROM pg_catalog.pg_type WHERE typtype = 'd'"
    " UNION ALL SELECT w.id, t.typbasetype FROM walk w JOIN pg_catalog.pg_type t ON t.oid = w.base"
    " WHERE t.typtype = 'd'),"
    " base AS (SELECT w.id, w.base FROM walk w JOIN pg_catalog.pg_type t ON t.oid = w.base WHERE t.typtype <> 'd')"
    " SELECT pg_catalog.format_type(n.oid, w.typmod), t.oid,"
    " CASE WHEN t.typlen = -1 AND t.typelem <> 0 THEN coalesce(e.base, t.typelem) END"
    " FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::int4[])) WITH ORDINALITY"
    "  AS w(oid, typmod, place)"
    " LEFT JOIN pg_catalog.pg_type n ON n.oid = w.oid"
    " LEFT JOIN base b ON b.id = n.oid"
    " LEFT JOIN pg_catalog.pg_type t ON t.oid = coalesce(b.base, n.oid)"
    " LEFT JOIN base e ON e.id = t.typelem"
    " ORDER BY w.place";

absl::Status ReadOid(const postgres::Result& result, int row, int column, uint32_t* out) {
  if (result.is_null(row, column) || absl::SimpleAtoi(result.text(row, column), out)) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("the server's catalog gave \"", result.text(row, column), "\", expected the OID of a type"));
}

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
    RETURN_IF_ERROR(ReadOid(result, row, 1, &type.base));
    RETURN_IF_ERROR(ReadOid(result, row, 2, &type.elem));
  }
  return types;
}

absl::StatusOr<bool> PublishesAsRoot(postgres::Connection& connection, const std::string& publication) {
  ASSIGN_OR_RETURN(
      const postgres::Result result,
      connection.Query("SELECT pubviaroot FROM pg_catalog.pg_publication WHERE pubname = $1", {publication}));
  return result.rows() > 0 && result.text(0, 0) == "t";
}

// A dropped column's row is as the transaction left it that dropped the column. xids wrap around: one is later than
// another if it comes in the next half of the circle.
absl::StatusOr<std::vector<int>> ReadDroppedSince(postgres::Connection& connection, uint32_t relid, uint32_t xid) {
  ASSIGN_OR_RETURN(const postgres::Result result,
                   connection.Query("SELECT attnum, xmin FROM pg_catalog.pg_attribute"
                                    " WHERE attrelid = $1 AND attisdropped AND attnum > 0 ORDER BY attnum",
                                    {absl::StrCat(relid)}));
  std::vector<int> numbers;
  for (int row = 0; row < result.rows(); ++row) {
    int number = 0;
    uint32_t dropped_by = 0;
    if (!absl::SimpleAtoi(result.text(row, 0), &number) || !absl::SimpleAtoi(result.text(row, 1), &dropped_by)) {
      return absl::InternalError(absl::StrCat("the server's catalog gave \"", result.text(row, 0), "\" and \"",
                                              result.text(row, 1), "\", expected a column's number and an xid"));
    }
    if (static_cast<int32_t>(dropped_by - xid) > 0) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

absl::StatusOr<CatalogEntry> ServerCatalog::Describe(const RelationMessage& message, uint32_t xid) {
  const bool was_open = connection_.has_value();
  absl::StatusOr<CatalogEntry> entry = Ask(message, xid);
  if (entry.ok()) return entry;
  connection_.reset();
  // It may have been idle for days.
  if (was_open && absl::IsUnavailable(entry.status())) return Ask(message, xid);
  return entry;
}

absl::StatusOr<CatalogEntry> ServerCatalog::Ask(const RelationMessage& message, uint32_t xid) {
  if (!connection_.has_value()) {
    ASSIGN_OR_RETURN(connection_, postgres::Connection::Open(conninfo_, options_));
  }
  CatalogEntry entry;
  ASSIGN_OR_RETURN(std::optional<postgres::CatalogTable> table, postgres::ReadTable(*connection_, message.relid));
  if (table.has_value()) {
    if (table->partitioned) {
      ASSIGN_OR_RETURN(const bool as_root, PublishesAsRoot(*connection_, publication_));
      entry.without_rows = !as_root;
    }
    entry.relation = std::move(table->relation);
    ASSIGN_OR_RETURN(entry.dropped_since, ReadDroppedSince(*connection_, message.relid, xid));
  }
  ASSIGN_OR_RETURN(entry.types, ReadTypes(*connection_, message.columns));
  return entry;
}

}  // namespace deltamirror::deltastream
