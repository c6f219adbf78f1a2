// UTF-8, as far as texts from outside must be looked at before they are passed on.

#ifndef DELTAMIRROR_DELTAFLOOD_UTF8_H_
#define DELTAMIRROR_DELTAFLOOD_UTF8_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace deltamirror::deltaflood {

// The bytes of the character at the front of `text`; 0 if there is none, because the text is empty, or because what is
// there is no UTF-8 (cut short, an overlong form, a surrogate, above U+10FFFF).
size_t CharacterLength(absl::string_view text);

}  // namespace deltamirror::deltaflood

#endif  // DELTAMIRROR_DELTAFLOOD_UTF8_H_
