// CREATE TABLE for a table that the stream brings.

#ifndef DELTAMIRROR_MIRROR_CREATE_TABLE_H_
#define DELTAMIRROR_MIRROR_CREATE_TABLE_H_

#include <string>

#include "absl/status/status.h"
#include "sqlite/api.h"
#include "types/relation.h"

namespace deltamirror::mirror {

// Makes table `target` in database `schema` with the columns of the shape, as design.md section 5 maps their types. The
// primary key is the one that finds rows; an integer key becomes INTEGER PRIMARY KEY. Virtual generated columns, whose
// values no stream brings, are left out.
absl::Status CreateMirroredTable(sqlite3* db, const std::string& schema, const std::string& target,
                                 const types::Relation& shape);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_CREATE_TABLE_H_
