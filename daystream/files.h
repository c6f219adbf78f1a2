// The day files of a daystream directory: YYYYMMDD.daystream, one a UTC day of
// _c.

#ifndef DELTAMIRROR_DAYSTREAM_FILES_H_
#define DELTAMIRROR_DAYSTREAM_FILES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace deltamirror::daystream {

inline constexpr int64_t kSecondsPerDay = 86400;

// "20171009.daystream" for 1507507200.
std::string DayFileName(int64_t clock);

// The first second of the file's day; nothing if the name is not a day file's.
std::optional<int64_t> DayFileStart(absl::string_view name);

// The names of the day files, oldest first. Other entries of the folder are
// passed over.
absl::StatusOr<std::vector<std::string>> ListDayFiles(const std::string& directory);

// Whether a day file holds anything. A writer makes its first file before
// daystream.json: without the latter, empty files only tell of a writer that was
// stopped there.
absl::StatusOr<bool> HoldsLines(const std::string& directory);

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_FILES_H_
