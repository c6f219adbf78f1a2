// A table in SQLite as it is now: what changes are applied to.

#ifndef DELTAMIRROR_MIRROR_TARGET_TABLE_H_
#define DELTAMIRROR_MIRROR_TARGET_TABLE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sqlite/api.h"

namespace deltamirror::mirror {

struct TargetColumn {
  std::string name;
  std::string declared;  // the type in CREATE TABLE; may be empty
  int pk = 0;            // place in the primary key from 1, or 0
  bool not_null = false;
  bool generated = false;     // computed by SQLite: cannot be written
  std::string default_value;  // the expression in CREATE TABLE; may be empty
  bool is_binary = false;     // its texts are compared byte by byte
};

struct TargetTable {
  std::string schema;  // the database
  std::string name;    // as it was written in CREATE TABLE
  std::vector<TargetColumn> columns;
  // Sets of columns that are unique, the primary key first if there is one. Partial and expression indexes are not
  // here.
  std::vector<std::vector<std::string>> unique_keys;
  bool has_primary_key = false;
  // More than its rows depends on a change of them, or on the order of changes: a trigger, also a temporary one; a
  // foreign key from or to it, if they are on; a unique index that is not in unique_keys.
  bool has_dependents = false;

  // As SQLite compares names: ASCII letters in either case. Null if there is none.
  const TargetColumn* Find(absl::string_view column) const;
};

// Nothing if there is no such table. FailedPrecondition for a view or a virtual table.
absl::StatusOr<std::optional<TargetTable>> ReadTargetTable(sqlite3* db, absl::string_view schema,
                                                           absl::string_view name);

// Changes with every change of the database's schema, by whomever, and of what else ReadTargetTable looks at.
absl::StatusOr<int64_t> SchemaVersion(sqlite3* db, absl::string_view schema);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_TARGET_TABLE_H_
