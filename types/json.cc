#include "types/json.h"

#include <cstddef>

#include "absl/strings/str_format.h"
#include "types/oids.h"

namespace deltamirror::types {
namespace {

// As PostgreSQL prints numbers, every one that begins with a digit is one in JSON too.
bool IsJsonNumber(absl::string_view text) {
  const size_t first = !text.empty() && text[0] == '-' ? 1 : 0;
  return first < text.size() && text[first] >= '0' && text[first] <= '9';
}

}  // namespace

JsonKind JsonKindOf(uint32_t oid) {
  switch (oid) {
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
    case kFloat4:
    case kFloat8:
    case kNumeric:
      return JsonKind::kNumber;
    case kBool:
      return JsonKind::kBoolean;
    case kJson:
    case kJsonb:
      return JsonKind::kJson;
    default:
      return JsonKind::kString;
  }
}

void AppendJson(JsonKind kind, absl::string_view text, std::string* json) {
  const bool as_it_is = (kind == JsonKind::kNumber && IsJsonNumber(text)) || (kind == JsonKind::kJson && !text.empty());
  if (as_it_is) {
    json->append(text.data(), text.size());
  } else if (kind == JsonKind::kBoolean && (text == "t" || text == "f")) {
    json->append(text == "t" ? "true" : "false");
  } else {
    AppendJsonString(text, json);
  }
}

void AppendJsonString(absl::string_view text, std::string* json) {
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

}  // namespace deltamirror::types
