#include "mirror/source_identity.h"

#include "absl/strings/str_cat.h"
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

}  // namespace

bool SourceHasCommits(const std::string& source) {
  const absl::StatusOr<SourceInfo> info = InfoOf(source);
  return info.ok() && !info->slot.empty();
}

absl::Status CheckIdentity(State* state, bool* changed) {
  const absl::StatusOr<SourceInfo> info = InfoOf(state->settings().source);
  if (absl::IsNotFound(info.status())) return absl::OkStatus();
  RETURN_IF_ERROR(info.status());
  if (!info->slot.empty() && !state->progress().has_commits) {
    state->mutable_progress().has_commits = true;
    *changed = true;
  }
  const std::optional<SourceInfo>& kept = state->identity();
  if (!kept) {
    state->set_identity(*info);
    *changed = true;
    return absl::OkStatus();
  }
  if (kept->system_identifier == info->system_identifier && kept->database == info->database &&
      kept->slot == info->slot) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the daystream \"", state->settings().source, "\" is of another source: it comes from ",
                   Describe(*info), ", but the mirror follows ", Describe(*kept),
                   ". Name the right daystream, or make a new mirror and bootstrap it"));
}

}  // namespace deltamirror::mirror
