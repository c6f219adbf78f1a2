// Foreign bytes in a message: short, printable, in double quotes.

#ifndef DELTAMIRROR_DELTAFLOOD_EXCERPT_H_
#define DELTAMIRROR_DELTAFLOOD_EXCERPT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace deltamirror::deltaflood {

// `"two\twords"`: control characters and bytes that are not UTF-8 are escaped
// as in C, and of a long text only the first 60 bytes are shown, then "...".
std::string Excerpt(absl::string_view text);

}  // namespace deltamirror::deltaflood

#endif  // DELTAMIRROR_DELTAFLOOD_EXCERPT_H_
