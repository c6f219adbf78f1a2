#include "verify/overlay.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mirror/plan.h"
#include "mirror/settings.h"
#include "mirror/target_table.h"
#include "quote/quote.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::verify {
namespace {

constexpr char kTable[] = "overlay";

// UNIQUE and not PRIMARY KEY: INTEGER PRIMARY KEY would refuse what the mirror's own table may hold.
std::string CreateSql(const ComparedTable& table) {
  std::string columns;
  std::string key;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const std::string name = QuoteIdentifier(table.relation.columns[i].name);
    // ANY is no type outside of STRICT tables.
    const std::string& declared = table.columns[i].declared;
    absl::StrAppend(&columns, i == 0 ? "" : ", ", name,
                    absl::EqualsIgnoreCase(declared, "ANY") ? "" : absl::StrCat(" ", declared));
    if (i < table.key_columns) absl::StrAppend(&key, i == 0 ? "" : ", ", name);
  }
  return absl::StrCat("CREATE TABLE ", kTable, " (", columns, key.empty() ? "" : absl::StrCat(", UNIQUE (", key, ")"),
                      ")");
}

std::string InsertSql(const ComparedTable& table) {
  std::string values;
  for (size_t i = 0; i < table.columns.size(); ++i) absl::StrAppend(&values, i == 0 ? "?" : ",?");
  return absl::StrCat("INSERT INTO ", kTable, " VALUES (", values, ")");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Overlay>> Overlay::Create(sqlite3* temporary, const ComparedTable* table) {
  auto overlay = std::unique_ptr<Overlay>(new Overlay(temporary, table));
  RETURN_IF_ERROR(overlay->Prepare());
  return overlay;
}

absl::Status Overlay::Prepare() {
  RETURN_IF_ERROR(sqlite::Execute(db_, absl::StrCat("DROP TABLE IF EXISTS ", kTable)));
  RETURN_IF_ERROR(sqlite::Execute(db_, CreateSql(table_)));
  ASSIGN_OR_RETURN(insert_, sqlite::Statement::Prepare(db_, InsertSql(table_), sqlite::Statement::kPersistent));
  ASSIGN_OR_RETURN(const std::optional<mirror::TargetTable> made, mirror::ReadTargetTable(db_, "main", kTable));
  if (!made) return absl::InternalError("a temporary table is gone");
  ASSIGN_OR_RETURN(mirror::Plan plan, mirror::MakePlan(*made, &table_.relation, table_.choices));
  mirror::Settings strict;
  strict.on_conflict = mirror::OnConflict::kError;
  strict.on_missing = mirror::OnMissing::kError;
  rows_ = std::make_unique<mirror::MirroredTable>(db_, std::move(plan), strict, &run_memory_);
  return absl::OkStatus();
}

absl::Status Overlay::Insert(const std::vector<types::Value>& row) {
  for (size_t i = 0; i < row.size(); ++i) insert_.Bind(static_cast<int>(i) + 1, row[i]);
  return insert_.Run();
}

// Lines bring generated columns, too, which the mirror may not have.
const deltaflood::Record& Overlay::Compared(const deltaflood::Record& record) {
  compared_ = record;
  compared_.columns.clear();
  for (const deltaflood::Column& column : record.columns) {
    if (rows_->plan().Find(column.name) >= 0) compared_.columns.push_back(column);
  }
  return compared_;
}

absl::Status Overlay::Apply(const deltaflood::Record& record) {
  using deltaflood::Action;
  switch (record.action) {
    case Action::kInsert:
      return rows_->Insert(Compared(record)).status();
    case Action::kUpdate:
      return rows_->Update(Compared(record)).status();
    case Action::kDelete:
      return rows_->Delete(Compared(record)).status();
    case Action::kReplace:
      return rows_->Replace(Compared(record).columns);
    case Action::kCommit:
      return rows_->EndTransaction();
    default:
      return absl::InternalError(
          absl::StrCat("a locked table has a record of action ", deltaflood::ActionName(record.action)));
  }
}

absl::Status Overlay::ForEach(RowVisitor visit) {
  ASSIGN_OR_RETURN(sqlite::Statement all, sqlite::Statement::Prepare(db_, absl::StrCat("SELECT * FROM ", kTable)));
  std::vector<types::Value> values(table_.columns.size());
  EncodedRow row;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, all.Step());
    if (!more) return absl::OkStatus();
    for (size_t i = 0; i < values.size(); ++i) values[i] = all.ColumnValue(static_cast<int>(i));
    table_.Encode(values, &row);
    RETURN_IF_ERROR(visit(row, 1));
  }
}

}  // namespace deltamirror::verify
