// A row whose values were decoded by another thread than the one that writes it.

#ifndef DELTAMIRROR_TYPES_DECODED_ROW_H_
#define DELTAMIRROR_TYPES_DECODED_ROW_H_

#include <string>
#include <vector>

#include "types/decoder.h"
#include "types/value.h"

namespace deltamirror::types {

// The columns that a row comes with, in its order, and what decodes each. Two rows with the same shape (the same
// object) have the same columns.
struct RowShape {
  const void* table = nullptr;  // tells those who made the decoders whether they still are the right ones
  std::vector<std::string> names;
  std::vector<Decoder> decoders;
};

// Owns nothing.
struct DecodedRow {
  const RowShape* shape = nullptr;
  const Value* values = nullptr;  // one for each column of the shape
};

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_DECODED_ROW_H_
