// A value as SQLite stores it: what every decoder of this room gives, and what statements bind.

#ifndef DELTAMIRROR_TYPES_VALUE_H_
#define DELTAMIRROR_TYPES_VALUE_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace deltamirror::types {

// A value of one of SQLite's five storage classes. Text (UTF-8) and blobs are views: the bytes belong to whoever made
// the value. Sixteen bytes, which functions return in registers, and of which rows are made by the million.
class Value {
 public:
  enum class Kind : uint8_t { kNull, kInteger, kReal, kText, kBlob };

  Value() = default;  // NULL
  static Value Integer(int64_t value) {
    Value result(Kind::kInteger);
    result.integer_ = value;
    return result;
  }
  // NaN must not come here: SQLite stores it as NULL.
  static Value Real(double value) {
    Value result(Kind::kReal);
    result.real_ = value;
    return result;
  }
  static Value Text(absl::string_view value) { return Bytes(Kind::kText, value); }
  static Value Blob(absl::string_view value) { return Bytes(Kind::kBlob, value); }

  Kind kind() const { return static_cast<Kind>(size_and_kind_ & kKindMask); }
  bool is_null() const { return kind() == Kind::kNull; }

  bool is_text_or_blob() const { return kind() == Kind::kText || kind() == Kind::kBlob; }
  // Of such a one: the same with other bytes.
  Value With(absl::string_view bytes) const { return Bytes(kind(), bytes); }

  // Each for its own kind only.
  int64_t integer() const { return integer_; }
  double real() const { return real_; }
  absl::string_view bytes() const { return absl::string_view(data_, size_and_kind_ >> kKindBits); }

 private:
  static constexpr int kKindBits = 8;
  static constexpr uint64_t kKindMask = (1 << kKindBits) - 1;

  explicit Value(Kind kind) : size_and_kind_(static_cast<uint64_t>(kind)) {}
  static Value Bytes(Kind kind, absl::string_view value) {
    Value result(kind);
    result.data_ = value.data();
    result.size_and_kind_ |= static_cast<uint64_t>(value.size()) << kKindBits;
    return result;
  }

  union {
    int64_t integer_ = 0;
    double real_;
    const char* data_;
  };
  uint64_t size_and_kind_ = 0;  // of text and blobs the size in bytes, above the kind
};
static_assert(sizeof(Value) == 16);

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_VALUE_H_
