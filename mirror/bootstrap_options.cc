#include "mirror/bootstrap_options.h"

#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "sqlite/options.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

constexpr int64_t kDaySeconds = 86400;

absl::Status NotTogether(absl::string_view option, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("option \"", option, "\" ", why));
}

// A saved schema has no rows and no indexes, and only what it is for has to do with the archive.
absl::Status ReadSaved(sqlite::OptionReader& reader, BootstrapOptions* options) {
  std::string schema = "current";
  RETURN_IF_ERROR(reader.GetChoice("schema", {"current", "saved"}, &schema));
  options->saved = schema == "saved";
  RETURN_IF_ERROR(reader.Get("saved_before", &options->saved_before));
  int64_t clock = 0;
  const bool clock_given = reader.Has("clock");
  RETURN_IF_ERROR(reader.GetInteger("clock", 0, std::numeric_limits<int64_t>::max(), &clock));
  if (clock_given) options->clock = clock;
  for (const absl::string_view option : {"saved_before", "clock"}) {
    if (reader.Has(option) && !options->saved) return NotTogether(option, "needs \"schema\":\"saved\"");
  }
  for (const absl::string_view option : {"indexes", "matviews", "sequences", "margin"}) {
    if (reader.Has(option) && options->saved) {
      return NotTogether(option, "does not go with \"schema\":\"saved\", which copies nothing");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<BootstrapOptions> ParseBootstrapOptions(absl::string_view function, absl::string_view json) {
  BootstrapOptions options;
  ASSIGN_OR_RETURN(sqlite::OptionReader reader, sqlite::OptionReader::Parse(function, json));
  RETURN_IF_ERROR(reader.Get("indexes", &options.indexes));
  RETURN_IF_ERROR(reader.Get("again", &options.again));
  RETURN_IF_ERROR(reader.GetInteger("margin", 0, kDaySeconds, &options.margin));
  RETURN_IF_ERROR(reader.Get("types", &options.types));
  RETURN_IF_ERROR(reader.Get("matviews", &options.matviews));
  RETURN_IF_ERROR(reader.Get("sequences", &options.sequences));
  RETURN_IF_ERROR(ReadSaved(reader, &options));
  bool progress = false;
  const bool progress_given = reader.Has("progress");
  RETURN_IF_ERROR(reader.Get("progress", &progress));
  if (progress_given) options.progress = progress;
  RETURN_IF_ERROR(reader.Finish());
  ASSIGN_OR_RETURN(options.overrides, types::Overrides::Parse(options.types));
  return options;
}

}  // namespace deltamirror::mirror
