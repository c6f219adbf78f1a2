#include "verify/mirror_rows.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "quote/quote.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"
#include "types/value.h"

namespace deltamirror::verify {
namespace {

constexpr int64_t kRowsBetweenHeartbeats = 4096;

}  // namespace

absl::Status ForEachMirrorRow(sqlite3* db, const ComparedTable& table,
                              const std::function<absl::Status(int64_t rows)>& heartbeat, RowVisitor visit) {
  const std::string names = absl::StrJoin(table.columns, ", ", [](std::string* out, const ComparedColumn& column) {
    absl::StrAppend(out, QuoteIdentifier(column.target));
  });
  ASSIGN_OR_RETURN(sqlite::Statement all,
                   sqlite::Statement::Prepare(db, absl::StrCat("SELECT ", names, " FROM ", table.target)));
  std::vector<types::Value> values(table.columns.size());
  EncodedRow row;
  for (int64_t count = 0;; ++count) {
    if (count % kRowsBetweenHeartbeats == 0) RETURN_IF_ERROR(heartbeat(count));
    ASSIGN_OR_RETURN(const bool more, all.Step());
    if (!more) return absl::OkStatus();
    for (size_t i = 0; i < values.size(); ++i) values[i] = all.ColumnValue(static_cast<int>(i));
    table.Encode(values, &row);
    RETURN_IF_ERROR(visit(row, 1));
  }
}

}  // namespace deltamirror::verify
