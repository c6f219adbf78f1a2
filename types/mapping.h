// Which SQLite type a PostgreSQL type becomes, and what decodes its values: docs/types.md as code.

#ifndef DELTAMIRROR_TYPES_MAPPING_H_
#define DELTAMIRROR_TYPES_MAPPING_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "types/decoder.h"
#include "types/relation.h"

namespace deltamirror::types {

// What the user wants otherwise: the option `types`, {"array":"json", "numeric":"text"}.
class Overrides {
 public:
  // Pairs of a PostgreSQL type and what it becomes:
  //   the type: as PostgreSQL prints it or by its short name ("timestamp with time zone", "timestamptz", "mood"),
  //     without modifiers; "integer[]" for one kind of array, "array" for all of them;
  //   the target: "text", "integer", "real" or "blob"; for arrays also "json".
  static absl::StatusOr<Overrides> Parse(const std::vector<std::pair<std::string, std::string>>& pairs);

  Overrides() = default;

  // The target for a type, or "" for none. `name` is as format_type prints it, modifiers and all.
  absl::string_view TargetFor(absl::string_view name, uint32_t oid, uint32_t elem) const;

  // The types that were named.
  std::vector<std::string> types() const;

 private:
  std::vector<std::pair<std::string, std::string>> targets_;
};

// How a column is mapped. Every type has a mapping: what is not known by its OID is TEXT as PostgreSQL prints it.
//   name: as format_type prints it;  oid: of a domain its base type;  elem: an array's element type, else 0.
//
//   const Mapping mapping = MappingFor(column);
//   RETURN_IF_ERROR(mapping.text("2026-08-01 12:00:00+00", scratch, &value));   // '2026-08-01 12:00:00+00:00'
Mapping MappingFor(absl::string_view name, uint32_t oid, uint32_t elem, const Overrides& overrides = {});
Mapping MappingFor(const Column& column, const Overrides& overrides = {});

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_MAPPING_H_
