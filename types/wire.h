// What the decoders share: big-endian numbers, and the two errors that bytes from outside can bring.

#ifndef DELTAMIRROR_TYPES_WIRE_H_
#define DELTAMIRROR_TYPES_WIRE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace deltamirror::types {

// Big-endian numbers at `from`; the caller has checked that the bytes are there.
inline uint16_t Load16(const char* from) {
  uint16_t value;
  std::memcpy(&value, from, sizeof(value));
  return __builtin_bswap16(value);
}
inline uint32_t Load32(const char* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof(value));
  return __builtin_bswap32(value);
}
inline uint64_t Load64(const char* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return __builtin_bswap64(value);
}

// "invalid length 3 for type integer, expected 4 bytes".
absl::Status WrongLength(absl::string_view type, size_t actual, absl::string_view expected);

// "invalid text "x" for type integer, expected a whole number". Long texts are cut.
absl::Status WrongText(absl::string_view type, absl::string_view text, absl::string_view expected);

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_WIRE_H_
