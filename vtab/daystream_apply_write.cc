#include "vtab/daystream_apply_write.h"

#include <algorithm>
#include <initializer_list>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "mirror/status.h"
#include "mirror/table_state.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::vtab {
namespace {

absl::StatusOr<absl::string_view> TextOf(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  if (text == nullptr && sqlite3_value_type(value) != SQLITE_NULL) return absl::ResourceExhaustedError("out of memory");
  return absl::string_view(text, sqlite3_value_bytes(value));
}

// Of the columns that the statement gives (an UPDATE: that it changes), only these may be among them.
absl::Status CheckGiven(sqlite3_value** columns, bool update, std::initializer_list<int> allowed,
                        absl::string_view message) {
  for (int column = 0; column <= kColLine; ++column) {
    const bool given =
        update ? sqlite3_value_nochange(columns[column]) == 0 : sqlite3_value_type(columns[column]) != SQLITE_NULL;
    if (given && std::find(allowed.begin(), allowed.end(), column) == allowed.end()) {
      return absl::InvalidArgumentError(message);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDetached(sqlite3_value* value) {
  ASSIGN_OR_RETURN(const absl::string_view state, TextOf(value));
  if (state == mirror::StatusName(mirror::TableStatus::kDetached)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("expected \"detached\" as the new state of a table, got \"", state,
                   "\". deltamirror_bootstrap with option \"again\" brings a table back"));
}

// UPDATE m SET state = 'detached'. The rowid is the table's place among the mirror's.
absl::Status DetachRow(mirror::Session& session, sqlite3_value** values) {
  sqlite3_value** columns = values + 2;
  RETURN_IF_ERROR(CheckGiven(columns, true, {mirror::kStatusState},
                             "only the column \"state\" can be updated: the others show the state of the mirror"));
  RETURN_IF_ERROR(CheckDetached(columns[mirror::kStatusState]));
  return session.DetachTable(sqlite3_value_int64(values[0]) - 1);
}

// INSERT INTO m("table", state) VALUES (..., 'detached').
absl::Status DetachNamed(mirror::Session& session, sqlite3_value** columns) {
  RETURN_IF_ERROR(
      CheckGiven(columns, false, {mirror::kStatusTable, mirror::kStatusState},
                 "only the column \"line\" can be inserted, INSERT INTO ...(line) VALUES (...), or \"table\" "
                 "and \"state\" of a table that is to be detached"));
  RETURN_IF_ERROR(CheckDetached(columns[mirror::kStatusState]));
  ASSIGN_OR_RETURN(const absl::string_view name, TextOf(columns[mirror::kStatusTable]));
  ASSIGN_OR_RETURN(const types::TableList list, types::TableList::Parse(name));
  const types::TableList::Entry& entry = list.entries().front();
  if (list.entries().size() != 1 || !entry.schema || !entry.table) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected the name of one table in column \"table\", got \"", name, "\""));
  }
  return session.DetachTable(*entry.schema, *entry.table);
}

// The line of an INSERT.
absl::Status Ingest(mirror::Session& session, sqlite3_value** columns) {
  RETURN_IF_ERROR(CheckGiven(columns, false, {kColLine},
                             "only the column \"line\" can be inserted: INSERT INTO ...(line) VALUES (...)"));
  if (sqlite3_value_type(columns[kColLine]) == SQLITE_NULL) {
    return absl::InvalidArgumentError("expected a line of a daystream in column \"line\", got NULL");
  }
  ASSIGN_OR_RETURN(const absl::string_view line, TextOf(columns[kColLine]));
  return session.Ingest(line);
}

}  // namespace

absl::Status WriteRow(mirror::Session& session, bool is_mirror, int count, sqlite3_value** values) {
  if (count == 1) {
    return absl::InvalidArgumentError("rows cannot be deleted. DROP TABLE ends the mirror and keeps its tables");
  }
  if (sqlite3_value_type(values[0]) != SQLITE_NULL) return DetachRow(session, values);
  const bool has_line = sqlite3_value_type(values[2 + kColLine]) != SQLITE_NULL;
  if (is_mirror && !has_line && sqlite3_value_type(values[2 + mirror::kStatusTable]) != SQLITE_NULL) {
    return DetachNamed(session, values + 2);
  }
  return Ingest(session, values + 2);
}

}  // namespace deltamirror::vtab
