// The line on stderr that tells how far a copy is.

#ifndef DELTAMIRROR_COPY_PROGRESS_H_
#define DELTAMIRROR_COPY_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace deltamirror::copy {

// "pg_import flights: 1200000 rows, 850000 rows/s, 40 %", written over itself on a terminal, from the second second on.
// The destructor clears it. Not thread-safe.
class Progress {
 public:
  // wanted: true or false as the user said; nothing: only if stderr is a terminal. Where it is no terminal but wanted,
  // each line ends with a line break.
  Progress(absl::string_view what, std::optional<bool> wanted);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  bool enabled() const { return enabled_; }
  // About how many rows there will be; unknown (no percent) if less than 1.
  void set_expected(int64_t rows) { expected_ = rows; }
  // Cheap: looks at the clock, and writes twice a second.
  void Tell(int64_t rows);

 private:
  using Clock = std::chrono::steady_clock;
  std::string Line(int64_t rows, double seconds) const;

  const std::string what_;
  const bool terminal_;
  const bool enabled_;
  int64_t expected_ = 0;
  const Clock::time_point begin_ = Clock::now();
  Clock::time_point next_ = begin_ + std::chrono::seconds(1);
  bool shown_ = false;
};

}  // namespace deltamirror::copy

#endif  // DELTAMIRROR_COPY_PROGRESS_H_
