#include "deltaflood/excerpt.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "types/utf8.h"

namespace deltamirror::deltaflood {

std::string Excerpt(absl::string_view text) {
  constexpr size_t kMaxBytes = 60;
  std::string result = "\"";
  size_t done = 0;
  while (done < text.size()) {
    if (done >= kMaxBytes) return absl::StrCat(result, "...\"");
    const size_t length = types::CharacterLength(text.substr(done));
    if (length > 1) {
      absl::StrAppend(&result, text.substr(done, length));
      done += length;
    } else {
      absl::StrAppend(&result, absl::CEscape(text.substr(done, 1)));
      ++done;
    }
  }
  return absl::StrCat(result, "\"");
}

}  // namespace deltamirror::deltaflood
