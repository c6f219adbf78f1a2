// Dates and times: TEXT in ISO form, as PostgreSQL prints them with DateStyle ISO and TimeZone UTC. Only timestamptz
// differs: its zone is written +00:00, the form that SQLite's date functions read. Infinity and years before Christ
// stay exactly as PostgreSQL prints them.

#ifndef DELTAMIRROR_TYPES_DATETIME_H_
#define DELTAMIRROR_TYPES_DATETIME_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "types/decoder.h"
#include "types/value.h"

namespace deltamirror::types {

absl::Status DateFromBinary(absl::string_view bytes, Scratch& scratch, Value* value);
absl::Status TimeFromBinary(absl::string_view bytes, Scratch& scratch, Value* value);
absl::Status TimetzFromBinary(absl::string_view bytes, Scratch& scratch, Value* value);
absl::Status TimestampFromBinary(absl::string_view bytes, Scratch& scratch, Value* value);
absl::Status TimestamptzFromBinary(absl::string_view bytes, Scratch& scratch, Value* value);

// The text may carry another zone than UTC (a stream that pg_recvlogical wrote): it is turned into UTC.
absl::Status TimestamptzFromText(absl::string_view bytes, Scratch& scratch, Value* value);

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_DATETIME_H_
