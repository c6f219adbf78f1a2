// Looks through a daystream, again and again while it grows.

#ifndef DELTAMIRROR_TESTS_CRASH_LOG_CHECK_H_
#define DELTAMIRROR_TESTS_CRASH_LOG_CHECK_H_

#include <cstdint>
#include <map>
#include <string>

namespace deltamirror::crash {

// What holds of a daystream whatever was killed when:
//   what was there is still there, byte by byte; all lines are complete and can be read; positions grow; each
//   transaction is ended once, in the order of commits.
class LogCheck {
 public:
  explicit LogCheck(const std::string& directory) : directory_(directory) {}

  // "" if all holds, else what does not. The writer is at rest.
  std::string Check();

  // The machine lost its power: of the file, no more than `size` bytes may be expected to be there.
  void Forget(const std::string& file, int64_t size);

  int64_t commits() const { return commits_; }
  int64_t rollbacks() const { return rollbacks_; }
  int64_t files() const { return static_cast<int64_t>(seen_.size()); }

 private:
  std::string CheckFiles();
  std::string CheckLines();

  const std::string directory_;
  std::map<std::string, std::string> seen_;  // path: content
  int64_t commits_ = 0;
  int64_t rollbacks_ = 0;
};

}  // namespace deltamirror::crash

#endif  // DELTAMIRROR_TESTS_CRASH_LOG_CHECK_H_
