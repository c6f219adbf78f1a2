// Values as the result of a function or of a virtual table's column.

#ifndef DELTAMIRROR_SQLITE_RESULT_H_
#define DELTAMIRROR_SQLITE_RESULT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "sqlite/api.h"
#include "types/value.h"

namespace deltamirror::sqlite {

// `destructor`: SQLITE_STATIC if text and blobs stay where they are until SQLite has used the value, else
// SQLITE_TRANSIENT, which copies them.
inline void ResultValue(sqlite3_context* context, const types::Value& value, sqlite3_destructor_type destructor) {
  switch (value.kind()) {
    case types::Value::Kind::kNull:
      return sqlite3_result_null(context);
    case types::Value::Kind::kInteger:
      return sqlite3_result_int64(context, value.integer());
    case types::Value::Kind::kReal:
      return sqlite3_result_double(context, value.real());
    case types::Value::Kind::kText: {
      const absl::string_view text = value.bytes();
      // A null pointer would be NULL instead of the empty text.
      return sqlite3_result_text64(context, text.data() == nullptr ? "" : text.data(), text.size(), destructor,
                                   SQLITE_UTF8);
    }
    case types::Value::Kind::kBlob: {
      const absl::string_view blob = value.bytes();
      return sqlite3_result_blob64(context, blob.data() == nullptr ? "" : blob.data(), blob.size(), destructor);
    }
  }
}

// A copy of the text.
inline void ResultText(sqlite3_context* context, absl::string_view text) {
  ResultValue(context, types::Value::Text(text), SQLITE_TRANSIENT);
}

// The same; NULL instead of the empty text.
inline void ResultTextIfAny(sqlite3_context* context, absl::string_view text) {
  if (!text.empty()) ResultText(context, text);
}

inline void ResultOptionalText(sqlite3_context* context, const std::optional<std::string>& text) {
  if (text.has_value()) ResultText(context, *text);
}

// NULL for none.
inline void ResultInteger(sqlite3_context* context, const std::optional<int64_t>& number) {
  if (number.has_value()) sqlite3_result_int64(context, *number);
}

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_RESULT_H_
