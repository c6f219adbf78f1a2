#include "daystream/position.h"

#include <charconv>
#include <cstring>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace deltamirror::daystream {
namespace {

constexpr absl::string_view kClockKey = "_c\t";
constexpr absl::string_view kSeqKey = "_s\t";

bool StartsWith(const char* at, const char* end, absl::string_view key) {
  return end - at >= static_cast<ptrdiff_t>(key.size()) && memcmp(at, key.data(), key.size()) == 0;
}

// Reads key, number and TAB at `at`. Returns what follows, or null if they are not there.
const char* ReadPair(const char* at, const char* end, absl::string_view key, int64_t* value) {
  if (!StartsWith(at, end, key)) return nullptr;
  const auto [rest, error] = std::from_chars(at + key.size(), end, *value);
  if (error != std::errc() || *value < 0 || rest == end || *rest != '\t') return nullptr;
  return rest + 1;
}

void AppendPair(absl::string_view key, int64_t value, std::string* out) {
  char text[32];
  memcpy(text, key.data(), key.size());
  const auto [end, error] = std::to_chars(text + key.size(), text + sizeof(text), value);
  *end = '\t';
  out->append(text, end + 1 - text);
}

}  // namespace

bool ConsumePrefix(absl::string_view* line, Position* position) {
  const char* const end = line->data() + line->size();
  Position read;
  const char* at = ReadPair(line->data(), end, kClockKey, &read.clock);
  if (at != nullptr) at = ReadPair(at, end, kSeqKey, &read.seq);
  if (at == nullptr) return false;
  line->remove_prefix(at - line->data());
  *position = read;
  return true;
}

void AppendPrefix(Position position, std::string* out) {
  AppendPair(kClockKey, position.clock, out);
  AppendPair(kSeqKey, position.seq, out);
}

std::string ToString(Position position) {
  return absl::StrCat("(", position.clock, ", ", position.seq, ")");
}

}  // namespace deltamirror::daystream
