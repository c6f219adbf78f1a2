#include "mirror/qualified_name.h"

namespace deltamirror::mirror {

absl::string_view SchemaOf(const deltaflood::Record& record) {
  if (!record.schema.empty()) return record.schema;
  const absl::string_view name = record.qualified_table;
  if (name.empty()) return "public";
  const bool quoted = name.front() == '"';
  const size_t end = name.find(quoted ? "\"." : ".", quoted ? 1 : 0);
  if (end == name.npos) return "public";
  return quoted ? name.substr(1, end - 1) : name.substr(0, end);
}

}  // namespace deltamirror::mirror
