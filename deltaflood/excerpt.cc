#include "deltaflood/excerpt.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace deltamirror::deltaflood {

std::string Excerpt(absl::string_view text) {
  constexpr size_t kMaxBytes = 60;
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text.substr(0, kMaxBytes)), text.size() > kMaxBytes ? "..." : "",
                      "\"");
}

}  // namespace deltamirror::deltaflood
