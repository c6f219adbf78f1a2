// Which schema a record's table is in, and what a table is known by.

#ifndef DELTAMIRROR_MIRROR_QUALIFIED_NAME_H_
#define DELTAMIRROR_MIRROR_QUALIFIED_NAME_H_

#include <string>

#include "absl/strings/string_view.h"
#include "deltaflood/record.h"

namespace deltamirror::mirror {

// _schema, or the schema in the original plugin's _qualified_table, or "public". A quoted name is taken without its
// quotes. Valid as long as the record.
absl::string_view SchemaOf(const deltaflood::Record& record);

// What tells a table from others: schema NUL name.
std::string TableKey(absl::string_view schema, absl::string_view name);
// The same, with memory that is used again.
void SetTableKey(absl::string_view schema, absl::string_view name, std::string* key);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_QUALIFIED_NAME_H_
