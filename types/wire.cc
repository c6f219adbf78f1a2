#include "types/wire.h"

#include "absl/strings/str_cat.h"

namespace deltamirror::types {

constexpr size_t kShownBytes = 80;

absl::Status WrongLength(absl::string_view type, size_t actual, absl::string_view expected) {
  return absl::DataLossError(absl::StrCat("invalid length ", actual, " for type ", type, ", expected ", expected));
}

absl::Status WrongText(absl::string_view type, absl::string_view text, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("invalid text \"", text.substr(0, kShownBytes),
                                                 text.size() > kShownBytes ? "..." : "", "\" for type ", type,
                                                 ", expected ", expected));
}

}  // namespace deltamirror::types
