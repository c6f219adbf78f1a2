#include "verify/options.h"

#include "sqlite/options.h"
#include "status/status_macros.h"

namespace deltamirror::verify {
namespace {

constexpr int64_t kDaySeconds = 86400;
constexpr int64_t kMostDifferences = 10000;

}  // namespace

absl::StatusOr<Options> ParseOptions(absl::string_view function, absl::string_view json) {
  Options options;
  ASSIGN_OR_RETURN(sqlite::OptionReader reader, sqlite::OptionReader::Parse(function, json));
  RETURN_IF_ERROR(reader.Get("tables", &options.tables));
  int64_t timeout = absl::ToInt64Seconds(options.timeout);
  RETURN_IF_ERROR(reader.GetInteger("timeout", 0, kDaySeconds, &timeout));
  options.timeout = absl::Seconds(timeout);
  RETURN_IF_ERROR(reader.Get("apply", &options.apply));
  RETURN_IF_ERROR(reader.GetInteger("max_differences", 0, kMostDifferences, &options.max_differences));
  RETURN_IF_ERROR(reader.GetInteger("margin", 0, kDaySeconds, &options.margin));
  bool progress = false;
  const bool progress_given = reader.Has("progress");
  RETURN_IF_ERROR(reader.Get("progress", &progress));
  if (progress_given) options.progress = progress;
  RETURN_IF_ERROR(reader.Finish());
  return options;
}

}  // namespace deltamirror::verify
