#include "postgres/schema_save.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "postgres/schema.h"
#include "quote/quote.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::postgres {
namespace {

constexpr char kSavedTable[] =
    "CREATE TABLE IF NOT EXISTS deltamirror.saved_table ("
    " id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " saved_at timestamptz NOT NULL DEFAULT now(),"
    " lsn pg_lsn NOT NULL DEFAULT pg_catalog.pg_current_wal_insert_lsn(),"
    " schema text NOT NULL, \"table\" text NOT NULL, relid oid NOT NULL, identity text NOT NULL,"
    " system_identifier text NOT NULL DEFAULT (pg_catalog.pg_control_system()).system_identifier,"
    " database text NOT NULL DEFAULT pg_catalog.current_database())";

constexpr char kSavedColumn[] =
    "CREATE TABLE IF NOT EXISTS deltamirror.saved_column ("
    " table_id bigint NOT NULL REFERENCES deltamirror.saved_table ON DELETE CASCADE,"
    " attnum int NOT NULL, \"column\" text NOT NULL, type text NOT NULL, oid oid NOT NULL, elem oid NOT NULL,"
    " pk int NOT NULL, key int NOT NULL, not_null boolean NOT NULL, generated text NOT NULL, missing text,"
    " PRIMARY KEY (table_id, attnum))";

// CREATE SCHEMA IF NOT EXISTS asks for the right to make it also where it is there.
absl::Status PrepareTables(Connection& connection) {
  ASSIGN_OR_RETURN(const Result there, connection.Query("SELECT pg_catalog.to_regnamespace('deltamirror') IS NULL,"
                                                        " pg_catalog.to_regclass('deltamirror.saved_column') IS NULL"));
  if (there.rows() == 1 && there.text(0, 1) == "f") return absl::OkStatus();
  if (there.rows() != 1 || there.text(0, 0) == "t")
    RETURN_IF_ERROR(connection.Query("CREATE SCHEMA IF NOT EXISTS deltamirror").status());
  RETURN_IF_ERROR(connection.Query(kSavedTable).status());
  return connection.Query(kSavedColumn).status();
}

std::string ColumnValues(const types::Column& column) {
  return absl::StrCat("(", column.attnum, ", ", QuoteLiteral(column.name), ", ", QuoteLiteral(column.type), ", ",
                      column.oid, "::oid, ", column.elem, "::oid, ", column.pk, ", ", column.key, ", ",
                      column.not_null ? "true" : "false", ", ", QuoteLiteral(column.generated), ", ",
                      column.missing ? QuoteLiteral(*column.missing) : "NULL", "::text)");
}

absl::Status SaveTable(Connection& connection, const types::Relation& relation) {
  std::string sql =
      absl::StrCat("WITH t AS (INSERT INTO deltamirror.saved_table (schema, \"table\", relid, identity) VALUES (",
                   QuoteLiteral(relation.schema), ", ", QuoteLiteral(relation.table), ", ", relation.relid, ", ",
                   QuoteLiteral(IdentityName(relation.identity)), ") RETURNING id) ");
  if (relation.columns.empty()) return connection.Query(absl::StrCat(sql, "SELECT id FROM t")).status();
  absl::StrAppend(
      &sql, "INSERT INTO deltamirror.saved_column SELECT t.id, v.* FROM t, (VALUES ",
      absl::StrJoin(relation.columns, ", ",
                    [](std::string* out, const types::Column& column) { absl::StrAppend(out, ColumnValues(column)); }),
      ") AS v");
  return connection.Query(sql).status();
}

}  // namespace

absl::StatusOr<int64_t> SaveSchema(Connection& connection, const types::TableList& list) {
  RETURN_IF_ERROR(connection.Query("BEGIN").status());
  if (const absl::Status prepared = PrepareTables(connection); !prepared.ok())
    return Extended(prepared, ". The schema deltamirror must be made by a role that may, once");
  ASSIGN_OR_RETURN(const std::vector<CatalogTable> tables, ReadTables(connection, list));
  for (const CatalogTable& table : tables) RETURN_IF_ERROR(SaveTable(connection, table.relation));
  RETURN_IF_ERROR(connection.Query("COMMIT").status());
  return static_cast<int64_t>(tables.size());
}

}  // namespace deltamirror::postgres
