// What cannot be followed here, with the statements that a user can run.

#ifndef DELTAMIRROR_MIRROR_MUST_BE_RUN_H_
#define DELTAMIRROR_MIRROR_MUST_BE_RUN_H_

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace deltamirror::mirror {

// Why, under that policy.
inline constexpr char kOnDdlIsStop[] = "on_ddl is \"stop\"";

// "<what> in PostgreSQL, and <why>. Run: <sql>"
inline absl::Status MustBeRun(absl::string_view what, absl::string_view why, absl::string_view sql) {
  return absl::FailedPreconditionError(absl::StrCat(what, " in PostgreSQL, and ", why, ". Run: ", sql));
}

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_MUST_BE_RUN_H_
