#include "postgres/timeline.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "status/status_macros.h"
#include "types/lsn.h"

namespace deltamirror::postgres {

absl::StatusOr<std::optional<uint64_t>> FindTimelineEnd(Connection& connection, int64_t current, int64_t old) {
  // The first timeline has no history file.
  if (current <= 1) return std::optional<uint64_t>();
  ASSIGN_OR_RETURN(const Result result, connection.Execute(absl::StrCat("TIMELINE_HISTORY ", current)));
  if (result.rows() != 1 || result.columns() < 2) {
    return absl::InternalError(absl::StrCat("could not read the history of timeline ", current, ": got ", result.rows(),
                                            " rows and ", result.columns(), " columns, expected 1 row and 2 columns"));
  }
  return FindTimelineEnd(result.text(0, 1), old);
}

std::optional<uint64_t> FindTimelineEnd(absl::string_view history, int64_t old) {
  for (const absl::string_view line : absl::StrSplit(history, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(absl::StripAsciiWhitespace(line), '\t');
    int64_t timeline = 0;
    if (fields.size() < 2 || !absl::SimpleAtoi(fields[0], &timeline) || timeline != old) continue;
    const absl::StatusOr<uint64_t> lsn = types::ParseLsn(fields[1]);
    if (lsn.ok()) return *lsn;
  }
  return std::nullopt;
}

}  // namespace deltamirror::postgres
