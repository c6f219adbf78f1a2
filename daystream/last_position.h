// Where a daystream ends at the moment.

#ifndef DELTAMIRROR_DAYSTREAM_LAST_POSITION_H_
#define DELTAMIRROR_DAYSTREAM_LAST_POSITION_H_

#include <string>

#include "absl/status/statusor.h"
#include "daystream/position.h"

namespace deltamirror::daystream {

// Of the last complete line of a directory or a single file; kBeforeAll if there is none. What is appended later lies
// behind it. NotFound if nothing is there; DataLoss, naming file and offset, if that line is not a daystream line.
absl::StatusOr<Position> LastPosition(const std::string& source);

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_LAST_POSITION_H_
