// The shape of a table, put together from a Relation message and the catalog.

#ifndef DELTAMIRROR_PGOUTPUT_SHAPE_H_
#define DELTAMIRROR_PGOUTPUT_SHAPE_H_

#include <cstdint>
#include <map>

#include "absl/status/statusor.h"
#include "pgoutput/catalog.h"
#include "pgoutput/message.h"
#include "types/relation.h"

namespace deltamirror::pgoutput {

using TypeNames = std::map<uint32_t, TypeName>;  // by OID

struct Shape {
  types::Relation relation;
  // Which columns are the message's cannot be told: its transaction has dropped some, before the message or after it;
  // or those that come first and those that have its names are others. The values may be other columns'.
  bool doubtful = false;
};

// The message says what the table was called, its columns in order, their types and which are in the replica identity:
// that is how it was when the changes were made, and goes before what the catalog says of the present. From the catalog
// come, for the same column: number, place in primary key and replica identity, NOT NULL, and the value of rows from
// before the column. Virtual generated columns, which have no values in a stream, come from it whole.
//
// Which column is the same: columns stand in the order of their numbers, which are never given twice, so the message's
// are the first of those that the table has now or that have been dropped since, whatever they are called now. If that
// does not fit (a publication with a column list: not `in_order`), columns of the same name are the same, and another
// has the number that it had in `last` (the table's shape before this one; null: none), or else one that is free.
//
// `names` stands in for types that are gone. DataLoss if `entry.types` has another number of types than the message has
// columns.
absl::StatusOr<Shape> MakeShape(const RelationMessage& message, const CatalogEntry& entry, const types::Relation* last,
                                const TypeNames& names);

}  // namespace deltamirror::pgoutput

#endif  // DELTAMIRROR_PGOUTPUT_SHAPE_H_
