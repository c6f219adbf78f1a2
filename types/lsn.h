// Log sequence numbers: where in PostgreSQL's WAL something stands.

#ifndef DELTAMIRROR_TYPES_LSN_H_
#define DELTAMIRROR_TYPES_LSN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace deltamirror::types {

// An LSN as PostgreSQL prints it: two hexadecimal halves, "16/B374D848".
std::string FormatLsn(uint64_t lsn);
absl::StatusOr<uint64_t> ParseLsn(absl::string_view text);

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_LSN_H_
