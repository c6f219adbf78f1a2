// Whether a mirror's daystream can carry on where a first copy ends.

#ifndef DELTAMIRROR_MIRROR_BOOTSTRAP_SOURCE_H_
#define DELTAMIRROR_MIRROR_BOOTSTRAP_SOURCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daystream/position.h"
#include "daystream/source.h"
#include "postgres/connection.h"
#include "postgres/schema.h"

namespace deltamirror::mirror {

// What the daystream says of itself. The order matters: the slot, then deltastream, then the first copy; a slot that is
// made after the copy's snapshot misses changes. So a daystream that has not been begun is a FailedPrecondition that
// says so. Nothing: a mirror without a source, or one whose daystream does not say (a single file, day files without a
// daystream.json): then the checks below are the user's.
absl::StatusOr<std::optional<daystream::SourceInfo>> ReadMirrorSource(const std::string& source);

// FailedPrecondition, with both sides, if the connection leads to another server or database than the daystream's, or
// if the slot that feeds it is gone.
absl::Status CheckServer(const std::string& source, const daystream::SourceInfo& info,
                         postgres::Connection& connection);

// FailedPrecondition, naming the table, if the daystream was not asked for one of them.
absl::Status CheckCovered(const std::string& source, const daystream::SourceInfo& info,
                          const std::vector<postgres::CatalogTable>& tables);

// Where to begin reading: before all that is stamped at or after `start_time` (microseconds since 1970, by the server's
// clock), allowing the clock of deltastream's host to be behind by `margin` seconds, or by what the daystream's own
// records show if that is more. OutOfRange if the daystream no longer has what is there.
absl::StatusOr<daystream::Position> StartPosition(const std::string& source, int64_t start_time, int64_t margin);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_BOOTSTRAP_SOURCE_H_
