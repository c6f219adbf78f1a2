// A row whose values were decoded by another thread than the one that writes it.

#ifndef DELTAMIRROR_TYPES_DECODED_ROW_H_
#define DELTAMIRROR_TYPES_DECODED_ROW_H_

#include <cstddef>
#include <memory>
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

// Where the texts and values of such rows stand: whoever keeps it in a shared_ptr (shared_from_this) may keep the rows.
class RowMemory : public std::enable_shared_from_this<RowMemory> {
 public:
  virtual ~RowMemory() = default;
  // How many bytes of texts it holds.
  virtual size_t bytes() const = 0;
};

// Owns nothing.
struct DecodedRow {
  const RowShape* shape = nullptr;
  const Value* values = nullptr;  // one for each column of the shape
  const RowMemory* memory = nullptr;
};

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_DECODED_ROW_H_
