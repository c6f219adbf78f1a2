// Propagation of absl::Status. Abseil has such macros of its own from LTS 20260526 on; until Debian ships that, these
// are ours.
//
//   RETURN_IF_ERROR(Open(path));
//   ASSIGN_OR_RETURN(const std::string line, ReadLine());

#ifndef DELTAMIRROR_STATUS_STATUS_MACROS_H_
#define DELTAMIRROR_STATUS_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define RETURN_IF_ERROR(expression)                                           \
  do {                                                                        \
    if (absl::Status status_to_check = (expression); !status_to_check.ok()) { \
      return status_to_check;                                                 \
    }                                                                         \
  } while (false)

#define DELTAMIRROR_CONCAT_INNER(a, b) a##b
#define DELTAMIRROR_CONCAT(a, b) DELTAMIRROR_CONCAT_INNER(a, b)

#define ASSIGN_OR_RETURN(declaration, expression) \
  DELTAMIRROR_ASSIGN_OR_RETURN(DELTAMIRROR_CONCAT(status_or_to_check_, __LINE__), declaration, expression)

#define DELTAMIRROR_ASSIGN_OR_RETURN(status_or, declaration, expression) \
  auto status_or = (expression);                                         \
  if (!status_or.ok()) return std::move(status_or).status();             \
  declaration = *std::move(status_or)

#endif  // DELTAMIRROR_STATUS_STATUS_MACROS_H_
