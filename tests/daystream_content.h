// What a reader makes of a daystream, for tests.

#ifndef DELTAMIRROR_TESTS_DAYSTREAM_CONTENT_H_
#define DELTAMIRROR_TESTS_DAYSTREAM_CONTENT_H_

#include <cstdint>
#include <string>
#include <vector>

namespace deltamirror {

// Whole transactions only.
struct Content {
  std::vector<std::string> committed;  // "insert a=1": changes of committed transactions, in order
  int64_t commits = 0;
  int64_t rollbacks = 0;
  uint64_t last_commit = 0;  // LSN
};

// From the beginning to the end that there is now; an empty one if there is no daystream. A line that cannot be read,
// and a transaction that comes twice or out of order, are failures of the test.
Content ReadContent(const std::string& path);

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_DAYSTREAM_CONTENT_H_
