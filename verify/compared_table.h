// What of a mirrored table is compared with what in PostgreSQL.

#ifndef DELTAMIRROR_VERIFY_COMPARED_TABLE_H_
#define DELTAMIRROR_VERIFY_COMPARED_TABLE_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "mirror/table_state.h"
#include "mirror/target_table.h"
#include "postgres/schema.h"
#include "types/mapping.h"
#include "types/relation.h"
#include "types/value.h"
#include "verify/digest.h"

namespace deltamirror::verify {

struct ComparedColumn {
  std::string target;      // its name in SQLite
  std::string declared;    // its type in SQLite
  types::Mapping mapping;  // as the mirror's user chose
};

struct ComparedTable {
  std::string name;  // for messages: "ops.crew"
  // As the server's snapshot and the stream's lines have it, but with the compared columns alone, those of the key
  // first.
  types::Relation relation;
  bool partitioned = false;
  std::string where;                                         // the rows that are compared, see postgres::CatalogTable
  std::vector<ComparedColumn> columns;                       // beside relation.columns
  size_t key_columns = 0;                                    // 0: rows have no key, and are compared as a multiset
  std::string target;                                        // the table in SQLite, quoted
  std::vector<std::pair<std::string, std::string>> choices;  // of types, as TableState has them
  types::Overrides overrides;                                // the same, read
  // A column was declared otherwise than the mirror would have done it, so that SQLite may have stored other values
  // than the decoders give.
  bool converts = false;
  // Columns that were added or dropped in PostgreSQL and of which the stream has not told yet: it does so with the
  // table's next change. They are not compared.
  std::vector<std::string> awaited;

  // Appends the key's values first, as they stand in the relation. `values` has one for each column.
  void Encode(const std::vector<types::Value>& values, EncodedRow* row) const;
};

// FailedPrecondition, naming the column, if the table in SQLite lacks one that the mirror brings there, or if the key
// is awaited.
absl::StatusOr<ComparedTable> Compare(const mirror::TableState& state, const mirror::TargetTable& target,
                                      const postgres::CatalogTable& source);

}  // namespace deltamirror::verify

#endif  // DELTAMIRROR_VERIFY_COMPARED_TABLE_H_
