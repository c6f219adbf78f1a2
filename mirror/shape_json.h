// The shape of a table as the mirror keeps it: JSON text in a shadow table, for people to read too.

#ifndef DELTAMIRROR_MIRROR_SHAPE_JSON_H_
#define DELTAMIRROR_MIRROR_SHAPE_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "types/relation.h"

namespace deltamirror::mirror {

// {"relid":16402,"identity":"default","columns":[{"name":"ident","attnum":1,"type":"text","oid":25,"pk":1,"key":1,
// "not_null":true}, ...]}. What is 0, false or empty is left out. Schema and table are not part of it: they have
// columns of their own.
std::string RelationToJson(const types::Relation& relation);

// DataLoss, saying what is wrong, if the text is not such an object. "" gives an unknown shape: no columns.
absl::StatusOr<types::Relation> RelationFromJson(absl::string_view json);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_SHAPE_JSON_H_
