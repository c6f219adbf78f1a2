// PostgreSQL's values as JSON.

#ifndef DELTAMIRROR_TYPES_JSON_H_
#define DELTAMIRROR_TYPES_JSON_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace deltamirror::types {

// What the text of a type is in JSON: a number with every digit (a string where JSON has no such number: NaN and the
// infinities), true or false, itself (json and jsonb), or a string.
enum class JsonKind : uint8_t { kNumber, kBoolean, kJson, kString };

// `oid`: the type; of a domain its base type.
JsonKind JsonKindOf(uint32_t oid);

// Appends a value that is not NULL, given as PostgreSQL prints it.
//   AppendJson(JsonKind::kNumber, "12345678901234567890.5", &json);
void AppendJson(JsonKind kind, absl::string_view text, std::string* json);

// A text (UTF-8) in double quotes, with what JSON asks to be escaped.
void AppendJsonString(absl::string_view text, std::string* json);

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_JSON_H_
