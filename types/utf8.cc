#include "types/utf8.h"

#include <cstdint>
#include <cstring>

namespace deltamirror::types {
namespace {

uint8_t ByteAt(absl::string_view text, size_t i) {
  return i < text.size() ? static_cast<uint8_t>(text[i]) : 0;
}

bool IsContinuation(uint8_t byte) {
  return (byte & 0xC0) == 0x80;
}

constexpr uint64_t kHighBits = 0x8080808080808080;

uint64_t WordAt(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// The bytes of ASCII at the front, eight at a time.
size_t AsciiLength(absl::string_view text) {
  size_t i = 0;
  while (i + sizeof(uint64_t) <= text.size() && (WordAt(text.data() + i) & kHighBits) == 0) i += sizeof(uint64_t);
  // What is left is less than a word: the last eight bytes once more tell of it.
  if (text.size() >= sizeof(uint64_t) && i + sizeof(uint64_t) > text.size() &&
      (WordAt(text.data() + text.size() - sizeof(uint64_t)) & kHighBits) == 0) {
    return text.size();
  }
  while (i < text.size() && static_cast<uint8_t>(text[i]) < 0x80) ++i;
  return i;
}

}  // namespace

// The second byte tells overlong forms, surrogates and what is too large (Unicode, table 3-7).
size_t CharacterLength(absl::string_view text) {
  if (text.empty()) return 0;
  const uint8_t first = ByteAt(text, 0);
  const uint8_t second = ByteAt(text, 1);
  if (first < 0x80) return 1;
  if (!IsContinuation(second) || first < 0xC2 || first > 0xF4) return 0;
  if (first < 0xE0) return 2;
  if (!IsContinuation(ByteAt(text, 2))) return 0;
  if (first < 0xF0) {
    if (first == 0xE0 && second < 0xA0) return 0;
    if (first == 0xED && second > 0x9F) return 0;
    return 3;
  }
  if (!IsContinuation(ByteAt(text, 3))) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return 4;
}

bool IsUtf8(absl::string_view text) {
  while (true) {
    text.remove_prefix(AsciiLength(text));
    if (text.empty()) return true;
    const size_t length = CharacterLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
}

std::string ToUtf8(absl::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0) {
      result.append("\xEF\xBF\xBD");
    } else {
      result.append(text.data(), length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

}  // namespace deltamirror::types
