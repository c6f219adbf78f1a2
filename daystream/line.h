// One line of a daystream, taken apart as far as the log is concerned.

#ifndef DELTAMIRROR_DAYSTREAM_LINE_H_
#define DELTAMIRROR_DAYSTREAM_LINE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "daystream/position.h"

namespace deltamirror::daystream {

// Owns nothing.
struct Line {
  absl::string_view text;         // the whole line, without LF
  absl::string_view record_text;  // behind position and check: the deltaflood line
  absl::string_view check;        // the value of "_check" (see check.h), in the line that ends a transaction; or empty
  Position position;
  uint64_t offset = 0;  // where the line begins in its file
};

// "at offset 120 of file \"/var/lib/daystream/20171009.daystream\"", for messages.
std::string PlaceText(uint64_t offset, absl::string_view file);

// Fills all but the offset. False if the text does not begin with a position.
bool SplitLine(absl::string_view text, Line* line);

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_LINE_H_
