#include "types/number.h"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <system_error>

#include "types/wire.h"

namespace deltamirror::types {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Value RealOrNan(double number) {
  return std::isnan(number) ? Value::Text("NaN") : Value::Real(number);
}

double ReadDouble(const char* begin, const char* end) {
  double number = 0;
  std::from_chars(begin, end, number);
  return number;
}

// Whether a decimal in scientific form is this double to its last digit. None of ours has more than 150 digits.
bool IsExactly(double number, const char* begin, const char* end) {
  char exact[192];
  const char* at = exact;
  const char* const last = std::to_chars(exact, exact + sizeof(exact), number, std::chars_format::scientific, 150).ptr;
  for (; begin != end && *begin != 'e'; ++begin, ++at) {
    if (*begin != *at) return false;
  }
  while (at != last && (*at == '0' || *at == '.')) ++at;
  return at != last && *at == 'e';
}

// PostgreSQL's shortest form never is the exact middle between two neighbours (src/common/ryu_common.h), because a
// reader may break that tie either way; to_chars may choose it. Then as many digits more as it takes are what
// PostgreSQL prints. A decimal that only reads as the middle, for want of digits in a double, is none.
//   begin, end: the decimal;  shortest: what it reads as.
bool IsMiddle(float number, double shortest, const char* begin, const char* end) {
  const double up = (static_cast<double>(number) + static_cast<double>(std::nextafterf(number, INFINITY))) / 2;
  const double down = (static_cast<double>(number) + static_cast<double>(std::nextafterf(number, -INFINITY))) / 2;
  return (shortest == up || shortest == down) && IsExactly(shortest, begin, end);
}

int SignificantDigits(const char* begin, const char* end) {
  int digits = 0;
  for (const char* at = begin; at != end && *at != 'e'; ++at) digits += *at >= '0' && *at <= '9' ? 1 : 0;
  return digits;
}

double ShortestDouble(float number) {
  char text[64];
  auto [end, error] = std::to_chars(text, text + sizeof(text), number, std::chars_format::scientific);
  double shortest = ReadDouble(text, end);
  // The precision of the scientific form counts the digits behind the point, which are one less than all.
  for (int precision = SignificantDigits(text, end); IsMiddle(number, shortest, text, end) && precision < 9;
       ++precision) {
    end = std::to_chars(text, text + sizeof(text), number, std::chars_format::scientific, precision).ptr;
    shortest = ReadDouble(text, end);
  }
  return shortest;
}

// What cannot overflow, in a third of the time that std::from_chars takes. False for anything else.
bool ReadShortInteger(absl::string_view bytes, int64_t* out) {
  constexpr size_t kMostDigits = 18;
  const bool negative = !bytes.empty() && bytes.front() == '-';
  if (negative) bytes.remove_prefix(1);
  if (bytes.empty() || bytes.size() > kMostDigits) return false;
  int64_t number = 0;
  for (const char c : bytes) {
    const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
    if (digit > 9) return false;
    number = number * 10 + digit;
  }
  *out = negative ? -number : number;
  return true;
}

}  // namespace

absl::Status IntegerFromText(absl::string_view bytes, Scratch&, Value* value) {
  int64_t number = 0;
  if (ReadShortInteger(bytes, &number)) {
    *value = Value::Integer(number);
    return absl::OkStatus();
  }
  const char* end = bytes.data() + bytes.size();
  const auto [at, error] = std::from_chars(bytes.data(), end, number);
  if (error != std::errc() || at != end) return WrongText("integer", bytes, "a whole number of at most 64 bits");
  *value = Value::Integer(number);
  return absl::OkStatus();
}

absl::Status Int2FromBinary(absl::string_view bytes, Scratch&, Value* value) {
  if (bytes.size() != 2) return WrongLength("smallint", bytes.size(), "2 bytes");
  *value = Value::Integer(static_cast<int16_t>(Load16(bytes.data())));
  return absl::OkStatus();
}

absl::Status Int4FromBinary(absl::string_view bytes, Scratch&, Value* value) {
  if (bytes.size() != 4) return WrongLength("integer", bytes.size(), "4 bytes");
  *value = Value::Integer(static_cast<int32_t>(Load32(bytes.data())));
  return absl::OkStatus();
}

absl::Status Int8FromBinary(absl::string_view bytes, Scratch&, Value* value) {
  if (bytes.size() != 8) return WrongLength("bigint", bytes.size(), "8 bytes");
  *value = Value::Integer(static_cast<int64_t>(Load64(bytes.data())));
  return absl::OkStatus();
}

absl::Status OidFromBinary(absl::string_view bytes, Scratch&, Value* value) {
  if (bytes.size() != 4) return WrongLength("oid", bytes.size(), "4 bytes");
  *value = Value::Integer(Load32(bytes.data()));
  return absl::OkStatus();
}

absl::Status BoolFromText(absl::string_view bytes, Scratch&, Value* value) {
  if (bytes == "t" || bytes == "1") {
    *value = Value::Integer(1);
  } else if (bytes == "f" || bytes == "0") {
    *value = Value::Integer(0);
  } else {
    return WrongText("boolean", bytes, "\"t\", \"f\", \"1\" or \"0\"");
  }
  return absl::OkStatus();
}

absl::Status BoolFromBinary(absl::string_view bytes, Scratch&, Value* value) {
  if (bytes.size() != 1) return WrongLength("boolean", bytes.size(), "1 byte");
  *value = Value::Integer(bytes[0] != 0 ? 1 : 0);
  return absl::OkStatus();
}

absl::Status FloatFromText(absl::string_view bytes, Scratch&, Value* value) {
  if (bytes == "NaN") {
    *value = Value::Text(bytes);
    return absl::OkStatus();
  }
  if (bytes == "Infinity" || bytes == "-Infinity") {
    *value = Value::Real(bytes[0] == '-' ? -kInfinity : kInfinity);
    return absl::OkStatus();
  }
  double number = 0;
  const char* end = bytes.data() + bytes.size();
  const auto [at, error] = std::from_chars(bytes.data(), end, number);
  // from_chars also knows "inf" and "nan", which PostgreSQL never prints.
  if (error != std::errc() || at != end || !std::isfinite(number)) {
    return WrongText("double precision", bytes, "a number that a double can hold, \"NaN\" or \"Infinity\"");
  }
  *value = Value::Real(number);
  return absl::OkStatus();
}

absl::Status Float4FromBinary(absl::string_view bytes, Scratch&, Value* value) {
  if (bytes.size() != 4) return WrongLength("real", bytes.size(), "4 bytes");
  const uint32_t bits = Load32(bytes.data());
  float number;
  std::memcpy(&number, &bits, sizeof(number));
  // Whole numbers below 2^24 are their own shortest form; so are what no decimal form has.
  const bool exact = !std::isfinite(number) || (std::fabs(number) < 16777216.0F && std::truncf(number) == number);
  *value = RealOrNan(exact ? static_cast<double>(number) : ShortestDouble(number));
  return absl::OkStatus();
}

absl::Status Float8FromBinary(absl::string_view bytes, Scratch&, Value* value) {
  if (bytes.size() != 8) return WrongLength("double precision", bytes.size(), "8 bytes");
  const uint64_t bits = Load64(bytes.data());
  double number;
  std::memcpy(&number, &bits, sizeof(number));
  *value = RealOrNan(number);
  return absl::OkStatus();
}

}  // namespace deltamirror::types
