// A place in a daystream: the second (Unix time) and the number within that
// second. Positions only grow.

#ifndef DELTAMIRROR_DAYSTREAM_POSITION_H_
#define DELTAMIRROR_DAYSTREAM_POSITION_H_

#include <compare>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/string_view.h"
#include "deltaflood/record.h"

namespace deltamirror::daystream {

struct Position {
  int64_t clock = 0;  // never negative in a line
  // never negative in a line; -1 stands before all of a second
  int64_t seq = 0;

  friend auto operator<=>(const Position&, const Position&) = default;
};

// Before every line.
inline constexpr Position kBeforeAll = {0, -1};

// Where the record stood, if it says so (has_position).
inline Position PositionOf(const deltaflood::Record& record) {
  return {record.clock, record.seq};
}

// The least position behind `position`, as far as there is one.
inline Position Behind(Position position) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  if (position.seq < kMost) return {position.clock, position.seq + 1};
  return position.clock < kMost ? Position{position.clock + 1, 0} : position;
}

// Takes "_c TAB clock TAB _s TAB seq TAB" off the front of `line`. False, and
// nothing changed, if it is not there.
bool ConsumePrefix(absl::string_view* line, Position* position);

// Writes that prefix, with its last TAB.
void AppendPrefix(Position position, std::string* out);

// "(1507507200, 3)", for messages.
std::string ToString(Position position);

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_POSITION_H_
