#include "mirror/lock.h"

#include <sys/stat.h>

#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "daystream/crc32c.h"
#include "daystream/lock.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

// The one before us may be about to end, or someone only looks whether the mirror is followed.
constexpr absl::Duration kPatience = absl::Seconds(1);
constexpr absl::Duration kPause = absl::Milliseconds(10);
// Of a file's name, most file systems take 255 bytes. A longer name is cut here, and a checksum of all of it keeps
// those that begin alike apart.
constexpr size_t kLongestName = 100;

// SQLite's names differ in more than the case of ASCII letters.
std::string FileNameOf(const std::string& mirror) {
  std::string name;
  for (const char c : mirror) {
    if (absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.') {
      name.push_back(absl::ascii_tolower(c));
    } else {
      absl::StrAppend(&name, "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
  }
  if (name.size() <= kLongestName) return name;
  const uint32_t checksum = daystream::ExtendCrc32c(0, name);
  return absl::StrCat(name.substr(0, kLongestName), "-", absl::Hex(checksum, absl::kZeroPad8));
}

absl::Status IsFollowed(const MirrorName& name, const std::string& owner) {
  return absl::UnavailableError(absl::StrCat("could not apply mirror \"", name.Text(), "\": ", owner,
                                             " is applying it. Only one deltamirror can follow a mirror at a time"));
}

}  // namespace

std::string LockPath(sqlite3* db, const MirrorName& name) {
  const char* file = sqlite3_db_filename(db, name.schema.c_str());
  struct stat status;
  if (file == nullptr || *file == '\0') return "";
  // To a VFS of its own, the name may mean something else.
  if (stat(file, &status) != 0 || !S_ISREG(status.st_mode)) return "";
  return absl::StrCat(file, "-", FileNameOf(name.name), ".lock");
}

absl::StatusOr<daystream::FileDescriptor> LockMirror(sqlite3* db, const MirrorName& name,
                                                     const std::function<absl::Status()>& interrupt) {
  const std::string path = LockPath(db, name);
  if (path.empty()) return daystream::FileDescriptor();
  for (const absl::Time end = absl::Now() + kPatience;; absl::SleepFor(kPause)) {
    std::string owner;
    ASSIGN_OR_RETURN(daystream::FileDescriptor lock, daystream::TakeLock(path, &owner));
    if (lock.is_open()) return lock;
    if (absl::Now() >= end) return IsFollowed(name, owner);
    if (interrupt) RETURN_IF_ERROR(interrupt());
  }
}

absl::Status CheckNotFollowed(sqlite3* db, const MirrorName& name) {
  const std::string path = LockPath(db, name);
  if (path.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string owner, daystream::LockOwner(path));
  return owner.empty() ? absl::OkStatus() : IsFollowed(name, owner);
}

}  // namespace deltamirror::mirror
