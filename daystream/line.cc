#include "daystream/line.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "daystream/check.h"

namespace deltamirror::daystream {

std::string PlaceText(uint64_t offset, absl::string_view file) {
  return absl::StrCat("at offset ", offset, " of file \"", file, "\"");
}

bool SplitLine(absl::string_view text, Line* line) {
  line->text = text;
  line->record_text = text;
  line->check = absl::string_view();
  if (!ConsumePrefix(&line->record_text, &line->position)) return false;
  if (!absl::StartsWith(line->record_text, kCheckKey)) return true;
  const size_t end = line->record_text.find('\t', kCheckKey.size());
  if (end == absl::string_view::npos) return true;
  line->check = line->record_text.substr(kCheckKey.size(), end - kCheckKey.size());
  line->record_text.remove_prefix(end + 1);
  return true;
}

}  // namespace deltamirror::daystream
