#include "postgres/slot_record.h"

#include "absl/strings/str_cat.h"
#include "quote/quote.h"
#include "status/status_macros.h"

namespace deltamirror::postgres {
namespace {

// Readable by all: another role may read the slot than the one that made it.
constexpr char kMakeTable[] =
    "BEGIN;"
    "CREATE SCHEMA IF NOT EXISTS deltamirror;"
    "GRANT USAGE ON SCHEMA deltamirror TO PUBLIC;"
    "CREATE TABLE IF NOT EXISTS deltamirror.slot ("
    "slot_name name PRIMARY KEY, tables text, publication name, publication_made boolean NOT NULL DEFAULT false, "
    "created timestamptz NOT NULL DEFAULT now());"
    "ALTER TABLE deltamirror.slot ADD COLUMN IF NOT EXISTS filters text;"
    "GRANT SELECT ON deltamirror.slot TO PUBLIC;"
    "COMMIT";

// Through the catalog: naming a table that is not there would be an error, as would making one that is there without
// the right to make it. One that an earlier version has made lacks a column.
absl::StatusOr<bool> HasTable(Connection& connection, const std::string& column) {
  ASSIGN_OR_RETURN(const Result result,
                   connection.Execute(absl::StrCat(
                       "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                       "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid "
                       "WHERE n.nspname = 'deltamirror' AND c.relname = 'slot' AND a.attname = ",
                       QuoteLiteral(column))));
  return result.rows() > 0;
}

std::string NullOr(const std::string& text) {
  return text.empty() ? "NULL" : QuoteLiteral(text);
}

absl::Status Explain(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kPermissionDenied) return status;
  return absl::PermissionDeniedError(
      absl::StrCat("could not remember the slot in table deltamirror.slot: ", status.message(),
                   ". Give \"tables\" and \"filters\" to deltastream instead, or let an owner of the database GRANT "
                   "CREATE ON DATABASE "
                   "to this role"));
}

}  // namespace

absl::Status PrepareSlotRecords(Connection& connection, const SlotRecord& record) {
  ASSIGN_OR_RETURN(const bool there, HasTable(connection, record.filters.empty() ? "slot_name" : "filters"));
  if (there) return absl::OkStatus();
  const absl::Status made = connection.Execute(kMakeTable).status();
  if (!made.ok()) connection.Execute("ROLLBACK").status().IgnoreError();
  return Explain(made);
}

absl::Status RememberSlot(Connection& connection, const std::string& slot, const SlotRecord& record) {
  // Without a word about a table that the role may not even read, where there is nothing to write.
  if (record == SlotRecord()) {
    ASSIGN_OR_RETURN(const SlotRecord left_over, RecallSlot(connection, slot));
    if (left_over == SlotRecord()) return absl::OkStatus();
  }
  std::string sql = absl::StrCat("DELETE FROM deltamirror.slot WHERE slot_name = ", QuoteLiteral(slot), ";");
  if (record != SlotRecord()) {
    absl::StrAppend(&sql, "INSERT INTO deltamirror.slot (slot_name, tables, publication, publication_made) VALUES (",
                    QuoteLiteral(slot), ", ", NullOr(record.tables), ", ", NullOr(record.publication), ", ",
                    record.publication_made ? "true" : "false", ");");
  }
  if (!record.filters.empty()) {
    absl::StrAppend(&sql, "UPDATE deltamirror.slot SET filters = ", QuoteLiteral(record.filters),
                    " WHERE slot_name = ", QuoteLiteral(slot), ";");
  }
  return Explain(connection.Execute(sql).status());
}

absl::StatusOr<SlotRecord> RecallSlot(Connection& connection, const std::string& slot) {
  ASSIGN_OR_RETURN(const bool there, HasTable(connection, "slot_name"));
  if (!there) return SlotRecord();
  ASSIGN_OR_RETURN(const Result result, connection.Execute(absl::StrCat(
                                            // An earlier version's table has no "filters".
                                            "SELECT tables, publication, publication_made, to_json(s) ->> 'filters' "
                                            "FROM deltamirror.slot s WHERE slot_name = ",
                                            QuoteLiteral(slot))));
  SlotRecord record;
  if (result.rows() == 0) return record;
  record.tables = std::string(result.text(0, 0));
  record.publication = std::string(result.text(0, 1));
  record.publication_made = result.text(0, 2) == "t";
  record.filters = std::string(result.text(0, 3));
  return record;
}

absl::Status ForgetSlot(Connection& connection, const std::string& slot) {
  ASSIGN_OR_RETURN(const SlotRecord record, RecallSlot(connection, slot));
  if (record == SlotRecord()) return absl::OkStatus();
  std::string sql;
  if (record.publication_made) {
    absl::StrAppend(&sql, "DROP PUBLICATION IF EXISTS ", QuoteIdentifier(record.publication), ";");
  }
  absl::StrAppend(&sql, "DELETE FROM deltamirror.slot WHERE slot_name = ", QuoteLiteral(slot));
  return connection.Execute(sql).status();
}

}  // namespace deltamirror::postgres
