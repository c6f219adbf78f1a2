#include "copy/since.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "quote/quote.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"

namespace deltamirror::copy {
namespace {

constexpr char kStateTable[] = "deltamirror_import";

}  // namespace

std::string Since::StateTable() const {
  return QuoteQualified(target_.schema, kStateTable);
}

absl::StatusOr<std::optional<std::string>> Since::Load() {
  ASSIGN_OR_RETURN(const std::vector<TargetColumn> columns, TargetColumns(db_, {target_.schema, kStateTable}));
  if (columns.empty()) return std::optional<std::string>();
  ASSIGN_OR_RETURN(sqlite::Statement query,
                   sqlite::Statement::Prepare(
                       db_, absl::StrCat("SELECT value FROM ", StateTable(), " WHERE target = ? AND column = ?")));
  query.BindText(1, target_.table);
  query.BindText(2, column_);
  ASSIGN_OR_RETURN(const bool row, query.Step());
  if (!row) return std::optional<std::string>();
  return std::optional<std::string>(std::string(query.ColumnText(0)));
}

absl::Status Since::Narrow(postgres::Connection* connection, Source* source) {
  ASSIGN_OR_RETURN(const std::optional<std::string> kept, Load());
  const std::string name = QuoteIdentifier(column_);
  if (kept) {
    source->query =
        absl::StrCat("SELECT * FROM (", source->query, "\n) AS q WHERE q.", name, " > ", QuoteLiteral(*kept));
    source->table.clear();
  }
  ASSIGN_OR_RETURN(const postgres::Result largest,
                   connection->Query(absl::StrCat("SELECT q.", name, " FROM (", source->query, "\n) AS q WHERE q.",
                                                  name, " IS NOT NULL ORDER BY q.", name, " DESC LIMIT 1")));
  if (largest.rows() == 1) largest_ = std::string(largest.text(0, 0));
  return absl::OkStatus();
}

absl::Status Since::Save() {
  if (!largest_) return absl::OkStatus();
  RETURN_IF_ERROR(sqlite::Execute(
      db_, absl::StrCat("CREATE TABLE IF NOT EXISTS ", StateTable(),
                        " (target TEXT NOT NULL, column TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (target, "
                        "column)) WITHOUT ROWID")));
  ASSIGN_OR_RETURN(sqlite::Statement save,
                   sqlite::Statement::Prepare(db_, absl::StrCat("INSERT OR REPLACE INTO ", StateTable(),
                                                                " (target, column, value) VALUES (?, ?, ?)")));
  save.BindText(1, target_.table);
  save.BindText(2, column_);
  save.BindText(3, *largest_);
  return save.Run();
}

}  // namespace deltamirror::copy
