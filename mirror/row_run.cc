#include "mirror/row_run.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "mirror/row_sql.h"
#include "sqlite/result.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/value.h"

namespace deltamirror::mirror {

bool RowRun::Fits(const RowColumns& columns) const {
  if (empty()) return true;
  return std::equal(columns.begin(), columns.end(), columns_.begin(), columns_.end(),
                    [](const deltaflood::Column& column, const RunColumn& ours) { return column.name == ours.name; });
}

// The statement of the last run is mostly the one that is needed again.
absl::Status RowRun::Begin(const RowColumns& columns) {
  const bool same =
      std::equal(columns.begin(), columns.end(), columns_.begin(), columns_.end(),
                 [](const deltaflood::Column& column, const RunColumn& ours) { return column.name == ours.name; });
  if (same && insert_) return absl::OkStatus();
  insert_ = sqlite::Statement();
  columns_.clear();
  std::vector<int> indexes;
  RETURN_IF_ERROR(FindColumns(*plan_, columns, &indexes));
  for (const int index : indexes)
    columns_.push_back({std::string(columns[columns_.size()].name), &plan_->columns[index], {}});
  ASSIGN_OR_RETURN(insert_, sqlite::Statement::Prepare(db_, RunSql(*plan_, indexes), sqlite::Statement::kPersistent));
  return absl::OkStatus();
}

absl::Status RowRun::Add(const deltaflood::Record& record) {
  if (empty()) RETURN_IF_ERROR(Begin(record.columns));
  for (const deltaflood::Column& column : record.columns) {
    cells_.push_back({bytes_.size(), column.value.size(), column.is_null});
    bytes_.append(column.value.data(), column.value.size());
  }
  positions_.push_back({record.has_position, record.clock, record.seq});
  return absl::OkStatus();
}

absl::Status RowRun::Insert() {
  current_ = 0;
  began_ = false;
  RETURN_IF_ERROR(sqlite::BindRowSource(insert_, 1, this));
  return insert_.Run();
}

absl::StatusOr<bool> RowRun::Next() {
  if (began_) ++current_;
  began_ = true;
  return current_ < size();
}

absl::Status RowRun::Column(int column, sqlite3_context* context) {
  RunColumn& ours = columns_[static_cast<size_t>(column)];
  const Cell& cell = cells_[current_ * columns_.size() + static_cast<size_t>(column)];
  types::Value value;
  if (!cell.is_null) {
    const absl::Status status = ours.plan->decoder(Bytes(cell), ours.scratch, &value);
    if (!status.ok()) return Named(absl::StrCat("column \"", ours.name, "\""), status);
  }
  sqlite::ResultValue(context, value, SQLITE_STATIC);
  return absl::OkStatus();
}

void RowRun::Get(size_t row, deltaflood::Record* record) const {
  record->Clear();
  record->action = deltaflood::Action::kInsert;
  record->has_position = positions_[row].known;
  record->clock = positions_[row].clock;
  record->seq = positions_[row].seq;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Cell& cell = cells_[row * columns_.size() + i];
    record->columns.push_back({columns_[i].name, Bytes(cell), cell.is_null});
  }
}

void RowRun::Clear() {
  bytes_.clear();
  cells_.clear();
  positions_.clear();
  if (bytes_.capacity() > 2 * kMostBytes) bytes_.shrink_to_fit();
}

}  // namespace deltamirror::mirror
