#include "mirror/source_identity.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "daystream/source.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

using daystream::SourceInfo;

absl::StatusOr<SourceInfo> InfoOf(const std::string& source) {
  if (source.empty()) return absl::NotFoundError("no source");
  ASSIGN_OR_RETURN(const daystream::Location location, daystream::ResolveSource(source));
  if (!location.is_directory) return absl::NotFoundError("a single file says nothing of itself");
  return daystream::LoadSourceInfo(location.path);
}

std::string Describe(const SourceInfo& info) {
  return absl::StrCat("slot \"", info.slot, "\" of database \"", info.database, "\" on system ",
                      info.system_identifier.empty() ? "unknown" : info.system_identifier);
}

std::string TimeText(int64_t seconds) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S+00:00", absl::FromUnixSeconds(seconds), absl::UTCTimeZone());
}

}  // namespace

bool SourceHasCommits(const std::string& source) {
  const absl::StatusOr<SourceInfo> info = InfoOf(source);
  return info.ok() && !info->slot.empty();
}

absl::Status CheckSameStream(const std::string& source, const SourceInfo& kept, const SourceInfo& found) {
  constexpr char kHint[] = "Name the right daystream, or make a new mirror and bootstrap it";
  if (kept.system_identifier != found.system_identifier || kept.database != found.database || kept.slot != found.slot) {
    return absl::FailedPreconditionError(absl::StrCat("the daystream \"", source,
                                                      "\" is of another source: it comes from ", Describe(found),
                                                      ", but the mirror follows ", Describe(kept), ". ", kHint));
  }
  if (kept.began == found.began) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the daystream \"", source, "\" is another one, though of the same slot: it was begun at ",
                   TimeText(found.began), ", but the mirror follows one that was begun at ", TimeText(kept.began),
                   ", and changes between the two are missing. ", kHint));
}

absl::Status CheckIdentity(State* state, bool* changed) {
  const absl::StatusOr<SourceInfo> info = InfoOf(state->settings().source);
  if (absl::IsNotFound(info.status())) return absl::OkStatus();
  RETURN_IF_ERROR(info.status());
  if (!info->slot.empty() && !state->progress().has_commits) {
    state->mutable_progress().has_commits = true;
    *changed = true;
  }
  if (state->identity().has_value()) return CheckSameStream(state->settings().source, *state->identity(), *info);
  state->set_identity(*info);
  *changed = true;
  return absl::OkStatus();
}

}  // namespace deltamirror::mirror
