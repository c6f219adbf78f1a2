// What a server's refusal means: PostgreSQL's SQLSTATE, which a status carries along with the message.

#ifndef DELTAMIRROR_POSTGRES_SERVER_ERROR_H_
#define DELTAMIRROR_POSTGRES_SERVER_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace deltamirror::postgres {

// libpq's messages are lines, the second ones indented; ours are one line. "" for null.
std::string OneLine(const char* message);

// `message` with the code that fits the SQLSTATE.
absl::Status ServerError(absl::string_view state, absl::string_view message);

// The five-character SQLSTATE of an error that came from a server; "" for any other.
std::string SqlState(const absl::Status& status);

// "could not connect to the server: ..." from `message`, what PQerrorMessage says of an attempt to connect under
// PQERRORS_VERBOSE. libpq gives no other access to the SQLSTATE of a server that has refused. Unavailable where there
// is none: the server was not reached.
absl::Status ConnectError(absl::string_view message);

// Whether the same may succeed later without anybody's doing: the server was not reached, was lost, starts up, shuts
// down, has no connection or memory left, or something else is in use. Not so a wrong password, or a thing that is not
// there.
bool MayPass(const absl::Status& status);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_SERVER_ERROR_H_
