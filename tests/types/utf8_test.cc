#include "types/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "absl/strings/escaping.h"

namespace deltamirror::types {
namespace {

// The character's bytes, by the arithmetic of the definition.
std::string Encoded(uint32_t character) {
  const auto tail = [character](int shift) { return static_cast<char>(0x80 | ((character >> shift) & 0x3F)); };
  if (character < 0x80) return std::string(1, static_cast<char>(character));
  if (character < 0x800) return {static_cast<char>(0xC0 | character >> 6), tail(0)};
  if (character < 0x10000) return {static_cast<char>(0xE0 | character >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | character >> 18), tail(12), tail(6), tail(0)};
}

TEST(Utf8Test, EveryCharacterIsUtf8AndNoSurrogateIs) {
  for (uint32_t character = 0; character < 0x120000; ++character) {
    const bool valid = character < 0x110000 && (character < 0xD800 || character > 0xDFFF);
    const std::string text = Encoded(character);
    ASSERT_EQ(IsUtf8(text), valid) << character;
    ASSERT_EQ(CharacterLength(text + "x"), valid ? text.size() : 0) << character;
  }
}

// Whatever two bytes begin with, and what is behind them: as many texts are UTF-8 as there are characters.
TEST(Utf8Test, NoOtherThreeBytesAre) {
  int characters = 0;
  for (int first = 0x80; first < 0x100; ++first) {
    for (int second = 0; second < 0x100; ++second) {
      for (int third = 0; third < 0x100; ++third) {
        const std::string text = {static_cast<char>(first), static_cast<char>(second), static_cast<char>(third)};
        if (CharacterLength(text) == 3) ++characters;
      }
    }
  }
  EXPECT_EQ(characters, 0x10000 - 0x800 - 0x800);
}

TEST(Utf8Test, CutAndOverlongTextsAreNot) {
  for (const std::string hex : {"c3", "e282", "f09fa6", "c080", "c1bf", "e09fbf", "f08fbfbf", "f4908080", "80", "ff",
                                "c3c3", "eda080", "f8888080"}) {
    EXPECT_FALSE(IsUtf8(absl::HexStringToBytes(hex))) << hex;
  }
  EXPECT_TRUE(IsUtf8(""));
}

// ASCII is looked at eight bytes at a time.
TEST(Utf8Test, BadByteIsFoundAtEveryPlace) {
  for (size_t size = 1; size < 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      EXPECT_TRUE(IsUtf8(text));
      text[at] = '\xe9';
      EXPECT_FALSE(IsUtf8(text)) << size << " " << at;
    }
  }
}

TEST(Utf8Test, BadBytesAreShownAsReplacements) {
  EXPECT_EQ(ToUtf8("caf\xe9, \xc3\xa9\xf0\x9f"), "caf\xEF\xBF\xBD, \xc3\xa9\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace deltamirror::types
