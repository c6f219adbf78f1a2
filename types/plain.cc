#include "types/plain.h"

#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "types/utf8.h"
#include "types/wire.h"

namespace deltamirror::types {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

absl::Status TextAsIs(absl::string_view bytes, Scratch&, Value* value) {
  *value = IsUtf8(bytes) ? Value::Text(bytes) : Value::Blob(bytes);
  return absl::OkStatus();
}

absl::Status BlobAsIs(absl::string_view bytes, Scratch&, Value* value) {
  *value = Value::Blob(bytes);
  return absl::OkStatus();
}

absl::Status ByteaFromText(absl::string_view bytes, Scratch& scratch, Value* value) {
  if (!absl::StartsWith(bytes, "\\x") || bytes.size() % 2 != 0) {
    return WrongText("bytea", bytes, "\"\\x\" and an even number of hexadecimal digits");
  }
  scratch.resize(bytes.size() / 2 - 1);
  for (size_t i = 0; i < scratch.size(); ++i) {
    const int high = HexValue(bytes[2 * i + 2]);
    const int low = HexValue(bytes[2 * i + 3]);
    if (high < 0 || low < 0) return WrongText("bytea", bytes, "\"\\x\" and an even number of hexadecimal digits");
    scratch[i] = static_cast<char>(high * 16 + low);
  }
  *value = Value::Blob(scratch);
  return absl::OkStatus();
}

absl::Status JsonbFromBinary(absl::string_view bytes, Scratch& scratch, Value* value) {
  if (bytes.empty()) return WrongLength("jsonb", 0, "at least 1 byte");
  if (bytes[0] != 1) {
    return absl::DataLossError(
        absl::StrCat("invalid version ", static_cast<unsigned char>(bytes[0]), " for type jsonb, expected 1"));
  }
  return TextAsIs(bytes.substr(1), scratch, value);
}

absl::Status UuidFromBinary(absl::string_view bytes, Scratch& scratch, Value* value) {
  if (bytes.size() != 16) return WrongLength("uuid", bytes.size(), "16 bytes");
  char text[36];
  char* at = text;
  for (size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
    const auto byte = static_cast<unsigned char>(bytes[i]);
    *at++ = kHexDigits[byte >> 4];
    *at++ = kHexDigits[byte & 15];
  }
  scratch.assign(text, sizeof(text));
  *value = Value::Text(scratch);
  return absl::OkStatus();
}

}  // namespace deltamirror::types
