// Where the last transaction ends that the server was told is safe, so that its loss is noticed.

#ifndef DELTAMIRROR_DAYSTREAM_CONFIRMED_END_H_
#define DELTAMIRROR_DAYSTREAM_CONFIRMED_END_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "daystream/position.h"

namespace deltamirror::daystream {

// A line that ends a transaction. It stands in the file of the day of its clock.
struct ConfirmedEnd {
  Position position;
  uint64_t offset = 0;  // in the file, where the line begins
  uint32_t crc = 0;     // CRC-32C of the line, its LF included

  friend bool operator==(const ConfirmedEnd&, const ConfirmedEnd&) = default;
};

// `text`: the line, without LF.
ConfirmedEnd MakeConfirmedEnd(Position position, uint64_t offset, absl::string_view text);

// OK if the line is still there. DataLoss, saying where it was, what is there and what to do, if it is not: a file that
// was cut, changed, replaced or removed. The server does not send again what it was told is safe.
absl::Status CheckConfirmedEnd(const std::string& directory, const ConfirmedEnd& end);

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_CONFIRMED_END_H_
