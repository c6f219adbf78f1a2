// Tests that bound memory, or look at what a process has loaded, say nothing of a build with a sanitizer.

#ifndef DELTAMIRROR_TESTS_LAB_SANITIZED_H_
#define DELTAMIRROR_TESTS_LAB_SANITIZED_H_

#include <cstdlib>

namespace deltamirror::lab {

// Whether everything was built with a sanitizer, which needs memory of its own, and its library before any other
// (DELTAMIRROR_PRELOAD, see .bazelrc).
inline bool IsSanitized() {
  return std::getenv("DELTAMIRROR_PRELOAD") != nullptr;
}

}  // namespace deltamirror::lab

#endif  // DELTAMIRROR_TESTS_LAB_SANITIZED_H_
