// PostgreSQL's binary COPY format, made by hand.

#ifndef DELTAMIRROR_TESTS_BINARY_COPY_H_
#define DELTAMIRROR_TESTS_BINARY_COPY_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace deltamirror::binary_copy {

inline std::string Int16(int value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

inline std::string Int32(int value) {
  return absl::StrCat(Int16(value >> 16), Int16(value));
}

inline std::string Header(const std::string& extension = "") {
  return absl::StrCat(std::string("PGCOPY\n\377\r\n\0", 11), Int32(0), Int32(static_cast<int>(extension.size())),
                      extension);
}

inline std::string Field(const std::string& bytes) {
  return absl::StrCat(Int32(static_cast<int>(bytes.size())), bytes);
}

inline constexpr char kNull[] = "null";  // a field that is NULL

inline std::string Row(const std::vector<std::string>& fields) {
  std::string row = Int16(static_cast<int>(fields.size()));
  for (const std::string& field : fields) absl::StrAppend(&row, field == kNull ? Int32(-1) : Field(field));
  return row;
}

}  // namespace deltamirror::binary_copy

#endif  // DELTAMIRROR_TESTS_BINARY_COPY_H_
