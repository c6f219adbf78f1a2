#include "types/lsn.h"

#include <charconv>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace deltamirror::types {
namespace {

// Every record of a daystream has an LSN: no allocation here.
bool ParseHalf(absl::string_view text, uint32_t* out) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, *out, 16);
  return error == std::errc() && rest == end;
}

}  // namespace

std::string FormatLsn(uint64_t lsn) {
  return absl::StrFormat("%X/%X", static_cast<uint32_t>(lsn >> 32), static_cast<uint32_t>(lsn));
}

absl::StatusOr<uint64_t> ParseLsn(absl::string_view text) {
  const size_t slash = text.find('/');
  uint32_t high = 0;
  uint32_t low = 0;
  if (slash == absl::string_view::npos || !ParseHalf(text.substr(0, slash), &high) ||
      !ParseHalf(text.substr(slash + 1), &low)) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid LSN \"", text, "\", expected two hexadecimal numbers like \"16/B374D848\""));
  }
  return static_cast<uint64_t>(high) << 32 | low;
}

}  // namespace deltamirror::types
