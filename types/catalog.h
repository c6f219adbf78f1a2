// The table of docs/types.md: what each of PostgreSQL's own types becomes.

#ifndef DELTAMIRROR_TYPES_CATALOG_H_
#define DELTAMIRROR_TYPES_CATALOG_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "types/decoder.h"

namespace deltamirror::types {

struct CatalogEntry {
  uint32_t oid;
  absl::string_view name;        // as format_type prints it
  absl::string_view short_name;  // as pg_type has it
  Mapping mapping;
};

// Null for a type that is not in the table: it is TEXT, as its output function prints it.
const CatalogEntry* FindType(uint32_t oid);

// Whether this is one of the table's names, long or short, possibly with [] behind it.
bool IsKnownTypeName(absl::string_view name);

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_CATALOG_H_
