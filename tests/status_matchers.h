// GoogleMock matchers for absl::Status and absl::StatusOr; Abseil has such ones from LTS 20240722 on.
//
//   EXPECT_THAT(writer->Sync(), IsOk());
//   EXPECT_THAT(Parse("a"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("got 1 field")));

#ifndef DELTAMIRROR_TESTS_STATUS_MATCHERS_H_
#define DELTAMIRROR_TESTS_STATUS_MATCHERS_H_

#include <gmock/gmock.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace deltamirror::testing {

inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}

template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, "is OK") {
  *result_listener << StatusOf(arg);
  return StatusOf(arg).ok();
}

MATCHER_P2(StatusIs, code, message, "has the code and the message") {
  *result_listener << StatusOf(arg);
  return StatusOf(arg).code() == code &&
         ::testing::ExplainMatchResult(message, std::string(StatusOf(arg).message()), result_listener);
}

}  // namespace deltamirror::testing

#endif  // DELTAMIRROR_TESTS_STATUS_MATCHERS_H_
