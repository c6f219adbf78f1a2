// The indexes of a table, as far as other databases can have the same.

#ifndef DELTAMIRROR_POSTGRES_INDEX_H_
#define DELTAMIRROR_POSTGRES_INDEX_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "postgres/connection.h"

namespace deltamirror::postgres {

struct IndexColumn {
  std::string name;
  bool descending = false;
};

struct Index {
  std::string name;
  bool unique = false;               // checked at once: not for a DEFERRABLE constraint
  std::vector<IndexColumn> columns;  // the key; not what is only INCLUDEd. Without the expressions among them
  // Why other databases cannot have it: "it is partial", "it is on an expression", "it is of kind gin", "it is not
  // valid". Empty: it is a btree whose keys are plain columns and that holds all rows.
  std::string unfit;
};

// The indexes of a table, by name, with those of the primary key and of UNIQUE constraints.
absl::StatusOr<std::vector<Index>> ReadIndexes(Connection& connection, uint32_t relid);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_INDEX_H_
