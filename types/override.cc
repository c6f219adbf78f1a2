#include "types/override.h"

#include "types/number.h"
#include "types/plain.h"

namespace deltamirror::types {
namespace {

absl::Status IntegerFromAny(absl::string_view bytes, Scratch& scratch, Value* value) {
  if (bytes == "t" || bytes == "f") return BoolFromText(bytes, scratch, value);
  return IntegerFromText(bytes, scratch, value);
}

}  // namespace

Mapping OverrideMapping(absl::string_view target) {
  if (target == "integer") return {"INTEGER", "INTEGER", IntegerFromAny, nullptr};
  if (target == "real") return {"REAL", "ANY", FloatFromText, nullptr};
  if (target == "blob") return {"BLOB", "BLOB", BlobAsIs, nullptr};
  return {"TEXT", "TEXT", TextAsIs, nullptr};
}

}  // namespace deltamirror::types
