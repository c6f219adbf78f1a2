// Timelines: a server that was promoted, or restored to a point in time, goes on under a new number.

#ifndef DELTAMIRROR_POSTGRES_TIMELINE_H_
#define DELTAMIRROR_POSTGRES_TIMELINE_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "postgres/connection.h"

namespace deltamirror::postgres {

// Where the history that ends in timeline `current` has left timeline `old`: what was written to that timeline behind
// this LSN is not part of the server's history. Nothing if `old` is not among its ancestors. `connection` must be one
// for replication.
absl::StatusOr<std::optional<uint64_t>> FindTimelineEnd(Connection& connection, int64_t current, int64_t old);

// The same from the text of a timeline history file: lines of "timeline TAB LSN TAB reason".
std::optional<uint64_t> FindTimelineEnd(absl::string_view history, int64_t old);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_TIMELINE_H_
