#include "mirror/row_run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/value.h"

namespace deltamirror::mirror {
namespace {

void AppendKeyPart(absl::string_view value, bool only, std::string* key) {
  if (!only) absl::StrAppend(key, value.size(), ":");
  key->append(value.data(), value.size());
}

}  // namespace

bool RowRun::IsFor(const deltaflood::Record& record) const {
  if (shape_ != nullptr && record.decoded != nullptr && record.decoded->shape == shape_) return true;
  return std::equal(record.columns.begin(), record.columns.end(), columns_.begin(), columns_.end(),
                    [](const deltaflood::Column& column, const RunColumn& ours) { return column.name == ours.name; });
}

void RowRun::Begin(const RowColumns& columns) {
  statement_ = sqlite::Statement();
  shape_ = nullptr;
  columns_.clear();
  indexes_.clear();
  key_places_.clear();
  can_run_ = FindColumns(*plan_, columns, &indexes_).ok();
  indexes_.resize(columns.size(), 0);
  for (size_t i = 0; i < columns.size(); ++i) {
    columns_.push_back({std::string(columns[i].name), &plan_->columns[static_cast<size_t>(indexes_[i])], {}});
  }
  const auto place = [this](int index) { return std::find(indexes_.begin(), indexes_.end(), index); };
  for (const int key : plan_->key) {
    if (place(key) != indexes_.end()) key_places_.push_back(static_cast<int>(place(key) - indexes_.begin()));
  }
  keys_.Begin(key_places_);
  values_.assign(columns.size(), types::Value());
  read_ = key_places_;
  if (kind_ == RunKind::kWrite) {
    read_.clear();
    for (size_t i = 0; i < columns.size(); ++i) {
      if (!columns_[i].plan->generated) read_.push_back(static_cast<int>(i));
    }
  }
  brings_all_ = true;
  for (size_t i = 0; i < plan_->columns.size(); ++i) {
    if (!plan_->columns[i].generated && place(static_cast<int>(i)) == indexes_.end()) brings_all_ = false;
  }
  if (can_run_ && kind_ == RunKind::kDelete) can_run_ = brings_key() && Searches().value_or(false);
}

// A statement that would look through the whole table for its rows, or through all with the first part of the key, is
// worse than many that do not: after an ANALYZE at a time when the table was small, SQLite may think that it still is.
absl::StatusOr<bool> RowRun::Searches() const {
  ASSIGN_OR_RETURN(const std::string way, sqlite::QueryPlan(db_, RunSql(*plan_, kind_, indexes_)));
  size_t parts = 0;
  for (size_t at = way.find("=?"); at != std::string::npos; at = way.find("=?", at + 1)) ++parts;
  return absl::StartsWith(way, "SEARCH ") && parts == plan_->key.size();
}

void RowRun::Add(const deltaflood::Record& record, uint64_t order) {
  Row row = {order, record.clock, record.seq, record.has_position, record.action, nullptr, nullptr, nullptr};
  CopyText(record.columns, &row);
  const types::DecodedRow* const decoded = record.decoded;
  if (decoded != nullptr && decoded->shape->table == plan_->decoders) {
    shape_ = decoded->shape;
    CopyValues(record.columns, decoded->values, &row);
  }
  rows_.push_back(row);
  Take(sizeof(Row));
  if (order_ == Order::kAsAdded) return;
  keys_.Add(row.values);
  Take(KeyOrder::kBytes);
}

void RowRun::CopyText(const RowColumns& columns, Row* row) {
  size_t size = 0;
  for (const deltaflood::Column& column : columns) size += column.value.size();
  char* const text = Allocate<char>(size);
  Cell* const cells = Allocate<Cell>(columns.size());
  uint32_t begin = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    const absl::string_view value = columns[i].value;
    std::copy(value.begin(), value.end(), text + begin);
    cells[i] = {begin, static_cast<uint32_t>(value.size()), columns[i].is_null};
    begin += static_cast<uint32_t>(value.size());
  }
  row->text = text;
  row->cells = cells;
  text_bytes_ += size;
}

// Values that are texts point into the row's own.
void RowRun::CopyValues(const RowColumns& columns, const types::Value* values, Row* row) {
  auto* const copies = Allocate<types::Value>(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    types::Value value = values[i];
    if (value.is_text_or_blob()) {
      const absl::string_view bytes = value.bytes();
      const char* place = row->text + row->cells[i].begin;
      if (bytes.data() != columns[i].value.data()) {
        char* const copy = Allocate<char>(bytes.size());
        std::copy(bytes.begin(), bytes.end(), copy);
        text_bytes_ += bytes.size();
        place = copy;
      }
      value = value.With(absl::string_view(place, bytes.size()));
    }
    new (&copies[i]) types::Value(value);
  }
  row->values = copies;
}

absl::Status RowRun::Run() {
  current_ = 0;
  began_ = false;
  sorted_ = keys_.IsScattered() ? &keys_.Sort() : nullptr;
  if (!statement_) {
    ASSIGN_OR_RETURN(statement_,
                     sqlite::Statement::Prepare(db_, RunSql(*plan_, kind_, indexes_), sqlite::Statement::kPersistent));
  }
  RETURN_IF_ERROR(sqlite::BindRowSource(statement_, 1, this));
  return statement_.Run();
}

absl::StatusOr<const types::Value*> RowRun::Next() {
  if (began_) ++current_;
  began_ = true;
  if (current_ >= (sorted_ != nullptr ? sorted_->size() : size())) return nullptr;
  const Row& row = rows_[sorted_ != nullptr ? (*sorted_)[current_] : current_];
  if (row.values != nullptr) return row.values;
  for (const int place : read_) {
    RunColumn& column = columns_[static_cast<size_t>(place)];
    types::Value& value = values_[static_cast<size_t>(place)];
    if (row.cells[place].is_null) {
      value = types::Value();
    } else if (const absl::Status status = column.plan->decoder(Text(row, place), column.scratch, &value);
               !status.ok()) {
      return Named(absl::StrCat("column \"", column.name, "\""), status);
    }
  }
  return values_.data();
}

void RowRun::AppendKey(size_t row, std::string* key) const {
  for (const int place : key_places_) {
    AppendKeyPart(Text(rows_[row], place), key_places_.size() == 1, key);
  }
}

void RowRun::AppendKey(const deltaflood::Record& record, std::string* key) const {
  for (const int place : key_places_) {
    AppendKeyPart(record.columns[static_cast<size_t>(place)].value, key_places_.size() == 1, key);
  }
}

void RowRun::Get(size_t row, deltaflood::Record* record) const {
  record->Clear();
  record->action = rows_[row].action;
  record->has_position = rows_[row].has_position;
  record->clock = rows_[row].clock;
  record->seq = rows_[row].seq;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const auto place = static_cast<int>(i);
    record->columns.push_back({columns_[i].name, Text(rows_[row], place), rows_[row].cells[place].is_null});
  }
}

void RowRun::Clear() {
  rows_.clear();
  if (rows_.capacity() > 2 * kMostRows) rows_.shrink_to_fit();
  keys_.Clear();
  sorted_ = nullptr;
  pool_.release();
  text_bytes_ = 0;
  memory_->Give(std::exchange(taken_, 0));
}

}  // namespace deltamirror::mirror
