#include "mirror/mirrored_table.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"
#include "types/utf8.h"

namespace deltamirror::mirror {
namespace {

// In messages: of a value, and of a row, which without a key is all of its columns.
constexpr size_t kMostBytesShown = 60;
constexpr size_t kMostColumnsShown = 8;

bool IsUniqueViolation(const absl::Status& status) {
  return status.code() == absl::StatusCode::kFailedPrecondition &&
         absl::StrContains(status.message(), "UNIQUE constraint failed");
}

}  // namespace

MirroredTable::MirroredTable(sqlite3* db, Plan plan, const Settings& settings, RunMemory* memory)
    : db_(db),
      plan_(std::move(plan)),
      on_missing_(settings.on_missing),
      on_conflict_(settings.on_conflict),
      statements_(db, &plan_, settings.on_conflict),
      moves_(db, &plan_),
      waiting_(db, &plan_, settings.on_conflict, settings.on_missing, memory) {}

// False if the change must be made at once: then nothing waits any more.
absl::StatusOr<bool> MirroredTable::Wait(const deltaflood::Record& record) {
  if (moves_.empty() && waiting_.Take(record)) return true;
  if (waiting_.empty()) return false;
  RETURN_IF_ERROR(Flush());
  return moves_.empty() && waiting_.Take(record);
}

absl::Status MirroredTable::Flush() {
  failed_ = false;
  if (waiting_.empty()) return absl::OkStatus();
  return waiting_.Make([this](const deltaflood::Record& record) {
    absl::Status status = ChangeOne(record);
    failed_ = !status.ok();
    return status;
  });
}

absl::Status MirroredTable::ChangeOne(const deltaflood::Record& record) {
  switch (record.action) {
    case deltaflood::Action::kInsert:
      return InsertOne(record.columns).status();
    case deltaflood::Action::kUpdate:
      return UpdateByKey(record.columns).status();
    default:
      return DeleteOne(record.columns).status();
  }
}

absl::StatusOr<MirroredTable::Outcome> MirroredTable::Insert(const deltaflood::Record& record) {
  RETURN_IF_ERROR(CheckNoReplace("insert"));
  ASSIGN_OR_RETURN(const bool waits, Wait(record));
  return waits ? Outcome::kApplied : InsertOne(record.columns);
}

absl::StatusOr<MirroredTable::Outcome> MirroredTable::InsertOne(const RowColumns& columns) {
  if (!moves_.empty()) RETURN_IF_ERROR(moves_.Settle(columns));
  ASSIGN_OR_RETURN(RowStatement * insert, statements_.Find(RowAction::kInsert, columns, none_));
  ASSIGN_OR_RETURN(const int changed, insert->Run(columns, none_));
  return changed == 0 && on_conflict_ == OnConflict::kIgnore ? Outcome::kSkipped : Outcome::kApplied;
}

absl::StatusOr<MirroredTable::Outcome> MirroredTable::Update(const deltaflood::Record& record) {
  if (std::exchange(has_old_, false) && !KeyStays(record.columns)) {
    RETURN_IF_ERROR(Flush());
    return Move(record.columns);
  }
  ASSIGN_OR_RETURN(const bool waits, Wait(record));
  return waits ? Outcome::kApplied : UpdateByKey(record.columns);
}

absl::StatusOr<MirroredTable::Outcome> MirroredTable::UpdateByKey(const RowColumns& columns) {
  if (!moves_.empty()) RETURN_IF_ERROR(moves_.Settle(columns));
  ASSIGN_OR_RETURN(RowStatement * update, statements_.Find(RowAction::kUpdate, columns, none_));
  ASSIGN_OR_RETURN(const int changed, update->Run(columns, none_));
  return changed > 0 ? Outcome::kApplied : UpdateMissing(columns, update->complete());
}

absl::StatusOr<MirroredTable::Outcome> MirroredTable::Move(const RowColumns& columns) {
  absl::StatusOr<int> changed = MoveRow(columns);
  if (!plan_.key.empty() && IsUniqueViolation(changed.status())) {
    // Should the key not be what is taken, parking fails in the same way, and says so.
    RETURN_IF_ERROR(moves_.Park(old_.columns(), columns));
    changed = 1;
  }
  RETURN_IF_ERROR(changed.status());
  // The old key is free now for a row that waits for it.
  if (!moves_.empty()) RETURN_IF_ERROR(moves_.Settle(old_.columns()));
  if (*changed > 0) return Outcome::kApplied;
  if (!moves_.empty()) RETURN_IF_ERROR(moves_.Settle(columns));
  ASSIGN_OR_RETURN(RowStatement * move, statements_.Find(RowAction::kMove, columns, old_.columns()));
  return UpdateMissing(columns, move->complete());
}

absl::StatusOr<int> MirroredTable::MoveRow(const RowColumns& columns) {
  ASSIGN_OR_RETURN(RowStatement * move, statements_.Find(RowAction::kMove, columns, old_.columns()));
  return move->Run(columns, old_.columns());
}

absl::StatusOr<MirroredTable::Outcome> MirroredTable::UpdateMissing(const RowColumns& columns, bool complete) {
  if (on_missing_ == OnMissing::kIgnore) return Outcome::kSkipped;
  if (complete && on_missing_ == OnMissing::kInsert) {
    ASSIGN_OR_RETURN(RowStatement * upsert, statements_.Find(RowAction::kUpsert, columns, none_));
    RETURN_IF_ERROR(upsert->Run(columns, none_).status());
    return Outcome::kApplied;
  }
  return absl::NotFoundError(absl::StrCat(
      "the row is not there", complete ? "" : ", and the line does not bring all columns, so it cannot be inserted",
      ". on_missing='ignore' would pass over it. ", plan_.remedy));
}

absl::Status MirroredTable::Replace(const RowColumns& columns) {
  RETURN_IF_ERROR(CheckNoReplace("replace"));
  old_.Assign(columns);
  has_old_ = true;
  return absl::OkStatus();
}

absl::StatusOr<MirroredTable::Outcome> MirroredTable::Delete(const deltaflood::Record& record) {
  RETURN_IF_ERROR(CheckNoReplace("delete"));
  ASSIGN_OR_RETURN(const bool waits, Wait(record));
  return waits ? Outcome::kApplied : DeleteOne(record.columns);
}

absl::StatusOr<MirroredTable::Outcome> MirroredTable::DeleteOne(const RowColumns& columns) {
  ASSIGN_OR_RETURN(RowStatement * remove, statements_.Find(RowAction::kDelete, columns, none_));
  ASSIGN_OR_RETURN(const int changed, remove->Run(columns, none_));
  if (!moves_.empty()) RETURN_IF_ERROR(moves_.Settle(columns));
  if (changed > 0 || on_missing_ == OnMissing::kInsert) return Outcome::kApplied;
  if (on_missing_ == OnMissing::kIgnore) return Outcome::kSkipped;
  return absl::NotFoundError(
      absl::StrCat("the row is not there. on_missing='ignore' would pass over it. ", plan_.remedy));
}

absl::Status MirroredTable::Truncate() {
  RETURN_IF_ERROR(CheckNoReplace("truncate"));
  RETURN_IF_ERROR(Flush());
  moves_.Clear();
  return sqlite::Execute(db_, absl::StrCat("DELETE FROM ", plan_.table));
}

absl::Status MirroredTable::EndTransaction() {
  RETURN_IF_ERROR(CheckNoReplace("end of the transaction"));
  if (moves_.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(Flush());
  return moves_.SettleAll();
}

absl::Status MirroredTable::Settle() {
  RETURN_IF_ERROR(Flush());
  return moves_.SettleAll();
}

bool MirroredTable::KeyStays(const RowColumns& columns) const {
  for (const int key : plan_.key) {
    const deltaflood::Column* before = FindColumn(old_.columns(), plan_.columns[key]);
    const deltaflood::Column* after = FindColumn(columns, plan_.columns[key]);
    if (before == nullptr || after == nullptr || before->is_null != after->is_null || before->value != after->value) {
      return false;
    }
  }
  return !plan_.key.empty();
}

absl::Status MirroredTable::CheckNoReplace(absl::string_view action) const {
  if (!has_old_) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("expected the update that follows the replace of row ", Describe(old_.columns()), ", got ", action));
}

std::string MirroredTable::Describe(const RowColumns& columns) const {
  std::string text;
  size_t count = 0;
  const auto add = [&text, &count](const deltaflood::Column& column) {
    if (++count > kMostColumnsShown) return;
    const bool cut = column.value.size() > kMostBytesShown;
    // The cut may go through a character.
    absl::StrAppend(&text, text.empty() ? "(" : ", ", column.name, "=",
                    column.is_null ? "NULL" : types::ToUtf8(column.value.substr(0, kMostBytesShown)), cut ? "..." : "");
  };
  for (const int key : plan_.key) {
    if (const deltaflood::Column* column = FindColumn(columns, plan_.columns[key])) add(*column);
  }
  if (plan_.key.empty()) {
    for (const deltaflood::Column& column : columns) add(column);
  }
  if (count > kMostColumnsShown) absl::StrAppend(&text, ", and ", count - kMostColumnsShown, " columns more");
  return text.empty() ? "()" : absl::StrCat(text, ")");
}

}  // namespace deltamirror::mirror
