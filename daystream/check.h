// Whether the lines of a transaction are as they were written. The line that ends a transaction begins with
// "_check TAB number:lines:crc TAB": docs/formats.md says what each means.

#ifndef DELTAMIRROR_DAYSTREAM_CHECK_H_
#define DELTAMIRROR_DAYSTREAM_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"

namespace deltamirror::daystream {

// In front of the value.
inline constexpr absl::string_view kCheckKey = "_check\t";

struct Check {
  uint64_t number = 0;  // of the transaction, counted from the daystream's beginning
  uint64_t lines = 0;   // since the end of the transaction before, the last included; 0: only the last is checked
  uint32_t crc = 0;

  friend bool operator==(const Check&, const Check&) = default;
};

// The value of "_check", written as we write it; nothing if it is not.
std::optional<Check> ParseCheck(absl::string_view value);

// The checksum of the lines since the last end of a transaction.
struct RunningCheck {
  uint64_t number = 0;  // of that transaction; 0: there was none
  bool whole = true;    // whether `lines` are all since then
  uint64_t lines = 0;
  uint32_t crc = 0;

  // Complete lines, with their LF.
  void Add(absl::string_view bytes, uint64_t line_count);
};

// Tells the lines that end a transaction from the others.
class EndFinder {
 public:
  // Of a deltaflood line. Quick where it begins with "_table", as those of rows do; ends have none. InvalidArgument if
  // another line is no deltaflood line.
  absl::StatusOr<bool> IsEnd(absl::string_view record_text);

 private:
  deltaflood::Parser parser_;
  deltaflood::Record record_;
};

// Ends the transaction: appends "_check ...", `end` and LF to `out`, which holds the line's prefix from `line` on and
// nothing behind it.
void AppendCheckedEnd(absl::string_view end, size_t line, RunningCheck* running, std::string* out);

// The checksum of `line` (without LF), which begins with the prefix and "_check", and of what `crc` stands for.
// `value` is the value of "_check" and points into `line`.
uint32_t CrcOfCheckedEnd(uint32_t crc, absl::string_view line, absl::string_view value);

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_CHECK_H_
