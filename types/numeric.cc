#include "types/numeric.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "types/wire.h"

namespace deltamirror::types {
namespace {

// numeric_send's header: four 16-bit numbers, then the digits to the base 10,000.
constexpr size_t kHeaderSize = 8;
constexpr uint16_t kPositive = 0x0000;
constexpr uint16_t kNegative = 0x4000;
constexpr uint16_t kNan = 0xC000;
constexpr uint16_t kInfinite = 0xD000;
constexpr uint16_t kMinusInfinite = 0xF000;
constexpr uint16_t kBase = 10000;

// A double keeps this many decimal digits, for exponents well inside its range.
constexpr size_t kExactDigits = 15;
constexpr int kExactExponent = 300;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Powers of ten that a double and a 64-bit integer hold exactly.
constexpr double kRealPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr int64_t kPowers[] = {
    1,         10,         100,         1000,         10000,         100000,         1000000,         10000000,
    100000000, 1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000};
constexpr int64_t kLeastLongMantissa = 1000000000000000;  // 16 digits

struct Header {
  int digits = 0;
  int weight = 0;  // the first digit stands for 10,000^weight
  uint16_t sign = kPositive;
  int scale = 0;  // decimal digits behind the point, as printed
  const char* at = nullptr;

  int Digit(int index) const { return index >= 0 && index < digits ? Load16(at + 2 * static_cast<size_t>(index)) : 0; }
};

// The number that PostgreSQL prints, for those that no machine number holds.
void Print(const Header& header, std::string* text) {
  text->clear();
  if (header.sign == kNegative) text->push_back('-');
  if (header.weight < 0) text->push_back('0');
  for (int i = 0; i <= header.weight; ++i) {
    const std::string digits = absl::StrCat(header.Digit(i));
    if (i > 0) text->append(4 - digits.size(), '0');
    text->append(digits);
  }
  if (header.scale == 0) return;
  text->push_back('.');
  const size_t end = text->size() + static_cast<size_t>(header.scale);
  for (int i = header.weight + 1; text->size() < end; ++i) {
    const std::string digits = absl::StrCat(header.Digit(i));
    text->append(4 - digits.size(), '0');
    text->append(digits);
  }
  text->resize(end);
}

// mantissa * 10^exponent, when a 64-bit integer or a double surely holds it.
bool TrySmall(int64_t mantissa, int exponent, bool negative, Value* value) {
  if (exponent >= 0) {
    // At most 4 digits of the base: with two zero digits more it still fits 63 bits only if it is below 10^18.
    if (exponent > 15 || mantissa > std::numeric_limits<int64_t>::max() / kPowers[exponent]) return false;
    *value = Value::Integer((negative ? -mantissa : mantissa) * kPowers[exponent]);
    return true;
  }
  int places = -exponent;
  while (places > 0 && mantissa % 10 == 0) {
    mantissa /= 10;
    --places;
  }
  if (places == 0) {
    *value = Value::Integer(negative ? -mantissa : mantissa);
    return true;
  }
  if (mantissa >= kLeastLongMantissa || places > 22) return false;
  // Both are exact as doubles, so the one division rounds correctly: what reading the text gives.
  const double number = static_cast<double>(mantissa) / kRealPowers[places];
  *value = Value::Real(negative ? -number : number);
  return true;
}

// What decides about a number's form, read off its text.
struct Shape {
  size_t significant = 0;  // digits from the first to the last that is not zero
  bool whole = true;       // no digit but zeros behind the point
  int exponent = 0;        // of the first significant digit
};

bool Examine(absl::string_view digits, Shape* shape) {
  const size_t point = std::min(digits.find('.'), digits.size());
  size_t first = absl::string_view::npos;
  size_t last = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i == point) continue;
    if (digits[i] < '0' || digits[i] > '9') return false;
    if (digits[i] == '0') continue;
    if (first == absl::string_view::npos) first = i;
    last = i;
  }
  if (point == 0 || digits.empty()) return false;
  if (first == absl::string_view::npos) return true;
  shape->whole = last < point;
  shape->significant = last - first + 1 - (first < point && last > point ? 1 : 0);
  shape->exponent = first < point ? static_cast<int>(point - first) - 1 : -static_cast<int>(first - point);
  return true;
}

absl::Status Malformed(absl::string_view text) {
  return WrongText("numeric", text, "digits with at most one point, \"NaN\" or \"Infinity\"");
}

absl::Status CheckDigits(const Header& header) {
  for (int i = 0; i < header.digits; ++i) {
    if (header.Digit(i) >= kBase) {
      return absl::DataLossError(
          absl::StrCat("invalid digit ", header.Digit(i), " for type numeric, expected less than 10000"));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadHeader(absl::string_view bytes, Header* header) {
  if (bytes.size() < kHeaderSize) return WrongLength("numeric", bytes.size(), "at least 8 bytes");
  header->digits = Load16(bytes.data());
  header->weight = static_cast<int16_t>(Load16(bytes.data() + 2));
  header->sign = Load16(bytes.data() + 4);
  header->scale = Load16(bytes.data() + 6);
  header->at = bytes.data() + kHeaderSize;
  const size_t expected = kHeaderSize + 2 * static_cast<size_t>(header->digits);
  if (bytes.size() != expected) return WrongLength("numeric", bytes.size(), absl::StrCat(expected, " bytes"));
  return CheckDigits(*header);
}

}  // namespace

absl::Status NumericFromText(absl::string_view bytes, Scratch&, Value* value) {
  if (bytes == "NaN") {
    *value = Value::Text(bytes);
    return absl::OkStatus();
  }
  if (bytes == "Infinity" || bytes == "-Infinity") {
    *value = Value::Real(bytes[0] == '-' ? -kInfinity : kInfinity);
    return absl::OkStatus();
  }
  Shape shape;
  const bool negative = !bytes.empty() && bytes[0] == '-';
  if (!Examine(bytes.substr(negative ? 1 : 0), &shape)) return Malformed(bytes);
  const char* end = bytes.data() + bytes.size();
  if (shape.whole) {
    int64_t number = 0;
    if (std::from_chars(bytes.data(), end, number).ec == std::errc()) {
      *value = Value::Integer(number);
      return absl::OkStatus();
    }
  }
  if (shape.significant <= kExactDigits && shape.exponent < kExactExponent && shape.exponent > -kExactExponent) {
    double number = 0;
    std::from_chars(bytes.data(), end, number);
    *value = Value::Real(number);
    return absl::OkStatus();
  }
  *value = Value::Text(bytes);
  return absl::OkStatus();
}

absl::Status NumericFromBinary(absl::string_view bytes, Scratch& scratch, Value* value) {
  Header header;
  if (absl::Status status = ReadHeader(bytes, &header); !status.ok()) return status;
  switch (header.sign) {
    case kPositive:
    case kNegative:
      break;
    case kNan:
      *value = Value::Text("NaN");
      return absl::OkStatus();
    case kInfinite:
    case kMinusInfinite:
      *value = Value::Real(header.sign == kInfinite ? kInfinity : -kInfinity);
      return absl::OkStatus();
    default:
      return absl::DataLossError(absl::StrCat("invalid sign ", header.sign, " for type numeric"));
  }
  if (header.digits <= 4) {
    int64_t mantissa = 0;
    for (int i = 0; i < header.digits; ++i) mantissa = mantissa * kBase + header.Digit(i);
    if (TrySmall(mantissa, 4 * (header.weight - header.digits + 1), header.sign == kNegative, value)) {
      return absl::OkStatus();
    }
  }
  Print(header, &scratch);
  return NumericFromText(scratch, scratch, value);
}

}  // namespace deltamirror::types
