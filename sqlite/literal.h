// A value as it is written in SQL.

#ifndef DELTAMIRROR_SQLITE_LITERAL_H_
#define DELTAMIRROR_SQLITE_LITERAL_H_

#include <string>

#include "absl/status/statusor.h"
#include "sqlite/api.h"
#include "types/value.h"

namespace deltamirror::sqlite {

// NULL, 5, 0.5, 9e999, 'text', X'00ff': what gives the same value again, bit for bit. Text must not hold NUL.
absl::StatusOr<std::string> Literal(sqlite3* db, const types::Value& value);

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_LITERAL_H_
