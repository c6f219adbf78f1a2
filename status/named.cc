#include "status/named.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace deltamirror {
namespace {

absl::Status WithMessage(const absl::Status& status, const std::string& message) {
  absl::Status result(status.code(), message);
  status.ForEachPayload(
      [&result](absl::string_view url, const absl::Cord& payload) { result.SetPayload(url, payload); });
  return result;
}

}  // namespace

absl::Status Named(absl::string_view name, const absl::Status& status) {
  const bool named = absl::StartsWith(status.message(), absl::StrCat(name, ":")) ||
                     absl::StartsWith(status.message(), absl::StrCat(name, " "));
  if (status.ok() || named) return status;
  return WithMessage(status, absl::StrCat(name, ": ", status.message()));
}

absl::Status Extended(const absl::Status& status, absl::string_view text) {
  if (status.ok()) return status;
  return WithMessage(status, absl::StrCat(status.message(), text));
}

}  // namespace deltamirror
