#include "mirror/table_state.h"

#include <iterator>

namespace deltamirror::mirror {
namespace {

constexpr absl::string_view kNames[] = {"live", "handover", "error", "detached", "absent", "copied"};

}  // namespace

bool IsFollowed(TableStatus status) {
  return status == TableStatus::kLive || status == TableStatus::kHandover || status == TableStatus::kError;
}

absl::string_view StatusName(TableStatus status) {
  return kNames[static_cast<int>(status)];
}

TableStatus StatusNamed(absl::string_view name) {
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (name == kNames[i]) return static_cast<TableStatus>(i);
  }
  return TableStatus::kError;
}

}  // namespace deltamirror::mirror
