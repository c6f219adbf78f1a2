#include "daystream/files.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "daystream/file.h"
#include "status/status_macros.h"

namespace deltamirror::daystream {
namespace {

constexpr absl::string_view kSuffix = ".daystream";
constexpr size_t kDigits = 8;

}  // namespace

std::string DayFileName(int64_t clock) {
  const absl::CivilDay day = absl::ToCivilDay(absl::FromUnixSeconds(clock), absl::UTCTimeZone());
  return absl::StrFormat("%04d%02d%02d%s", day.year(), day.month(), day.day(), kSuffix);
}

std::optional<int64_t> DayFileStart(absl::string_view name) {
  int32_t number = 0;
  if (name.size() != kDigits + kSuffix.size() || !absl::ConsumeSuffix(&name, kSuffix) ||
      !std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; }) ||
      !absl::SimpleAtoi(name, &number)) {
    return std::nullopt;
  }
  const int year = number / 10000;
  const int month = number / 100 % 100;
  const absl::CivilDay day(year, month, number % 100);
  // 20260231 would be taken for March.
  if (day.month() != month || day.day() != number % 100) return std::nullopt;
  return absl::ToUnixSeconds(absl::FromCivil(day, absl::UTCTimeZone()));
}

absl::StatusOr<std::vector<std::string>> ListDayFiles(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(directory.c_str()), &closedir);
  if (entries == nullptr) return FileError(errno, "open directory", directory);
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* const entry = readdir(entries.get());
    if (entry == nullptr) break;
    if (DayFileStart(entry->d_name).has_value()) names.emplace_back(entry->d_name);
  }
  if (errno != 0) return FileError(errno, "read directory", directory);
  // Eight digits in front: by name is by day.
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<bool> HoldsLines(const std::string& directory) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDayFiles(directory));
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(directory, "/", name);
    struct stat status;
    if (stat(path.c_str(), &status) != 0) return FileError(errno, "open file", path);
    if (status.st_size > 0) return true;
  }
  return false;
}

}  // namespace deltamirror::daystream
