#include "daystream/turn_back.h"

#include <memory>
#include <optional>

#include "absl/strings/string_view.h"
#include "daystream/backward_reader.h"
#include "daystream/line.h"
#include "status/status_macros.h"

namespace deltamirror::daystream {

absl::StatusOr<Place> TurnBack(const std::vector<std::string>& paths, Place place, uint64_t limit) {
  std::optional<uint64_t> end = place.offset;
  uint64_t looked_at = 0;
  for (size_t file = place.file;; --file, end.reset()) {
    absl::StatusOr<std::unique_ptr<BackwardReader>> reader = BackwardReader::Open(paths[file], end);
    // An old file may go at any moment.
    if (absl::IsNotFound(reader.status())) return place;
    RETURN_IF_ERROR(reader.status());
    absl::string_view text;
    while (looked_at < limit) {
      uint64_t offset = 0;
      ASSIGN_OR_RETURN(const bool got, (*reader)->Previous(&text, &offset));
      if (!got) break;
      place = {file, offset};
      looked_at += text.size() + 1;
      Line line;
      if (SplitLine(text, &line) && !line.check.empty()) return place;
    }
    if (looked_at >= limit || file == 0) return place;
  }
}

}  // namespace deltamirror::daystream
