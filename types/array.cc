#include "types/array.h"

#include <cstddef>
#include <string>

#include "absl/strings/match.h"
#include "types/json.h"
#include "types/oids.h"
#include "types/plain.h"
#include "types/wire.h"

namespace deltamirror::types {
namespace {

absl::Status Malformed(absl::string_view text) {
  return WrongText("array", text, "PostgreSQL's form, like {1,2,NULL}");
}

// An element at the front of `text`, which becomes what follows it. `quoted` tells the word NULL from NULL.
bool TakeElement(char delimiter, absl::string_view* text, std::string* element, bool* quoted) {
  element->clear();
  *quoted = !text->empty() && text->front() == '"';
  if (*quoted) text->remove_prefix(1);
  while (!text->empty()) {
    char c = text->front();
    if (*quoted ? c == '"' : (c == delimiter || c == '}')) {
      if (*quoted) text->remove_prefix(1);
      return true;
    }
    if (c == '\\') {
      text->remove_prefix(1);
      if (text->empty()) return false;
      c = text->front();
    }
    element->push_back(c);
    text->remove_prefix(1);
  }
  return false;
}

// kDelimiter: box is the one type of PostgreSQL's own whose elements a semicolon separates.
template <JsonKind kKind, char kDelimiter = ','>
absl::Status Convert(absl::string_view bytes, Scratch& json, Value* value) {
  absl::string_view text = bytes;
  if (absl::StartsWith(text, "[")) {
    const size_t equals = text.find('=');
    if (equals == absl::string_view::npos) return Malformed(bytes);
    text.remove_prefix(equals + 1);
  }
  json.clear();
  std::string element;
  bool quoted = false;
  int depth = 0;
  do {
    if (text.empty()) return Malformed(bytes);
    const char c = text.front();
    if (c == '{' || c == '}') {
      depth += c == '{' ? 1 : -1;
      json.push_back(c == '{' ? '[' : ']');
      text.remove_prefix(1);
    } else if (c == kDelimiter) {
      json.push_back(',');
      text.remove_prefix(1);
    } else if (depth == 0 || !TakeElement(kDelimiter, &text, &element, &quoted)) {
      return Malformed(bytes);
    } else if (!quoted && element == "NULL") {
      json.append("null");
    } else {
      AppendJson(kKind, element, &json);
    }
  } while (depth > 0);
  if (depth != 0 || !text.empty()) return Malformed(bytes);
  return TextAsIs(json, json, value);
}

}  // namespace

Decoder ArrayToJson(uint32_t elem) {
  if (elem == kBox) return Convert<JsonKind::kString, ';'>;
  switch (JsonKindOf(elem)) {
    case JsonKind::kNumber:
      return Convert<JsonKind::kNumber>;
    case JsonKind::kBoolean:
      return Convert<JsonKind::kBoolean>;
    case JsonKind::kJson:
      return Convert<JsonKind::kJson>;
    case JsonKind::kString:
      return Convert<JsonKind::kString>;
  }
  return Convert<JsonKind::kString>;
}

}  // namespace deltamirror::types
