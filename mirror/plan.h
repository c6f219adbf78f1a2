// How changes of one table are applied: which columns there are, what decodes them, and what finds a row.

#ifndef DELTAMIRROR_MIRROR_PLAN_H_
#define DELTAMIRROR_MIRROR_PLAN_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mirror/target_table.h"
#include "types/decoder.h"
#include "types/relation.h"

namespace deltamirror::mirror {

struct PlanColumn {
  std::string name;                  // in SQLite
  types::Decoder decoder = nullptr;  // never null: without a shape the text, and the column's affinity does the rest
  bool required = true;              // a line brings "all columns" only with this one in it
  bool generated = false;            // SQLite computes it: what a line says of it is dropped
};

// Made anew whenever the table's shape changes, here or in PostgreSQL.
struct Plan {
  std::string table;                // quoted, with its database, for SQL
  std::string name;                 // for messages
  std::vector<PlanColumn> columns;  // the mirrored ones
  // What finds a row, as indexes into columns: the replica identity's key; with identity full, or where the shape is
  // not known, the primary key.
  std::vector<int> key;
  // Without a key: all columns of a line find a row, and one of several equal ones is taken. False: the stream does not
  // tell which row it means.
  bool by_row = false;
  // Columns whose uniqueness tells that a row is there already: SQLite's primary key, or else `key` if that is unique.
  std::vector<int> conflict;
  bool has_other_unique = false;  // further unique sets of columns beside `conflict`
  // Nothing depends on its rows, or on the order in which they change: no trigger, foreign key, or other unique index.
  bool stands_alone = false;
  // Rows with the same key have it written in the same way in the stream, and to SQLite, too, it is the same.
  bool exact_key = false;
  std::string rowid;               // a name for the rowid that no column has taken; for tables without a key
  const void* decoders = nullptr;  // RowShape::table of rows that were decoded by these columns' decoders
  std::string remedy = "Bootstrap the table again";  // for messages: how to copy the table again

  // Index into columns, or -1. As SQLite compares names.
  int Find(absl::string_view column) const;

  // Whether a row that is there already is found by the columns that find a row.
  bool IsKeyUnique() const;
};

// `shape`: null or without columns where the stream does not tell it. `overrides`: as TableState keeps them.
// FailedPrecondition, naming table and column, if the table lacks a column of the shape.
absl::StatusOr<Plan> MakePlan(const TargetTable& target, const types::Relation* shape,
                              const std::vector<std::pair<std::string, std::string>>& overrides);

// The columns of a shape that find its rows, in the key's order; empty if there are none.
std::vector<std::string> KeyColumns(const types::Relation& shape);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_PLAN_H_
