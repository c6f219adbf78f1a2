#include "mirror/owned_columns.h"

namespace deltamirror::mirror {
namespace {

absl::string_view Append(absl::string_view text, std::vector<char>* bytes) {
  const char* begin = bytes->data() + bytes->size();
  bytes->insert(bytes->end(), text.begin(), text.end());
  return absl::string_view(begin, text.size());
}

}  // namespace

void OwnedColumns::Assign(const std::vector<deltaflood::Column>& columns) {
  size_t size = 0;
  for (const deltaflood::Column& column : columns) size += column.name.size() + column.value.size();
  bytes_.clear();
  bytes_.reserve(size);  // the views below must not see it move
  columns_.clear();
  for (const deltaflood::Column& column : columns) {
    const absl::string_view name = Append(column.name, &bytes_);
    columns_.push_back({name, Append(column.value, &bytes_), column.is_null});
  }
}

}  // namespace deltamirror::mirror
