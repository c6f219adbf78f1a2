#include "daystream/last_position.h"

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "daystream/backward_reader.h"
#include "daystream/files.h"
#include "daystream/seek.h"
#include "daystream/source.h"
#include "status/status_macros.h"

namespace deltamirror::daystream {
namespace {

absl::StatusOr<Position> LastOfFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<BackwardReader> reader, BackwardReader::Open(path));
  absl::string_view text;
  uint64_t offset = 0;
  ASSIGN_OR_RETURN(const bool got, reader->Previous(&text, &offset));
  Position position = kBeforeAll;
  if (got && !ConsumePrefix(&text, &position)) return NoPrefixError(path, offset, text);
  return position;
}

}  // namespace

absl::StatusOr<Position> LastPosition(const std::string& source) {
  ASSIGN_OR_RETURN(const Location location, ResolveSource(source));
  if (!location.is_directory) return LastOfFile(location.path);
  ASSIGN_OR_RETURN(const std::vector<std::string> files, ListDayFiles(location.path));
  // The newest may be empty yet.
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    ASSIGN_OR_RETURN(const Position position, LastOfFile(absl::StrCat(location.path, "/", *file)));
    if (position != kBeforeAll) return position;
  }
  return kBeforeAll;
}

}  // namespace deltamirror::daystream
