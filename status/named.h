// The SQL name that the user typed, in front of a message.

#ifndef DELTAMIRROR_STATUS_NAMED_H_
#define DELTAMIRROR_STATUS_NAMED_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace deltamirror {

// "<name>: <message>", with code and payloads kept; unchanged when the status is OK or its message begins with the name
// already. Rooms below ext/ and vtab/ do not know by which name they were called, so those two put it there, once, at
// the edge.
absl::Status Named(absl::string_view name, const absl::Status& status);

// "<message><text>", with code and payloads kept; unchanged when the status is OK. For what only a caller knows: a
// table, a position.
absl::Status Extended(const absl::Status& status, absl::string_view text);

}  // namespace deltamirror

#endif  // DELTAMIRROR_STATUS_NAMED_H_
