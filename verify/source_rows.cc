#include "verify/source_rows.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "copy/copy_rows.h"
#include "copy/row_stream.h"
#include "copy/source.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::verify {
namespace {

using deltaflood::Action;
using deltaflood::Record;

const deltaflood::Column* Find(const Record& record, absl::string_view name) {
  for (const deltaflood::Column& column : record.columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

}  // namespace

// The first `columns` of the table, from the text in the line.
absl::Status SourceRows::DecodeRow(const Record& record, size_t columns, EncodedRow* row) const {
  row->bytes.clear();
  row->key_size = 0;
  types::Scratch scratch;
  for (size_t i = 0; i < columns; ++i) {
    const std::string& name = table_.relation.columns[i].name;
    const deltaflood::Column* column = Find(record, name);
    if (column == nullptr) {
      return absl::DataLossError(absl::StrCat("a line of action ", deltaflood::ActionName(record.action),
                                              " in the daystream has no column \"", name, "\""));
    }
    types::Value value;
    if (!column->is_null) {
      const absl::Status status = table_.columns[i].mapping.text(column->value, scratch, &value);
      if (!status.ok()) return Named(absl::StrCat("column \"", name, "\""), status);
    }
    AppendValue(value, &row->bytes);
  }
  return absl::OkStatus();
}

absl::Status SourceRows::FindMovedKeys() {
  if (table_.key_columns == 0) return absl::OkStatus();
  EncodedRow key;
  return unseen_.ForEach(table_.relation.schema, table_.relation.table, [&](const Record& record) -> absl::Status {
    if (record.action == Action::kCommit) return absl::OkStatus();
    RETURN_IF_ERROR(DecodeRow(record, table_.key_columns, &key));
    moved_.Add(DigestOf(key.bytes));
    return absl::OkStatus();
  });
}

absl::Status SourceRows::ReadTable(const Heartbeat& heartbeat, RowVisitor visit) {
  const copy::Source source = copy::SourceOf(table_.relation, /*only=*/!table_.partitioned, table_.where);
  std::vector<copy::Field> fields = copy::AllFields(source, table_.overrides);
  ASSIGN_OR_RETURN(const std::string sql, copy::CopyStatement(connection_, source, &fields));
  ASSIGN_OR_RETURN(const std::unique_ptr<copy::RowStream> rows,
                   copy::RowStream::Start(&connection_, sql, std::move(fields), {heartbeat, {}}));
  std::vector<types::Value> values;
  EncodedRow row;
  while (true) {
    ASSIGN_OR_RETURN(const types::Value* const next, rows->Next());
    if (next == nullptr) return rows->Finish();
    values.assign(next, next + table_.columns.size());
    table_.Encode(values, &row);
    if (overlay_ != nullptr && (table_.converts || moved_.MayHave(DigestOf(row.key())))) {
      RETURN_IF_ERROR(overlay_->Insert(values));
    } else {
      RETURN_IF_ERROR(visit(row, 1));
    }
  }
}

absl::Status SourceRows::VisitChanges(RowVisitor visit) {
  EncodedRow row;
  return unseen_.ForEach(table_.relation.schema, table_.relation.table, [&](const Record& record) -> absl::Status {
    if (record.action == Action::kCommit) return absl::OkStatus();
    RETURN_IF_ERROR(DecodeRow(record, table_.columns.size(), &row));
    const bool goes = record.action == Action::kDelete || record.action == Action::kReplace;
    return visit(row, goes ? -1 : 1);
  });
}

absl::Status SourceRows::ForEach(const Heartbeat& heartbeat, RowVisitor visit) {
  if (moved_.empty()) RETURN_IF_ERROR(FindMovedKeys());
  overlay_.reset();
  if (table_.converts || !moved_.empty()) {
    ASSIGN_OR_RETURN(overlay_, Overlay::Create(temporary_, &table_));
  }
  RETURN_IF_ERROR(ReadTable(heartbeat, visit));
  if (overlay_ == nullptr) return table_.key_columns == 0 ? VisitChanges(visit) : absl::OkStatus();
  RETURN_IF_ERROR(unseen_.ForEach(table_.relation.schema, table_.relation.table,
                                  [this](const Record& record) { return overlay_->Apply(record); }));
  return overlay_->ForEach(visit);
}

}  // namespace deltamirror::verify
