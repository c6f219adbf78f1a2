// A daystream of a few transactions, with everything in it that damage may meet.

#ifndef DELTAMIRROR_TESTS_DAMAGE_SMALL_DAYSTREAM_H_
#define DELTAMIRROR_TESTS_DAMAGE_SMALL_DAYSTREAM_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "daystream/position.h"

namespace deltamirror {

// Of table zzz (a text PRIMARY KEY, b text): transactions of one line and of several, one that spans midnight, one
// that was rolled back, on three days with one between on which nothing happened. The last line is a commit.
class SmallDaystream {
 public:
  // Writes it into `directory`.
  explicit SmallDaystream(const std::string& directory);

  struct Line {
    std::string text;  // without LF
    size_t file = 0;
    size_t offset = 0;
    daystream::Position position;
    bool is_end = false;
  };

  // The day files' paths and contents, and all lines, in order.
  const std::vector<std::string>& paths() const { return paths_; }
  const std::vector<std::string>& contents() const { return contents_; }
  const std::vector<Line>& lines() const { return lines_; }

  // Puts the files back as they were.
  void Restore() const;

 private:
  std::vector<std::string> paths_;
  std::vector<std::string> contents_;
  std::vector<Line> lines_;
};

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_DAMAGE_SMALL_DAYSTREAM_H_
