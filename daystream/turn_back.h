// From a place in the middle of a daystream back to the end of a transaction, so that what follows can be verified.

#ifndef DELTAMIRROR_DAYSTREAM_TURN_BACK_H_
#define DELTAMIRROR_DAYSTREAM_TURN_BACK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace deltamirror::daystream {

// Where a line begins.
struct Place {
  size_t file = 0;  // index into the paths
  uint64_t offset = 0;
};

// The last line before `place` that ends a transaction with a check. If there is none, or none within about `limit`
// bytes, the earliest line that was looked at, or `place` itself. `paths`: of the files, oldest first.
absl::StatusOr<Place> TurnBack(const std::vector<std::string>& paths, Place place, uint64_t limit);

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_TURN_BACK_H_
