// The shapes of tables, from the catalog.

#ifndef DELTAMIRROR_POSTGRES_SCHEMA_H_
#define DELTAMIRROR_POSTGRES_SCHEMA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "postgres/connection.h"
#include "types/relation.h"
#include "types/table_list.h"

namespace deltamirror::postgres {

// A partition that holds rows, of a partitioned table.
struct Leaf {
  std::string schema;
  std::string table;
  bool foreign = false;  // its rows are on another server
  bool has_key = false;  // its updates and deletes say which row they mean
};

// A table as the catalog has it.
struct CatalogTable {
  types::Relation relation;
  bool partitioned = false;
  bool unlogged = false;
  bool is_root = true;           // false: a partition, of `root`
  std::string root;              // TargetName of the partitioned table at the top
  bool has_children = false;     // other tables inherit from it in the old way
  std::vector<Leaf> partitions;  // of a partitioned table, at any depth
  bool own_name = false;         // also a partition's changes come under its own name
  // Which rows are mirrored: an SQL expression to stand in parentheses; empty: all. Columns that are not mirrored are
  // not in `relation`.
  std::string where;
  int64_t estimated_rows = -1;  // as of the last VACUUM or ANALYZE; less than 1: unknown

  // "flights", "ops.crew".
  std::string name() const { return types::TargetName(relation.schema, relation.table); }
};

// The tables of the list, by schema and name, as the connection's transaction sees them; three queries, however many
// tables there are. `ops.*` and `*` take ordinary, logged tables and partitioned ones, as PostgreSQL's own FOR ALL
// TABLES does: no views, no foreign, unlogged or temporary tables; and no partitions, for which their root stands.
//
// Errors: NotFound for a name that is not there, with what is there that only differs in case; InvalidArgument for one
// that is no table but a view, a sequence, ...
absl::StatusOr<std::vector<CatalogTable>> ReadTables(Connection& connection, const types::TableList& list);

// Likewise, of materialised views and of sequences, of which `ops.*` and `*` take all but temporary ones. A sequence's
// columns are last_value and is_called. No stream tells of either.
absl::StatusOr<std::vector<CatalogTable>> ReadMaterializedViews(Connection& connection, const types::TableList& list);
absl::StatusOr<std::vector<CatalogTable>> ReadSequences(Connection& connection, const types::TableList& list);

// The table of that OID; nothing if there is none.
absl::StatusOr<std::optional<CatalogTable>> ReadTable(Connection& connection, uint32_t relid);

// OK if SQLite can hold all of the tables side by side, and a stream tells enough of each to follow it: the names that
// design.md section 5 rules out, tables without columns, partitions, unlogged tables, and tables whose replica identity
// leaves updates and deletes without a key. The error (FailedPrecondition) names the first that does not fit, why, and
// the statement that mends it.
absl::Status CheckMirrorable(const std::vector<CatalogTable>& tables);

// OK if SQLite can hold all of the tables side by side: what of the above is about names and columns.
absl::Status CheckNames(const std::vector<CatalogTable>& tables);

// "default", "index", "full", "nothing".
absl::string_view IdentityName(types::Identity identity);
// And back; Unimplemented for any other text.
absl::StatusOr<types::Identity> IdentityNamed(absl::string_view name);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_SCHEMA_H_
