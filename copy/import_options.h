// The options of pg_import.

#ifndef DELTAMIRROR_COPY_IMPORT_OPTIONS_H_
#define DELTAMIRROR_COPY_IMPORT_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "types/mapping.h"

namespace deltamirror::copy {

// docs/sql.md says what each of them does.
struct ImportOptions {
  // kAuto: append to the table, or create it when it is missing.
  enum class Mode { kAuto, kCreate, kAppend, kReplace, kRefresh };

  Mode mode = Mode::kAuto;
  std::vector<std::pair<std::string, std::string>> columns;  // name and declared type, in the target's order
  std::vector<std::string> primary_key;
  std::optional<std::string> null;
  int64_t commit_every = 0;  // 0: all or nothing
  bool check = false;
  std::string since;
  types::Overrides types;
  bool without_rowid = false;
  bool strict = false;
  std::optional<bool> progress;  // nothing: if stderr is a terminal
};

// `function`: the SQL name that messages begin with. Also refuses combinations that contradict each other.
absl::StatusOr<ImportOptions> ParseImportOptions(absl::string_view function, absl::string_view json);

}  // namespace deltamirror::copy

#endif  // DELTAMIRROR_COPY_IMPORT_OPTIONS_H_
