#include "types/override.h"

#include "types/number.h"
#include "types/numeric.h"
#include "types/oids.h"
#include "types/plain.h"

namespace deltamirror::types {
namespace {

// A boolean is t or f from the output function, 1 or 0 in a stream.
absl::string_view PrintedBool(absl::string_view bytes) {
  if (bytes == "1") return "t";
  return bytes == "0" ? "f" : bytes;
}

absl::Status TextFromBool(absl::string_view bytes, Scratch& scratch, Value* value) {
  return TextAsIs(PrintedBool(bytes), scratch, value);
}

absl::Status BlobFromBool(absl::string_view bytes, Scratch& scratch, Value* value) {
  return BlobAsIs(PrintedBool(bytes), scratch, value);
}

absl::Status RealFromBool(absl::string_view bytes, Scratch& scratch, Value* value) {
  if (absl::Status status = BoolFromText(bytes, scratch, value); !status.ok()) return status;
  *value = Value::Real(static_cast<double>(value->integer()));
  return absl::OkStatus();
}

absl::Status IntegerFromAny(absl::string_view bytes, Scratch& scratch, Value* value) {
  if (bytes == "t" || bytes == "f") return BoolFromText(bytes, scratch, value);
  // 12.00 is a whole number, too.
  if (NumericFromText(bytes, scratch, value).ok() && value->kind() == Value::Kind::kInteger) return absl::OkStatus();
  return IntegerFromText(bytes, scratch, value);
}

}  // namespace

Mapping OverrideMapping(absl::string_view target, uint32_t oid) {
  const bool boolean = oid == kBool;
  if (target == "integer") return {"INTEGER", "INTEGER", IntegerFromAny, nullptr};
  if (target == "real") return {"REAL", "ANY", boolean ? RealFromBool : FloatFromText, nullptr};
  if (target == "blob") return {"BLOB", "BLOB", boolean ? BlobFromBool : BlobAsIs, nullptr};
  return {"TEXT", "TEXT", boolean ? TextFromBool : TextAsIs, nullptr};
}

}  // namespace deltamirror::types
