// A place in PostgreSQL's WAL as text, "16/B374D848": two hexadecimal halves,
// as the server prints it.

#ifndef DELTAMIRROR_DELTAFLOOD_LSN_H_
#define DELTAMIRROR_DELTAFLOOD_LSN_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace deltamirror::deltaflood {

// The LSN in `text`, or nothing if it is not one: one to eight hexadecimal
// digits, a slash, one to eight again.
std::optional<uint64_t> ParseLsn(absl::string_view text);

std::string FormatLsn(uint64_t lsn);
void AppendLsn(uint64_t lsn, std::string* out);

}  // namespace deltamirror::deltaflood

#endif  // DELTAMIRROR_DELTAFLOOD_LSN_H_
