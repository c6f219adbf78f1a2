// Whether a mirror's daystream can carry on where a first copy ends.

#ifndef DELTAMIRROR_MIRROR_BOOTSTRAP_SOURCE_H_
#define DELTAMIRROR_MIRROR_BOOTSTRAP_SOURCE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daystream/position.h"
#include "daystream/source.h"
#include "postgres/connection.h"

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

// What is known when the position is looked for from which on a mirror must read.
struct ReadingStart {
  int64_t time = 0;          // everything written to the daystream since is needed
  daystream::Position last;  // where it ended, at some moment behind `time`; kBeforeAll: nowhere
  int64_t began = 0;         // Unix seconds of its first start, by its writer's clock; 0: not known
  int64_t now = 0;           // taken after `last`
  int64_t margin = 0;        // seconds
};

// A position before all that was, or will be, written to the daystream at or after `start.time`. Times are microseconds
// since 1970 by the server's clock; positions are stamps by the clock of deltastream's host. That one may be behind or
// ahead by any time: a line that was written `now - time` before the last one, or later, has a stamp that is at most so
// much older. What it may not do is to be set forward meanwhile by more than the margin. OutOfRange if the daystream no
// longer has what is there.
absl::StatusOr<daystream::Position> StartPosition(const std::string& source, const ReadingStart& start);

// Whether lines behind `position` have been removed, so that a mirror that has come to it cannot go on.
absl::StatusOr<bool> IsPruned(const std::string& source, daystream::Position position);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_BOOTSTRAP_SOURCE_H_
