// What ext/'s files hand to the registration table in extension.cc.

#ifndef DELTAMIRROR_EXT_FUNCTION_H_
#define DELTAMIRROR_EXT_FUNCTION_H_

#include "absl/strings/string_view.h"
#include "sqlite/api.h"

namespace deltamirror::ext {

using ScalarFunction = void (*)(sqlite3_context* context, int count, sqlite3_value** values);

// An argument as text; "" for NULL. Valid until the function returns.
inline absl::string_view TextArgument(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text == nullptr ? absl::string_view("") : absl::string_view(text, sqlite3_value_bytes(value));
}

// Argument `index` as text, or "" where the caller gave fewer or NULL: trailing options.
inline absl::string_view OptionalArgument(int count, sqlite3_value** values, int index) {
  return index < count ? TextArgument(values[index]) : absl::string_view("");
}

}  // namespace deltamirror::ext

#endif  // DELTAMIRROR_EXT_FUNCTION_H_
