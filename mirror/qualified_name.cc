#include "mirror/qualified_name.h"

#include "absl/strings/str_cat.h"

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

std::string TableKey(absl::string_view schema, absl::string_view name) {
  std::string key;
  SetTableKey(schema, name, &key);
  return key;
}

void SetTableKey(absl::string_view schema, absl::string_view name, std::string* key) {
  key->clear();
  absl::StrAppend(key, schema, absl::string_view("\0", 1), name);
}

}  // namespace deltamirror::mirror
