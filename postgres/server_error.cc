#include "postgres/server_error.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace deltamirror::postgres {
namespace {

constexpr char kSqlStateUrl[] = "deltamirror/sqlstate";
constexpr size_t kStateSize = 5;

absl::StatusCode CodeFor(absl::string_view state) {
  if (state == "57014") return absl::StatusCode::kCancelled;
  if (state == "42501" || absl::StartsWith(state, "28")) return absl::StatusCode::kPermissionDenied;
  if (state == "42P01" || state == "42704" || state == "3D000") return absl::StatusCode::kNotFound;
  if (state == "42710" || state == "42P07") return absl::StatusCode::kAlreadyExists;
  if (absl::StartsWith(state, "08") || absl::StartsWith(state, "57P")) return absl::StatusCode::kUnavailable;
  if (absl::StartsWith(state, "53")) return absl::StatusCode::kResourceExhausted;
  if (absl::StartsWith(state, "55")) return absl::StatusCode::kFailedPrecondition;
  if (absl::StartsWith(state, "22") || absl::StartsWith(state, "42")) return absl::StatusCode::kInvalidArgument;
  return absl::StatusCode::kInternal;
}

bool IsState(absl::string_view text) {
  return text.size() == kStateSize &&
         std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c) || absl::ascii_isupper(c); });
}

// Takes "28P01: " out of "FATAL:  28P01: password authentication failed"; the word in front is in the server's
// language.
std::optional<std::string> TakeState(std::string* line) {
  for (size_t at = line->find(":  "); at != std::string::npos; at = line->find(":  ", at + 1)) {
    const size_t begin = at + 3;
    if (!IsState(absl::string_view(*line).substr(std::min(begin, line->size()), kStateSize))) continue;
    if (line->compare(begin + kStateSize, 2, ": ") != 0) continue;
    std::string state = line->substr(begin, kStateSize);
    line->erase(begin, kStateSize + 2);
    return state;
  }
  return std::nullopt;
}

// "LOCATION:  auth_failed, auth.c:334", whatever the first word's language.
bool IsSourceLocation(absl::string_view line) {
  while (!line.empty() && absl::ascii_isdigit(line.back())) line.remove_suffix(1);
  return absl::EndsWith(line, ".c:") && absl::StrContains(line, ":  ");
}

// A line that begins with a small letter goes on with the sentence of the one before.
std::string Joined(const std::vector<std::string>& lines) {
  std::string joined;
  for (const std::string& line : lines) {
    if (!joined.empty()) joined += absl::EndsWith(joined, ".") || absl::ascii_islower(line[0]) ? " " : ". ";
    joined += line;
  }
  return joined;
}

}  // namespace

std::string OneLine(const char* message) {
  if (message == nullptr) return "";
  return Joined(absl::StrSplit(message, absl::ByAnyChar("\n\t"), absl::SkipWhitespace()));
}

absl::Status ServerError(absl::string_view state, absl::string_view message) {
  absl::Status status(CodeFor(state), message);
  status.SetPayload(kSqlStateUrl, absl::Cord(state));
  return status;
}

std::string SqlState(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kSqlStateUrl);
  return payload ? std::string(*payload) : std::string();
}

absl::Status ConnectError(absl::string_view message) {
  std::vector<std::string> lines;
  std::string state;
  for (const absl::string_view part : absl::StrSplit(message, absl::ByAnyChar("\n\t"), absl::SkipWhitespace())) {
    if (IsSourceLocation(part)) continue;
    lines.emplace_back(part);
    // With several hosts libpq tries one after the other; what the last one said has ended it.
    if (std::optional<std::string> found = TakeState(&lines.back())) state = *std::move(found);
  }
  const std::string text = absl::StrCat("could not connect to the server: ", Joined(lines));
  return state.empty() ? absl::UnavailableError(text) : ServerError(state, text);
}

bool MayPass(const absl::Status& status) {
  const std::string state = SqlState(status);
  if (state.empty()) return absl::IsUnavailable(status);
  // A violation of the protocol, and a database that was dropped, stay what they are.
  if (state == "08P01" || state == "57P04") return false;
  return absl::StartsWith(state, "08") || absl::StartsWith(state, "53") || absl::StartsWith(state, "57") ||
         state == "55006";
}

}  // namespace deltamirror::postgres
