// A value as the result of a function or of a virtual table's column.

#ifndef DELTAMIRROR_SQLITE_RESULT_H_
#define DELTAMIRROR_SQLITE_RESULT_H_

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

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_RESULT_H_
