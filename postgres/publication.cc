#include "postgres/publication.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "postgres/filter_names.h"
#include "status/status_macros.h"

namespace deltamirror::postgres {
namespace {

constexpr char kPublication[] =
    "SELECT pubviaroot, pubinsert, pubupdate, pubdelete, pubtruncate, $GENERATED$"
    " FROM pg_catalog.pg_publication WHERE pubname = $1";
constexpr char kNoSuchPublication[] =
    "\" does not exist. It is the one that the daystream's slot is read with: make it again, and copy the tables again";

constexpr char kTables[] =
    " FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_tables t ON t.pubname = p.pubname"
    " JOIN pg_catalog.pg_namespace n ON n.nspname = t.schemaname"
    " JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename"
    " LEFT JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid"
    " WHERE p.pubname = $1 ORDER BY 1, 2";
// A table that is published with all others of its schema has no filter.
constexpr char kFilters[] =
    ", r.prattrs, CASE WHEN NOT p.puballtables AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_publication_namespace s"
    " WHERE s.pnpubid = p.oid AND s.pnnspid = n.oid) THEN pg_catalog.pg_get_expr(r.prqual, r.prrelid) END";

absl::Status Unexpected(absl::string_view what, absl::string_view text) {
  return absl::InternalError(absl::StrCat("the server's catalog gave \"", text, "\", expected ", what));
}

// Without publish_generated_columns a stream has them only if a column list names them.
absl::Status LeaveGeneratedOut(CatalogTable* table) {
  std::set<int> others;
  for (const types::Column& column : table->relation.columns) {
    if (column.generated != "stored") {
      others.insert(column.attnum);
    } else if (column.key > 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          "cannot mirror table \"", table->name(), "\": column \"", column.name,
          "\" is generated, which pgoutput leaves out, and part of the replica identity. Choose another with ALTER "
          "TABLE ... REPLICA IDENTITY, or (PostgreSQL 18) publish it with publish_generated_columns = stored"));
    }
  }
  return KeepColumns(others, table);
}

absl::StatusOr<PublishedTable> ReadPublished(const Result& result, int row) {
  PublishedTable table;
  table.schema = std::string(result.text(row, 0));
  table.table = std::string(result.text(row, 1));
  if (!absl::SimpleAtoi(result.text(row, 2), &table.relid)) {
    return Unexpected("the OID of a table", result.text(row, 2));
  }
  table.where = std::string(result.text(row, 4));
  if (result.is_null(row, 3)) return table;
  table.columns.emplace();
  for (const absl::string_view item : absl::StrSplit(result.text(row, 3), ' ', absl::SkipEmpty())) {
    int number = 0;
    if (!absl::SimpleAtoi(item, &number)) return Unexpected("numbers of columns", result.text(row, 3));
    table.columns->insert(number);
  }
  return table;
}

}  // namespace

const PublishedTable* Publication::Find(uint32_t relid) const {
  const auto found =
      std::find_if(tables.begin(), tables.end(), [relid](const PublishedTable& table) { return table.relid == relid; });
  return found == tables.end() ? nullptr : &*found;
}

absl::StatusOr<std::optional<PublicationOptions>> ReadPublicationOptions(Connection& connection,
                                                                         const std::string& name) {
  const char* const generated =
      connection.server_version() >= kPublicationGeneratedSince ? "pubgencols = 's'" : "false";
  ASSIGN_OR_RETURN(const Result found,
                   connection.Query(absl::StrReplaceAll(kPublication, {{"$GENERATED$", generated}}), {name}));
  if (found.rows() == 0) return std::nullopt;
  PublicationOptions options;
  options.via_root = found.text(0, 0) == "t";
  constexpr const char* kActions[] = {"insert", "update", "delete", "truncate"};
  for (int i = 0; i < 4; ++i) {
    if (found.text(0, i + 1) != "t") options.left_out.emplace_back(kActions[i]);
  }
  options.with_generated = found.text(0, 5) == "t";
  return options;
}

absl::StatusOr<Publication> ReadPublication(Connection& connection, const std::string& name) {
  ASSIGN_OR_RETURN(std::optional<PublicationOptions> options, ReadPublicationOptions(connection, name));
  if (!options.has_value()) return absl::NotFoundError(absl::StrCat("publication \"", name, kNoSuchPublication));
  Publication publication;
  publication.name = name;
  publication.options = *std::move(options);
  const char* const filters = connection.server_version() >= kPublicationFiltersSince ? kFilters : ", NULL, NULL";
  ASSIGN_OR_RETURN(const Result result,
                   connection.Query(absl::StrCat("SELECT n.nspname, c.relname, c.oid", filters, kTables), {name}));
  for (int row = 0; row < result.rows(); ++row) {
    ASSIGN_OR_RETURN(PublishedTable table, ReadPublished(result, row));
    publication.tables.push_back(std::move(table));
  }
  return publication;
}

absl::StatusOr<bool> HasColumnList(Connection& connection, const std::string& publication, uint32_t relid) {
  if (connection.server_version() < kPublicationFiltersSince) return false;
  ASSIGN_OR_RETURN(
      const Result result,
      connection.Query(
          "SELECT 1 FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid"
          " WHERE p.pubname = $1 AND r.prrelid = $2 AND r.prattrs IS NOT NULL",
          {publication, absl::StrCat(relid)}));
  return result.rows() > 0;
}

absl::Status KeepPublished(const PublicationOptions& options, const PublishedTable& published, CatalogTable* table) {
  table->where = published.where;
  table->own_name = true;
  if (!published.columns.has_value()) {
    return options.with_generated ? absl::OkStatus() : LeaveGeneratedOut(table);
  }
  return KeepColumns(*published.columns, table);
}

}  // namespace deltamirror::postgres
