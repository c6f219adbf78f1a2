#include "copy/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"

namespace deltamirror::copy {

Progress::Progress(absl::string_view what, std::optional<bool> wanted)
    : what_(what), terminal_(isatty(STDERR_FILENO) != 0), enabled_(wanted.value_or(terminal_)) {}

// "\r" and "erase to the end of the line".
Progress::~Progress() {
  if (shown_ && terminal_) std::fputs("\r\033[K", stderr);
}

std::string Progress::Line(int64_t rows, double seconds) const {
  std::string line =
      absl::StrCat(what_, ": ", rows, " rows, ",
                   static_cast<int64_t>(static_cast<double>(rows) / std::max(seconds, 0.001)), " rows/s");
  // The expected number is the planner's estimate: it may be too small.
  if (expected_ > 0) absl::StrAppend(&line, ", ", std::min<int64_t>(99, rows * 100 / expected_), " %");
  return line;
}

void Progress::Tell(int64_t rows) {
  if (!enabled_) return;
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(500);
  const std::string line = Line(rows, std::chrono::duration<double>(now - begin_).count());
  std::fputs(terminal_ ? absl::StrCat("\r", line, "\033[K").c_str() : absl::StrCat(line, "\n").c_str(), stderr);
  std::fflush(stderr);
  shown_ = true;
}

}  // namespace deltamirror::copy
