// The options of deltamirror_bootstrap.

#ifndef DELTAMIRROR_MIRROR_BOOTSTRAP_OPTIONS_H_
#define DELTAMIRROR_MIRROR_BOOTSTRAP_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "types/mapping.h"

namespace deltamirror::mirror {

// docs/sql.md says what each of them does.
struct BootstrapOptions {
  bool indexes = false;
  bool again = false;
  int64_t margin = 60;  // seconds by which the clocks of the server and of deltastream's host may differ
  std::vector<std::pair<std::string, std::string>> types;  // as the user gave them
  types::Overrides overrides;                              // the same, read
  std::optional<bool> progress;                            // nothing: if stderr is a terminal
  std::string matviews;                                    // for TableList::Parse; empty: none
  std::string sequences;                                   // likewise
  bool saved = false;                                      // "schema" is "saved"
  std::string saved_before;                                // with it: a time as PostgreSQL reads it; empty: now
  std::optional<int64_t> clock;                            // with it: where reading begins
};

// `function`: the SQL name that messages begin with.
absl::StatusOr<BootstrapOptions> ParseBootstrapOptions(absl::string_view function, absl::string_view json);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_BOOTSTRAP_OPTIONS_H_
