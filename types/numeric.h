// numeric: exact in SQLite, and a number wherever SQLite's numbers can hold it.
//
//   a whole number that fits 64 bits        INTEGER        1200.00 -> 1200
//   at most 15 significant digits           REAL           0.07    -> 0.07
//   more                                    TEXT           as PostgreSQL prints it
//   NaN                                     TEXT 'NaN'
//   Infinity, -Infinity                     REAL
//
// Every decimal number of at most 15 significant digits comes back from a double as it was (within the exponents that
// a double has), so a digit is never lost. Trailing zeros behind the point are not digits.

#ifndef DELTAMIRROR_TYPES_NUMERIC_H_
#define DELTAMIRROR_TYPES_NUMERIC_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "types/decoder.h"
#include "types/value.h"

namespace deltamirror::types {

absl::Status NumericFromText(absl::string_view bytes, Scratch& scratch, Value* value);
absl::Status NumericFromBinary(absl::string_view bytes, Scratch& scratch, Value* value);

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_NUMERIC_H_
