// Which schema a record's table is in.

#ifndef DELTAMIRROR_MIRROR_QUALIFIED_NAME_H_
#define DELTAMIRROR_MIRROR_QUALIFIED_NAME_H_

#include "absl/strings/string_view.h"
#include "deltaflood/record.h"

namespace deltamirror::mirror {

// _schema, or the schema in the original plugin's _qualified_table, or "public". A quoted name is taken without its
// quotes. Valid as long as the record.
absl::string_view SchemaOf(const deltaflood::Record& record);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_QUALIFIED_NAME_H_
