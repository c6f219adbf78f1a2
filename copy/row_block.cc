#include "copy/row_block.h"

#include "absl/strings/str_cat.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::copy {
namespace {

// A block that had to hold a large value gives its memory back instead of being kept.
constexpr size_t kMostBytesKept = 1 << 20;

}  // namespace

void RowBlock::Decode(const std::vector<Field>& fields, const std::optional<std::string>& null, BinaryRows* walker) {
  columns_ = fields.size();
  walker->SetBlock(bytes_);
  while (true) {
    const absl::StatusOr<bool> row = DecodeRow(fields, null, walker);
    status_ = row.status();
    if (!row.ok() || !*row) return values_.resize(rows_ * columns_);
    ++rows_;
  }
}

absl::StatusOr<bool> RowBlock::DecodeRow(const std::vector<Field>& fields, const std::optional<std::string>& null,
                                         BinaryRows* walker) {
  ASSIGN_OR_RETURN(const bool more, walker->Next(&row_));
  if (!more) return false;
  for (size_t i = 0; i < columns_; ++i) {
    types::Value& value = values_.emplace_back();
    if (row_[i].data() == nullptr) continue;
    if (absl::Status status = fields[i].mapping.binary(row_[i], memory_.scratch(), &value); !status.ok()) {
      return Named(absl::StrCat("column \"", fields[i].name, "\""), status);
    }
    if (null && value.kind() == types::Value::Kind::kText && value.bytes() == *null) value = types::Value();
    memory_.Keep(&value);
  }
  return true;
}

void RowBlock::Clear() {
  bytes_.clear();
  if (bytes_.capacity() > kMostBytesKept) bytes_.shrink_to_fit();
  memory_.Clear();
  values_.clear();
  rows_ = 0;
  status_ = absl::OkStatus();
}

}  // namespace deltamirror::copy
