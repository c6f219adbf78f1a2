#include "pgoutput/translator.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "deltaflood/format.h"
#include "deltaflood/record.h"
#include "deltaflood/relation.h"
#include "status/status_macros.h"
#include "types/lsn.h"
#include "types/oids.h"

namespace deltamirror::pgoutput {
namespace {

// What a line about the table itself begins with.
deltaflood::Record LineAbout(const types::Relation& shape, deltaflood::Action action, const Begin& begin) {
  deltaflood::Record record;
  record.table = shape.table;
  if (shape.schema != "public") record.schema = shape.schema;
  record.has_xid = true;
  record.xid = begin.xid;
  record.has_lsn = true;
  record.lsn = begin.final_lsn;
  record.has_relid = true;
  record.relid = shape.relid;
  record.action = action;
  return record;
}

void AppendRelationLine(const types::Relation& shape, const Begin& begin, std::string* lines) {
  std::vector<std::string> descriptions(shape.columns.size());
  deltaflood::Record record = LineAbout(shape, deltaflood::Action::kRelation, begin);
  record.identity = deltaflood::IdentityName(shape.identity);
  for (size_t i = 0; i < shape.columns.size(); ++i) {
    deltaflood::AppendColumnDescription(shape.columns[i], &descriptions[i]);
    record.columns.push_back({.name = shape.columns[i].name, .value = descriptions[i]});
  }
  deltaflood::AppendRecord(record, lines);
  lines->push_back('\n');
}

void AppendDoubt(const types::Relation& shape, const Begin& begin, std::string* lines) {
  deltaflood::Record record = LineAbout(shape, deltaflood::Action::kGap, begin);
  record.reason =
      "rows were read after columns had been dropped or renamed and others added, or were changed in the transaction "
      "that did so, and pgoutput does not tell which columns' values they have";
  deltaflood::AppendRecord(record, lines);
  lines->push_back('\n');
}

// A row that a row filter has let in by an update: of a large value that stayed as it was the server sends nothing.
bool IsIncomplete(const Row& row) {
  return std::any_of(row.begin(), row.end(), [](const Value& value) { return value.kind == Value::Kind::kUnchanged; });
}

}  // namespace

absl::StatusOr<Translator::Event> Translator::Translate(absl::string_view bytes, std::string* lines) {
  RETURN_IF_ERROR(Decode(bytes, &message_));
  switch (message_.type) {
    case MessageType::kBegin:
      RETURN_IF_ERROR(BeginTransaction(message_.begin));
      break;
    case MessageType::kCommit:
      RETURN_IF_ERROR(EndTransaction(message_.commit, lines));
      return Event::kCommit;
    case MessageType::kRelation:
      RETURN_IF_ERROR(TakeRelation());
      break;
    case MessageType::kType:
      type_names_[message_.type_name.oid] = message_.type_name;
      break;
    case MessageType::kInsert:
    case MessageType::kUpdate:
    case MessageType::kDelete:
      RETURN_IF_ERROR(TranslateChange(lines));
      break;
    case MessageType::kTruncate:
      RETURN_IF_ERROR(TranslateTruncate(lines));
      break;
    case MessageType::kOrigin:
    case MessageType::kMessage:
      break;
    case MessageType::kStreamStart:
    case MessageType::kStreamStop:
    case MessageType::kStreamCommit:
    case MessageType::kStreamAbort:
      return absl::DataLossError(absl::StrCat("message \"", MessageName(message_.type),
                                              "\" of pgoutput came where whole transactions are expected"));
  }
  return Event::kMore;
}

absl::Status Translator::BeginTransaction(const Begin& begin) {
  if (in_transaction_) {
    return absl::DataLossError(
        absl::StrCat("message \"Begin\" of pgoutput, of transaction ", begin.xid,
                     ", came inside of another transaction, expected message \"Commit\" before it"));
  }
  in_transaction_ = true;
  printed_ = false;
  begin_ = begin;
  ids_ = absl::StrCat("\t_xid\t", begin.xid, "\t_lsn\t", types::FormatLsn(begin.final_lsn));
  return absl::OkStatus();
}

absl::Status Translator::EndTransaction(const Commit& commit, std::string* lines) {
  if (!in_transaction_) {
    return absl::DataLossError("message \"Commit\" of pgoutput came outside of a transaction");
  }
  if (commit.commit_lsn != begin_.final_lsn) {
    return absl::DataLossError(absl::StrCat("message \"Commit\" of pgoutput has commit LSN ",
                                            types::FormatLsn(commit.commit_lsn), ", expected ",
                                            types::FormatLsn(begin_.final_lsn), " as in message \"Begin\""));
  }
  in_transaction_ = false;
  end_lsn_ = commit.end_lsn;
  if (options_.at_end && options_.at_end(begin_, commit, lines)) printed_ = true;
  if (!printed_) return absl::OkStatus();
  lines->append(ids_, 1);  // without the TAB
  absl::StrAppend(lines, "\t_time\t", commit.commit_time, "\t_action\tcommit\n");
  return absl::OkStatus();
}

absl::Status Translator::TakeRelation() {
  Table& table = tables_[message_.relation.relid];
  table.message = message_.relation;
  table.described = false;
  return absl::OkStatus();
}

absl::StatusOr<Translator::Table*> Translator::FindTable(uint32_t relid) {
  if (!in_transaction_) {
    return absl::DataLossError(
        absl::StrCat("message \"", MessageName(message_.type), "\" of pgoutput came outside of a transaction"));
  }
  if (last_ == nullptr || last_->message.relid != relid) {
    const auto found = tables_.find(relid);
    if (found == tables_.end()) {
      return absl::DataLossError(absl::StrCat("message \"", MessageName(message_.type),
                                              "\" of pgoutput is about relation ", relid,
                                              ", expected a message \"Relation\" for it before"));
    }
    last_ = &found->second;
  }
  if (!last_->described) RETURN_IF_ERROR(Describe(last_));
  return last_;
}

absl::Status Translator::Describe(Table* table) {
  const RelationMessage& message = table->message;
  table->included = options_.tables.Matches(message.schema, message.table);
  if (!table->included) {
    table->described = true;
    return absl::OkStatus();
  }
  CatalogEntry entry;
  if (options_.catalog) {
    ASSIGN_OR_RETURN(entry, options_.catalog(message, begin_.xid));
  }
  ASSIGN_OR_RETURN(Shape shape, MakeShape(message, entry, table->printed ? &*table->printed : nullptr, type_names_));
  table->shape = std::move(shape.relation);
  table->doubtful = shape.doubtful;
  table->without_rows = entry.without_rows;
  table->announced = table->printed == table->shape;
  BuildLayout(table);
  table->described = true;
  return absl::OkStatus();
}

void Translator::BuildLayout(Table* table) {
  const RelationMessage& message = table->message;
  table->head.clear();
  deltaflood::AppendField("_table", message.table, &table->head);
  if (message.schema != "public") deltaflood::AppendField("_schema", message.schema, &table->head);

  std::map<absl::string_view, uint32_t> types;
  for (const types::Column& column : table->shape.columns) types[column.name] = column.oid;
  table->columns.clear();
  for (const RelationColumn& column : message.columns) {
    std::string key = "\t";
    deltaflood::AppendColumnName(column.name, &key);
    key += '\t';
    table->columns.push_back(
        {.key = std::move(key), .is_bool = types[column.name] == types::kBool, .in_key = column.in_key});
  }
}

absl::Status Translator::TranslateChange(std::string* lines) {
  ASSIGN_OR_RETURN(Table* const table, FindTable(message_.change.relid));
  const Change& change = message_.change;
  if (change.old_kind != OldRow::kNone) RETURN_IF_ERROR(CheckRow(*table, change.old_row));
  if (message_.type != MessageType::kDelete) RETURN_IF_ERROR(CheckRow(*table, change.new_row));
  if (!table->included) return absl::OkStatus();

  Announce(table, lines);
  if (message_.type == MessageType::kInsert && IsIncomplete(change.new_row)) {
    absl::StrAppend(lines, table->head, ids_, "\t_relid\t", table->message.relid, "\t_action\tgap\n");
    return absl::OkStatus();
  }
  if (message_.type == MessageType::kInsert) {
    StartLine(*table, "insert", lines);
    return AppendNewRow(*table, lines);
  }
  if (message_.type == MessageType::kDelete) {
    StartLine(*table, "delete", lines);
    return AppendOldRow(*table, lines);
  }
  if (change.old_kind != OldRow::kNone) {
    StartLine(*table, "replace", lines);
    RETURN_IF_ERROR(AppendOldRow(*table, lines));
  }
  StartLine(*table, "update", lines);
  return AppendNewRow(*table, lines);
}

absl::Status Translator::TranslateTruncate(std::string* lines) {
  for (const uint32_t relid : message_.truncate.relids) {
    ASSIGN_OR_RETURN(Table* const table, FindTable(relid));
    if (!table->included || table->without_rows) continue;
    Announce(table, lines);
    StartLine(*table, "truncate", lines);
    lines->push_back('\n');
    if (options_.on_truncate) options_.on_truncate(relid, begin_.xid);
  }
  return absl::OkStatus();
}

absl::Status Translator::CheckRow(const Table& table, const Row& row) const {
  if (row.size() == table.message.columns.size()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "message \"", MessageName(message_.type), "\" of pgoutput has a row of ", row.size(), " values for table \"",
      types::TargetName(table.message.schema, table.message.table), "\", expected ", table.message.columns.size()));
}

