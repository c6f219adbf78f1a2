#include "copy/row_block.h"

#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::copy {
namespace {

// Room for many values together. Larger ones keep the memory in which they were made.
constexpr size_t kRoom = 64 << 10;
constexpr size_t kLargeValue = 4 << 10;

// A block that had to hold a large value gives its memory back instead of being kept.
constexpr size_t kMostBytesKept = 1 << 20;

bool StandsIn(absl::string_view bytes, const std::string& memory) {
  const std::less_equal<> at_or_before;
  return at_or_before(memory.data(), bytes.data()) && at_or_before(bytes.data(), memory.data() + memory.size());
}

}  // namespace

void RowBlock::Decode(const std::vector<Field>& fields, const std::optional<std::string>& null, BinaryRows* walker) {
  columns_ = fields.size();
  walker->SetBlock(bytes_);
  while (true) {
    const absl::StatusOr<bool> row = DecodeRow(fields, null, walker);
    status_ = row.status();
    if (!row.ok() || !*row) return;
    ++rows_;
  }
}

absl::StatusOr<bool> RowBlock::DecodeRow(const std::vector<Field>& fields, const std::optional<std::string>& null,
                                         BinaryRows* walker) {
  ASSIGN_OR_RETURN(const bool more, walker->Next(&row_));
  if (!more) return false;
  const size_t begin = rows_ * columns_;
  if (values_.size() < begin + columns_) values_.resize(2 * (begin + columns_));
  for (size_t i = 0; i < columns_; ++i) {
    types::Value& value = values_[begin + i];
    if (row_[i].data() == nullptr) {
      value = types::Value();
      continue;
    }
    if (absl::Status status = fields[i].mapping.binary(row_[i], scratch_, &value); !status.ok()) {
      return Named(absl::StrCat("column \"", fields[i].name, "\""), status);
    }
    if (value.kind() < types::Value::Kind::kText) continue;
    if (null && value.kind() == types::Value::Kind::kText && value.bytes() == *null) {
      value = types::Value();
    } else if (StandsIn(value.bytes(), scratch_)) {
      value = Keep(value);
    }
  }
  return true;
}

// Brings the value out of the decoder's memory.
types::Value RowBlock::Keep(const types::Value& value) {
  const bool is_text = value.kind() == types::Value::Kind::kText;
  const auto made = [is_text](absl::string_view bytes) {
    return is_text ? types::Value::Text(bytes) : types::Value::Blob(bytes);
  };
  const absl::string_view bytes = value.bytes();
  if (bytes.size() >= kLargeValue) {
    // Moving a long string moves none of its bytes.
    large_.push_back(std::move(scratch_));
    scratch_.clear();
    return made(bytes);
  }
  if (room_ < rooms_.size() && rooms_[room_].capacity() - rooms_[room_].size() < bytes.size()) ++room_;
  if (room_ == rooms_.size()) rooms_.emplace_back().reserve(kRoom);
  std::string& room = rooms_[room_];
  const size_t begin = room.size();
  room.append(bytes.data(), bytes.size());
  return made(absl::string_view(room).substr(begin));
}

void RowBlock::Clear() {
  bytes_.clear();
  if (bytes_.capacity() > kMostBytesKept) bytes_.shrink_to_fit();
  for (std::string& room : rooms_) room.clear();
  room_ = 0;
  large_.clear();
  rows_ = 0;
  status_ = absl::OkStatus();
}

}  // namespace deltamirror::copy
