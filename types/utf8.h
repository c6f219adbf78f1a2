// UTF-8, as far as texts from outside must be looked at before they are passed on.

#ifndef DELTAMIRROR_TYPES_UTF8_H_
#define DELTAMIRROR_TYPES_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace deltamirror::types {

// The bytes of the character at the front of `text`; 0 if there is none, because the text is empty, or because what is
// there is no UTF-8 (cut short, an overlong form, a surrogate, above U+10FFFF).
size_t CharacterLength(absl::string_view text);

// Whether all of it is UTF-8. Quick where it is ASCII.
bool IsUtf8(absl::string_view text);

// The text with U+FFFD in place of each byte that is not UTF-8, for those who only look at it.
std::string ToUtf8(absl::string_view text);

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_UTF8_H_
