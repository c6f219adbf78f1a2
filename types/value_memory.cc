#include "types/value_memory.h"

#include <cstddef>
#include <functional>
#include <utility>

namespace deltamirror::types {
namespace {

// Room for many values together. Larger ones keep the memory in which they were made.
constexpr size_t kRoom = 64 << 10;
constexpr size_t kLargeValue = 4 << 10;

bool StandsIn(absl::string_view bytes, const std::string& memory) {
  const std::less_equal<> at_or_before;
  return at_or_before(memory.data(), bytes.data()) && at_or_before(bytes.data(), memory.data() + memory.size());
}

}  // namespace

void ValueMemory::Keep(Value* value) {
  if (value->kind() < Value::Kind::kText || !StandsIn(value->bytes(), scratch_)) return;
  const absl::string_view bytes = Store(value->bytes());
  *value = value->kind() == Value::Kind::kText ? Value::Text(bytes) : Value::Blob(bytes);
}

absl::string_view ValueMemory::Store(absl::string_view bytes) {
  if (bytes.size() >= kLargeValue) {
    // Moving a long string moves none of its bytes. The room that is being filled stays the last.
    kept_.insert(kept_.begin(), std::move(scratch_));
    scratch_.clear();
    return bytes;
  }
  if (kept_.empty() || kept_.back().capacity() - kept_.back().size() < bytes.size()) {
    kept_.emplace_back().reserve(kRoom);
  }
  std::string& room = kept_.back();
  const size_t begin = room.size();
  room.append(bytes.data(), bytes.size());
  return absl::string_view(room).substr(begin);
}

}  // namespace deltamirror::types
