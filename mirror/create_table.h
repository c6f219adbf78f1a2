// CREATE TABLE for a table that the stream brings.

#ifndef DELTAMIRROR_MIRROR_CREATE_TABLE_H_
#define DELTAMIRROR_MIRROR_CREATE_TABLE_H_

#include <string>

#include "absl/status/statusor.h"
#include "types/mapping.h"
#include "types/relation.h"

namespace deltamirror::mirror {

// For table `target` in database `schema` with the columns of the shape, as design.md section 5 maps their types. The
// primary key is the one that finds rows; an integer key becomes INTEGER PRIMARY KEY. Virtual generated columns, whose
// values no stream brings, are left out. Empty if no column is left. An error for columns that differ only in case.
absl::StatusOr<std::string> CreateMirroredSql(const std::string& schema, const std::string& target,
                                              const types::Relation& shape, const types::Overrides& overrides);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_CREATE_TABLE_H_
