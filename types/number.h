// Whole numbers, booleans and floating point, from text and from binary.

#ifndef DELTAMIRROR_TYPES_NUMBER_H_
#define DELTAMIRROR_TYPES_NUMBER_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "types/decoder.h"
#include "types/value.h"

namespace deltamirror::types {

// smallint, integer, bigint and oid: INTEGER.
absl::Status IntegerFromText(absl::string_view bytes, Scratch& scratch, Value* value);
absl::Status Int2FromBinary(absl::string_view bytes, Scratch& scratch, Value* value);
absl::Status Int4FromBinary(absl::string_view bytes, Scratch& scratch, Value* value);
absl::Status Int8FromBinary(absl::string_view bytes, Scratch& scratch, Value* value);
absl::Status OidFromBinary(absl::string_view bytes, Scratch& scratch, Value* value);

// boolean: INTEGER 0 or 1. The text is t or f, or 1 or 0 as deltaflood's option convert-bool writes it.
absl::Status BoolFromText(absl::string_view bytes, Scratch& scratch, Value* value);
absl::Status BoolFromBinary(absl::string_view bytes, Scratch& scratch, Value* value);

// real and double precision: REAL; NaN, which SQLite would store as NULL, is the text NaN. A real is its shortest
// decimal form read as double, which is what its text says: 0.1::real is 0.1, not 0.100000001490116.
absl::Status FloatFromText(absl::string_view bytes, Scratch& scratch, Value* value);
absl::Status Float4FromBinary(absl::string_view bytes, Scratch& scratch, Value* value);
absl::Status Float8FromBinary(absl::string_view bytes, Scratch& scratch, Value* value);

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_NUMBER_H_
