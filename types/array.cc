#include "types/array.h"

#include <cstddef>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "types/oids.h"
#include "types/wire.h"

namespace deltamirror::types {
namespace {

enum class Element { kNumber, kBoolean, kJson, kString, kBox };

absl::Status Malformed(absl::string_view text) {
  return WrongText("array", text, "PostgreSQL's form, like {1,2,NULL}");
}

void AppendString(absl::string_view text, std::string* json) {
  json->push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json->push_back('\\');
      json->push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(json, "\\u%04x", static_cast<unsigned>(c));
    } else {
      json->push_back(c);
    }
  }
  json->push_back('"');
}

bool IsJsonNumber(absl::string_view text) {
  const size_t first = !text.empty() && text[0] == '-' ? 1 : 0;
  return first < text.size() && text[first] >= '0' && text[first] <= '9';
}

template <Element kElement>
void AppendElement(absl::string_view text, std::string* json) {
  if (kElement == Element::kNumber && IsJsonNumber(text)) {
    json->append(text.data(), text.size());
  } else if (kElement == Element::kBoolean && (text == "t" || text == "f")) {
    json->append(text == "t" ? "true" : "false");
  } else if (kElement == Element::kJson && !text.empty()) {
    json->append(text.data(), text.size());
  } else {
    AppendString(text, json);
  }
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

template <Element kElement>
absl::Status Convert(absl::string_view bytes, Scratch& json, Value* value) {
  // box is the one type of PostgreSQL's own whose elements a semicolon separates.
  constexpr char kDelimiter = kElement == Element::kBox ? ';' : ',';
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
      AppendElement<kElement>(element, &json);
    }
  } while (depth > 0);
  if (depth != 0 || !text.empty()) return Malformed(bytes);
  *value = Value::Text(json);
  return absl::OkStatus();
}

}  // namespace

Decoder ArrayToJson(uint32_t elem) {
  switch (elem) {
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
    case kFloat4:
    case kFloat8:
    case kNumeric:
      return Convert<Element::kNumber>;
    case kBool:
      return Convert<Element::kBoolean>;
    case kJson:
    case kJsonb:
      return Convert<Element::kJson>;
    case kBox:
      return Convert<Element::kBox>;
    default:
      return Convert<Element::kString>;
  }
}

}  // namespace deltamirror::types
