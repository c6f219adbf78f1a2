// The options of deltamirror_verify.

#ifndef DELTAMIRROR_VERIFY_OPTIONS_H_
#define DELTAMIRROR_VERIFY_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace deltamirror::verify {

// docs/sql.md says what each of them does.
struct Options {
  std::string tables;  // empty: all of the mirror's
  absl::Duration timeout = absl::Seconds(60);
  bool apply = false;
  int64_t max_differences = 20;
  int64_t margin = 60;           // seconds
  std::optional<bool> progress;  // nothing: if stderr is a terminal
};

// `function`: the SQL name that messages begin with.
absl::StatusOr<Options> ParseOptions(absl::string_view function, absl::string_view json);

}  // namespace deltamirror::verify

#endif  // DELTAMIRROR_VERIFY_OPTIONS_H_
