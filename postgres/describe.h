// What a statement would give, without running it.

#ifndef DELTAMIRROR_POSTGRES_DESCRIBE_H_
#define DELTAMIRROR_POSTGRES_DESCRIBE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "postgres/connection.h"

namespace deltamirror::postgres {

struct ResultColumn {
  std::string name;
  uint32_t oid = 0;  // the type; of a domain its base type
  int typmod = -1;   // for format_type
};

// The columns of a single statement's result; none if it gives no rows. The server parses and plans, nothing more.
absl::StatusOr<std::vector<ResultColumn>> Describe(Connection& connection, const std::string& sql);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_DESCRIBE_H_
