// Waiting by polling, never by a fixed sleep.

#ifndef DELTAMIRROR_TESTS_LAB_WAIT_H_
#define DELTAMIRROR_TESTS_LAB_WAIT_H_

#include <functional>

#include "absl/time/time.h"

namespace deltamirror::lab {

// Asks every 20 ms until `condition` holds; false if it does not within `timeout`.
//
//   ASSERT_TRUE(WaitUntil([&] { return host.Value("SELECT count(*) FROM t") == "3"; }));
bool WaitUntil(const std::function<bool()>& condition, absl::Duration timeout = absl::Seconds(30));

}  // namespace deltamirror::lab

#endif  // DELTAMIRROR_TESTS_LAB_WAIT_H_
