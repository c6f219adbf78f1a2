#include "postgres/column_row.h"

#include <cstdint>
#include <string>

#include "status/status_macros.h"

namespace deltamirror::postgres {

absl::StatusOr<types::Column> ReadColumn(const Result& result, int row) {
  types::Column column;
  ASSIGN_OR_RETURN(column.attnum, ReadNumber<int>(result, row, 1));
  column.name = std::string(result.text(row, 2));
  column.type = std::string(result.text(row, 3));
  ASSIGN_OR_RETURN(column.oid, ReadNumber<uint32_t>(result, row, 4));
  ASSIGN_OR_RETURN(column.elem, ReadNumber<uint32_t>(result, row, 5));
  ASSIGN_OR_RETURN(column.pk, ReadNumber<int>(result, row, 6));
  ASSIGN_OR_RETURN(column.key, ReadNumber<int>(result, row, 7));
  column.not_null = result.text(row, 8) == "t";
  column.generated = std::string(result.text(row, 9));
  if (!result.is_null(row, 10)) column.missing = std::string(result.text(row, 10));
  return column;
}

}  // namespace deltamirror::postgres
