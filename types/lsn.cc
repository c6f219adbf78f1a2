#include "types/lsn.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace deltamirror::types {

std::string FormatLsn(uint64_t lsn) {
  return absl::StrFormat("%X/%X", static_cast<uint32_t>(lsn >> 32), static_cast<uint32_t>(lsn));
}

absl::StatusOr<uint64_t> ParseLsn(absl::string_view text) {
  const std::vector<absl::string_view> halves = absl::StrSplit(text, '/');
  uint32_t high = 0;
  uint32_t low = 0;
  if (halves.size() != 2 || !absl::SimpleHexAtoi(halves[0], &high) || !absl::SimpleHexAtoi(halves[1], &low)) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid LSN \"", text, "\", expected two hexadecimal numbers like \"16/B374D848\""));
  }
  return static_cast<uint64_t>(high) << 32 | low;
}

}  // namespace deltamirror::types
