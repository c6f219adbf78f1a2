// What a table in SQLite has beside its columns: what must be made again when the table is.

#ifndef DELTAMIRROR_MIRROR_TABLE_DEFINITION_H_
#define DELTAMIRROR_MIRROR_TABLE_DEFINITION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sqlite/api.h"

namespace deltamirror::mirror {

struct TableDefinition {
  // The statements that made its indexes (not those that constraints have made) and triggers.
  std::vector<std::string> indexes;
  std::vector<std::string> triggers;
  bool without_rowid = false;
  bool strict = false;
  // The first word of CREATE TABLE that asks for more than names, types, defaults, NOT NULL and a primary key: "CHECK".
  // Only a table made by hand has one.
  std::string extra;
  // Another table's foreign key leads to this one, and foreign keys are enforced.
  bool referenced = false;
};

// Of a table that is there.
absl::StatusOr<TableDefinition> ReadTableDefinition(sqlite3* db, const std::string& schema, const std::string& table);

// Whether CREATE INDEX has the column in it: an index that names a dropped column goes with it.
bool NamesColumn(absl::string_view create_index, absl::string_view column);

// CREATE INDEX with another name for the column.
std::string RenameColumn(absl::string_view create_index, absl::string_view column, absl::string_view name);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_TABLE_DEFINITION_H_
