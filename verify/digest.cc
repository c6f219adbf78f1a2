#include "verify/digest.h"

#include <cstring>

#include "absl/numeric/int128.h"

namespace deltamirror::verify {
namespace {

using Kind = types::Value::Kind;

// Odd numbers with about as many ones as zeros, a pair for each half of the digest.
constexpr uint64_t kLow = 0x9E3779B97F4A7C15;
constexpr uint64_t kLowStep = 0xC2B2AE3D27D4EB4F;
constexpr uint64_t kHigh = 0xD6E8FEB86659FD93;
constexpr uint64_t kHighStep = 0xA0761D6478BD642F;

void Append64(uint64_t number, std::string* bytes) {
  char raw[sizeof(number)];
  std::memcpy(raw, &number, sizeof(number));
  bytes->append(raw, sizeof(raw));
}

bool Consume64(absl::string_view* bytes, uint64_t* number) {
  if (bytes->size() < sizeof(*number)) return false;
  std::memcpy(number, bytes->data(), sizeof(*number));
  bytes->remove_prefix(sizeof(*number));
  return true;
}

uint64_t RealBits(double real) {
  if (real == 0) real = 0;
  uint64_t bits = 0;
  std::memcpy(&bits, &real, sizeof(bits));
  return bits;
}

double RealOf(uint64_t bits) {
  double real = 0;
  std::memcpy(&real, &bits, sizeof(real));
  return real;
}

// All bits of both factors have a part in all bits of the result.
uint64_t Fold(uint64_t a, uint64_t b) {
  const absl::uint128 product = absl::uint128(a) * b;
  return absl::Uint128Low64(product) ^ absl::Uint128High64(product);
}

// The next 8 bytes, or what is left of them.
uint64_t Load(const char* at, size_t size) {
  uint64_t number = 0;
  std::memcpy(&number, at, size < sizeof(number) ? size : sizeof(number));
  return number;
}

}  // namespace

void AppendValue(const types::Value& value, std::string* bytes) {
  bytes->push_back(static_cast<char>(value.kind()));
  switch (value.kind()) {
    case Kind::kNull:
      break;
    case Kind::kInteger:
      Append64(static_cast<uint64_t>(value.integer()), bytes);
      break;
    case Kind::kReal:
      Append64(RealBits(value.real()), bytes);
      break;
    case Kind::kText:
    case Kind::kBlob:
      Append64(value.bytes().size(), bytes);
      bytes->append(value.bytes().data(), value.bytes().size());
      break;
  }
}

bool ConsumeValue(absl::string_view* bytes, types::Value* value) {
  *value = types::Value();
  if (bytes->empty()) return false;
  const auto kind = static_cast<Kind>(bytes->front());
  bytes->remove_prefix(1);
  if (kind == Kind::kNull) return true;
  uint64_t number = 0;
  if (!Consume64(bytes, &number)) return false;
  if (kind == Kind::kInteger) {
    *value = types::Value::Integer(static_cast<int64_t>(number));
    return true;
  }
  if (kind == Kind::kReal) {
    *value = types::Value::Real(RealOf(number));
    return true;
  }
  if (number > bytes->size()) return false;
  const absl::string_view content = bytes->substr(0, number);
  *value = kind == Kind::kText ? types::Value::Text(content) : types::Value::Blob(content);
  bytes->remove_prefix(number);
  return true;
}

Digest DigestOf(absl::string_view bytes) {
  Digest digest = {kLow ^ bytes.size(), kHigh ^ bytes.size()};
  const char* at = bytes.data();
  for (size_t left = bytes.size(); left > 0;) {
    const uint64_t a = Load(at, left);
    const uint64_t b = left > sizeof(a) ? Load(at + sizeof(a), left - sizeof(a)) : 0;
    digest.low = Fold(digest.low ^ a, kLowStep ^ b) + kLow;
    digest.high = Fold(digest.high ^ b, kHighStep ^ a) + kHigh;
    const size_t taken = left < 2 * sizeof(a) ? left : 2 * sizeof(a);
    at += taken;
    left -= taken;
  }
  return {Fold(digest.low ^ kHighStep, kLow), Fold(digest.high ^ kLowStep, kHigh)};
}

}  // namespace deltamirror::verify
