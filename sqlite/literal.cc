#include "sqlite/literal.h"

#include <cmath>

#include "sqlite/statement.h"
#include "status/status_macros.h"

namespace deltamirror::sqlite {

absl::StatusOr<std::string> Literal(sqlite3* db, const types::Value& value) {
  // SQLite itself writes Inf, which it cannot read.
  if (value.kind() == types::Value::Kind::kReal && std::isinf(value.real())) {
    return std::string(value.real() < 0 ? "-9e999" : "9e999");
  }
  ASSIGN_OR_RETURN(Statement quote, Statement::Prepare(db, "SELECT quote(?1)"));
  quote.Bind(1, value);
  ASSIGN_OR_RETURN(const bool row, quote.Step());
  if (!row) return absl::InternalError("SELECT quote(...) gave no row");
  return std::string(quote.ColumnText(0));
}

}  // namespace deltamirror::sqlite