void Translator::Announce(Table* table, std::string* lines) {
  printed_ = true;
  if (table->announced) return;
  AppendRelationLine(table->shape, begin_, lines);
  if (table->doubtful) AppendDoubt(table->shape, begin_, lines);
  table->printed = table->shape;
  table->announced = true;
}

void Translator::StartLine(const Table& table, absl::string_view action, std::string* lines) const {
  lines->append(table.head);
  lines->append(ids_);
  lines->append("\t_action\t");
  lines->append(action.data(), action.size());
}

// Of a TOAST value that the update did not touch, the old row has the text if it is part of the replica identity.
absl::Status Translator::AppendNewRow(const Table& table, std::string* lines) const {
  const Change& change = message_.change;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    const Value* value = &change.new_row[i];
    if (value->kind == Value::Kind::kUnchanged) {
      if (change.old_kind == OldRow::kNone || !column.in_key) continue;
      value = &change.old_row[i];
      if (value->kind == Value::Kind::kNull || value->kind == Value::Kind::kUnchanged) continue;
    }
    RETURN_IF_ERROR(AppendValue(table, column, *value, lines));
  }
  lines->push_back('\n');
  return absl::OkStatus();
}

absl::Status Translator::AppendOldRow(const Table& table, std::string* lines) const {
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const Value& value = message_.change.old_row[i];
    if (!table.columns[i].in_key || value.kind == Value::Kind::kUnchanged) continue;
    RETURN_IF_ERROR(AppendValue(table, table.columns[i], value, lines));
  }
  lines->push_back('\n');
  return absl::OkStatus();
}

absl::Status Translator::AppendValue(const Table& table, const Column& column, const Value& value,
                                     std::string* lines) const {
  if (value.kind == Value::Kind::kBinary) {
    return absl::UnimplementedError(absl::StrCat(
        "message \"", MessageName(message_.type), "\" of pgoutput has a binary value for table \"",
        types::TargetName(table.message.schema, table.message.table), "\", expected text (option \"binary\" off)"));
  }
  lines->append(column.key);
  if (value.kind == Value::Kind::kNull) {
    lines->append("\\N");
  } else if (column.is_bool && (value.bytes == "t" || value.bytes == "f")) {
    lines->push_back(value.bytes == "t" ? '1' : '0');
  } else {
    deltaflood::AppendEscaped(value.bytes, lines);
  }
  return absl::OkStatus();
}

}  // namespace deltamirror::pgoutput
