#include "copy/binary_rows.h"

#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "status/status_macros.h"
#include "types/wire.h"

namespace deltamirror::copy {
namespace {

constexpr absl::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr size_t kHeaderSize = 19;  // signature, flags, length of the header's extension
constexpr int16_t kTrailer = -1;

absl::Status CutRow() {
  return absl::DataLossError("invalid binary COPY data: a row ends before its last field");
}

}  // namespace

absl::Status BinaryRows::SkipHeader() {
  if (rest_.size() < kHeaderSize || !absl::StartsWith(rest_, kSignature)) {
    return absl::DataLossError("invalid binary COPY data: it does not begin with the signature PGCOPY");
  }
  const size_t extension = types::Load32(rest_.data() + kHeaderSize - sizeof(uint32_t));
  if (extension > rest_.size() - kHeaderSize) {
    return absl::DataLossError("invalid binary COPY data: the header's extension is cut");
  }
  rest_.remove_prefix(kHeaderSize + extension);
  header_seen_ = true;
  return absl::OkStatus();
}

absl::StatusOr<bool> BinaryRows::Next(Fields* fields) {
  if (rest_.empty() || complete_) return false;
  if (!header_seen_) {
    RETURN_IF_ERROR(SkipHeader());
    if (rest_.empty()) return false;
  }
  const char* at = rest_.data();
  const char* const end = at + rest_.size();
  if (rest_.size() < sizeof(int16_t)) return CutRow();
  const auto count = static_cast<int16_t>(types::Load16(at));
  at += sizeof(int16_t);
  if (count == kTrailer) {
    complete_ = true;
    return false;
  }
  if (count < 0 || static_cast<size_t>(count) != columns_) {
    return absl::DataLossError(
        absl::StrCat("invalid binary COPY data: a row has ", count, " fields, expected ", columns_));
  }
  fields->resize(columns_);
  for (absl::string_view& field : *fields) {
    if (end - at < static_cast<ptrdiff_t>(sizeof(int32_t))) return CutRow();
    const auto length = static_cast<int32_t>(types::Load32(at));
    at += sizeof(int32_t);
    if (length == -1) {
      field = absl::string_view();
      continue;
    }
    if (length < 0 || length > end - at) return CutRow();
    field = absl::string_view(at, static_cast<size_t>(length));
    at += length;
  }
  rest_.remove_prefix(static_cast<size_t>(at - rest_.data()));
  return true;
}

}  // namespace deltamirror::copy
