#include "mirror/bootstrap_options.h"

#include "sqlite/options.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

constexpr int64_t kDaySeconds = 86400;

}  // namespace

absl::StatusOr<BootstrapOptions> ParseBootstrapOptions(absl::string_view function, absl::string_view json) {
  BootstrapOptions options;
  ASSIGN_OR_RETURN(sqlite::OptionReader reader, sqlite::OptionReader::Parse(function, json));
  RETURN_IF_ERROR(reader.Get("indexes", &options.indexes));
  RETURN_IF_ERROR(reader.Get("again", &options.again));
  RETURN_IF_ERROR(reader.GetInteger("margin", 0, kDaySeconds, &options.margin));
  RETURN_IF_ERROR(reader.Get("types", &options.types));
  bool progress = false;
  const bool progress_given = reader.Has("progress");
  RETURN_IF_ERROR(reader.Get("progress", &progress));
  if (progress_given) options.progress = progress;
  RETURN_IF_ERROR(reader.Finish());
  ASSIGN_OR_RETURN(options.overrides, types::Overrides::Parse(options.types));
  return options;
}

}  // namespace deltamirror::mirror
