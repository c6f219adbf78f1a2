#include "mirror/decode_ahead.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/match.h"
#include "mirror/qualified_name.h"

namespace deltamirror::mirror {
namespace {

using deltaflood::Action;
using deltaflood::Record;

constexpr size_t kMostShapes = 16;  // of a table: partial updates can have many lists of columns

bool IsRow(Action action) {
  return action == Action::kInsert || action == Action::kUpdate || action == Action::kDelete;
}

bool HasColumns(const types::RowShape& shape, const Record& record) {
  return std::equal(record.columns.begin(), record.columns.end(), shape.names.begin(), shape.names.end(),
                    [](const deltaflood::Column& column, const std::string& name) { return column.name == name; });
}

size_t BytesOf(const Record& record) {
  size_t bytes = 0;
  for (const deltaflood::Column& column : record.columns) bytes += column.value.size();
  return bytes;
}

// A copy of what a decoder has put into its scratch, which the next value needs.
types::Value Kept(const types::Value& value, const types::Scratch& scratch, std::pmr::memory_resource* memory) {
  if (!value.is_text_or_blob()) return value;
  const absl::string_view bytes = value.bytes();
  if (bytes.empty() || bytes.data() < scratch.data() || bytes.data() >= scratch.data() + scratch.size()) return value;
  char* const copy = static_cast<char*>(memory->allocate(bytes.size(), 1));
  std::memcpy(copy, bytes.data(), bytes.size());
  return value.With(absl::string_view(copy, bytes.size()));
}

}  // namespace

const void* DecodeAhead::Publish(absl::string_view schema, absl::string_view table,
                                 const std::vector<PlanColumn>& columns) {
  auto made = std::make_unique<Decoders>();
  for (const PlanColumn& column : columns) made->columns.emplace_back(column.name, column.decoder);
  const std::lock_guard<std::mutex> lock(mutex_);
  Decoders*& current = current_[TableKey(schema, table)];
  if (current != nullptr && current->columns == made->columns) return current;
  current = made.get();
  all_.push_back(std::move(made));
  ++changes_;
  return current;
}

void DecodeAhead::Begin() {
  const uint64_t changes = changes_;
  if (changes == seen_changes_) return;
  seen_changes_ = changes;
  seen_.clear();
  last_ = nullptr;
}

DecodeAhead::Decoders* DecodeAhead::Find(const Record& record) {
  const TableKeyView key(SchemaOf(record), record.table);
  if (last_ != nullptr && TableKeyEqual()(last_->first, key)) return last_->second;
  auto found = seen_.find(key);
  if (found == seen_.end()) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto now = current_.find(key);
    found = seen_.emplace(TableKey(key), now == current_.end() ? nullptr : now->second).first;
  }
  last_ = &*found;
  return last_->second;
}

const types::RowShape* DecodeAhead::FindShape(Decoders* decoders, const Record& record) {
  auto& shapes = decoders->shapes;
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (!HasColumns(*shapes[i], record)) continue;
    if (i > 0) std::rotate(shapes.begin(), shapes.begin() + i, shapes.begin() + i + 1);
    return shapes.front().get();
  }
  if (shapes.size() == kMostShapes) return nullptr;
  auto shape = std::make_unique<types::RowShape>();
  shape->table = decoders;
  for (const deltaflood::Column& column : record.columns) {
    const auto found = std::find_if(decoders->columns.begin(), decoders->columns.end(),
                                    [&](const auto& it) { return absl::EqualsIgnoreCase(it.first, column.name); });
    if (found == decoders->columns.end()) return nullptr;
    shape->names.emplace_back(column.name);
    shape->decoders.push_back(found->second);
  }
  shapes.insert(shapes.begin(), std::move(shape));
  return shapes.front().get();
}

bool DecodeAhead::Decode(const Record& record, std::pmr::memory_resource* memory, types::DecodedRow* row) {
  if (!IsRow(record.action) || record.columns.empty()) return false;
  Decoders* const decoders = Find(record);
  if (decoders == nullptr || BytesOf(record) > kMostBytes) return false;
  const types::RowShape* const shape = FindShape(decoders, record);
  if (shape == nullptr) return false;
  const size_t count = record.columns.size();
  auto* const values =
      static_cast<types::Value*>(memory->allocate(count * sizeof(types::Value), alignof(types::Value)));
  for (size_t i = 0; i < count; ++i) {
    const deltaflood::Column& column = record.columns[i];
    types::Value value;
    if (!column.is_null) {
      if (!shape->decoders[i](column.value, scratch_, &value).ok()) return false;
      value = Kept(value, scratch_, memory);
    }
    new (&values[i]) types::Value(value);
  }
  row->shape = shape;
  row->values = values;
  return true;
}

}  // namespace deltamirror::mirror
