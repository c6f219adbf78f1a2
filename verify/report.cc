#include "verify/report.h"

#include <cmath>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "types/value.h"
#include "verify/digest.h"

namespace deltamirror::verify {
namespace {

using Json = nlohmann::ordered_json;
using Kind = types::Value::Kind;

constexpr size_t kMostBytesShown = 200;

// Not within a character.
std::string Cut(absl::string_view text) {
  if (text.size() <= kMostBytesShown) return std::string(text);
  size_t size = kMostBytesShown;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return absl::StrCat(text.substr(0, size), "...");
}

std::string BlobText(absl::string_view bytes) {
  const std::string digits = absl::AsciiStrToUpper(absl::BytesToHexString(bytes.substr(0, kMostBytesShown)));
  return absl::StrCat("x'", digits, bytes.size() > kMostBytesShown ? "...'" : "'");
}

Json ValueJson(const types::Value& value) {
  switch (value.kind()) {
    case Kind::kInteger:
      return value.integer();
    case Kind::kReal:
      if (std::isinf(value.real())) return value.real() > 0 ? "Infinity" : "-Infinity";
      return value.real();
    case Kind::kText:
      return Cut(value.bytes());
    case Kind::kBlob:
      return BlobText(value.bytes());
    default:
      return nullptr;
  }
}

// The key, or all columns without one.
Json KeyJson(const ComparedTable& table, absl::string_view row) {
  const size_t columns = table.key_columns == 0 ? table.columns.size() : table.key_columns;
  Json json = Json::object();
  types::Value value;
  for (size_t i = 0; i < columns && ConsumeValue(&row, &value); ++i) {
    json[table.relation.columns[i].name] = ValueJson(value);
  }
  return json;
}

Json Pair(const types::Value& source, const types::Value& mirror) {
  return {{"source", ValueJson(source)}, {"mirror", ValueJson(mirror)}};
}

std::string Bytes(const types::Value& value) {
  std::string bytes;
  AppendValue(value, &bytes);
  return bytes;
}

}  // namespace

void Report::AddMissing(const ComparedTable& table, absl::string_view row) {
  json_["missing"].push_back(KeyJson(table, row));
}

void Report::AddExtra(const ComparedTable& table, absl::string_view row) {
  json_["extra"].push_back(KeyJson(table, row));
}

void Report::AddChanged(const ComparedTable& table, absl::string_view source, absl::string_view mirror) {
  Json changed = {{"key", KeyJson(table, source)}, {"columns", Json::object()}};
  types::Value ours;
  types::Value theirs;
  for (const types::Column& column : table.relation.columns) {
    if (!ConsumeValue(&source, &theirs) || !ConsumeValue(&mirror, &ours)) break;
    if (Bytes(ours) != Bytes(theirs)) changed["columns"][column.name] = Pair(theirs, ours);
  }
  json_["changed"].push_back(std::move(changed));
}

void Report::SetAwaited(const std::vector<std::string>& columns) {
  if (!columns.empty()) json_["awaited"] = columns;
}

void Report::SetError(absl::string_view reason) {
  json_["error"] = std::string(reason);
}

std::string Report::Text() const {
  return json_.empty() ? "" : json_.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace deltamirror::verify
