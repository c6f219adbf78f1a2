// A value as SQLite stores it: what every decoder of this room gives, and what statements bind.

#ifndef DELTAMIRROR_TYPES_VALUE_H_
#define DELTAMIRROR_TYPES_VALUE_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace deltamirror::types {

// A value of one of SQLite's five storage classes. Text (UTF-8) and blobs are views: the bytes belong to whoever made
// the value.
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

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }

  // Each for its own kind only.
  int64_t integer() const { return integer_; }
  double real() const { return real_; }
  absl::string_view bytes() const { return absl::string_view(data_, size_); }

 private:
  explicit Value(Kind kind) : kind_(kind) {}
  static Value Bytes(Kind kind, absl::string_view value) {
    Value result(kind);
    result.data_ = value.data();
    result.size_ = value.size();
    return result;
  }

  union {
    int64_t integer_ = 0;
    double real_;
    const char* data_;
  };
  size_t size_ = 0;
  Kind kind_ = Kind::kNull;
};

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_VALUE_H_
