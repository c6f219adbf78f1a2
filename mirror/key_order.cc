#include "mirror/key_order.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"

namespace deltamirror::mirror {
namespace {

using types::Value;

constexpr size_t kMostKept = 4096;  // entries, for the next run

// Integers have another zero here, and of bytes it is the first eight.
uint64_t Prefix(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kInteger:
      return static_cast<uint64_t>(value.integer()) ^ uint64_t { 1 } << 63;
    case Value::Kind::kText:
    case Value::Kind::kBlob: {
      uint64_t prefix = 0;
      const absl::string_view bytes = value.bytes();
      for (size_t i = 0; i < sizeof(prefix); ++i) {
        prefix = prefix << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0);
      }
      return prefix;
    }
    default:
      return 0;
  }
}

template <typename T>
int CompareNumbers(T a, T b) {
  return static_cast<int>(a > b) - static_cast<int>(a < b);
}

int CompareValues(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return CompareNumbers(a.kind(), b.kind());
  switch (a.kind()) {
    case Value::Kind::kNull:
      return 0;
    case Value::Kind::kInteger:
      return CompareNumbers(a.integer(), b.integer());
    case Value::Kind::kReal:
      return CompareNumbers(a.real(), b.real());
    default:
      return a.bytes().compare(b.bytes());
  }
}

}  // namespace

int KeyOrder::Compare(const Entry& a, const Entry& b) const {
  if (a.prefix != b.prefix) return CompareNumbers(a.prefix, b.prefix);
  for (const int place : key_) {
    if (const int order = CompareValues(a.row[place], b.row[place]); order != 0) return order;
  }
  return 0;
}

void KeyOrder::Add(const Value* row) {
  is_known_ = is_known_ && row != nullptr && !key_.empty();
  if (!is_known_) return;
  entries_.push_back({Prefix(row[key_.front()]), row, static_cast<uint32_t>(entries_.size())});
  if (entries_.size() > 1 && Compare(entries_[entries_.size() - 2], entries_.back()) > 0) ++descents_;
}

const std::vector<uint32_t>& KeyOrder::Sort() {
  std::sort(entries_.begin(), entries_.end(), [this](const Entry& a, const Entry& b) {
    const int order = Compare(a, b);
    return order != 0 ? order < 0 : a.number < b.number;
  });
  order_.clear();
  order_.reserve(entries_.size());
  for (size_t i = 0; i < entries_.size(); ++i) {
    const bool is_last = i + 1 == entries_.size() || Compare(entries_[i], entries_[i + 1]) != 0;
    if (is_last) order_.push_back(entries_[i].number);
  }
  if (std::exchange(backwards_, !backwards_)) std::reverse(order_.begin(), order_.end());
  return order_;
}

void KeyOrder::Clear() {
  entries_.clear();
  order_.clear();
  if (entries_.capacity() > kMostKept) {
    entries_.shrink_to_fit();
    order_.shrink_to_fit();
  }
  descents_ = 0;
  is_known_ = true;
}

}  // namespace deltamirror::mirror
