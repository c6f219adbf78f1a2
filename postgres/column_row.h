// A column of a table as a row of a query.

#ifndef DELTAMIRROR_POSTGRES_COLUMN_ROW_H_
#define DELTAMIRROR_POSTGRES_COLUMN_ROW_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "postgres/connection.h"
#include "types/relation.h"

namespace deltamirror::postgres {

// 0 for NULL. Internal, naming the column of the result, for what is no such number.
template <typename Integer>
absl::StatusOr<Integer> ReadNumber(const Result& result, int row, int column) {
  Integer value = 0;
  if (result.is_null(row, column)) return value;
  if (!absl::SimpleAtoi(result.text(row, column), &value)) {
    return absl::InternalError(absl::StrCat("the server's catalog gave \"", result.text(row, column), "\" for \"",
                                            result.column_name(column), "\", expected a number"));
  }
  return value;
}

// The result's columns: whose it is (left to the caller), and then attnum, name, type, oid, elem, pk, key, not_null,
// generated, missing, as types::Column has them.
absl::StatusOr<types::Column> ReadColumn(const Result& result, int row);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_COLUMN_ROW_H_
