#include "daystream/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "status/status_macros.h"

namespace deltamirror::daystream {
namespace {

constexpr mode_t kFileMode = 0666;

std::string HostName() {
  char name[256];
  if (gethostname(name, sizeof(name)) != 0) return "unknown";
  name[sizeof(name) - 1] = '\0';
  return name;
}

// "process 4711 on host \"db1\"", from what the owner wrote.
std::string DescribeOwner(const std::string& path) {
  const absl::StatusOr<std::string> content = ReadSmallFile(path);
  if (!content.ok()) return "another process";
  const std::vector<absl::string_view> lines = absl::StrSplit(*content, '\n');
  if (lines.size() < 2) return "another process";
  return absl::StrCat("process ", lines[0], " on host \"", lines[1], "\"");
}

}  // namespace

absl::StatusOr<FileDescriptor> TakeLock(const std::string& path, std::string* owner, FileSystem* files) {
  FileDescriptor file(files->Open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode));
  if (!file.is_open()) return FileError(errno, "open file", path);
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FileError(errno, "lock file", path);
    *owner = DescribeOwner(path);
    return FileDescriptor();
  }
  // Who holds the lock is for people to read: that it cannot be written, on a full disk, is no reason to stop here.
  const std::string text = absl::StrCat(getpid(), "\n", HostName(), "\n");
  [[maybe_unused]] const bool written =
      ftruncate(file.get(), 0) == 0 && write(file.get(), text.data(), text.size()) >= 0;
  return file;
}

absl::StatusOr<std::string> LockOwner(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open() && errno == ENOENT) return std::string();
  if (!file.is_open()) return FileError(errno, "open file", path);
  if (flock(file.get(), LOCK_SH | LOCK_NB) == 0) return std::string();
  if (errno != EWOULDBLOCK) return FileError(errno, "lock file", path);
  return DescribeOwner(path);
}

absl::StatusOr<FileDescriptor> LockDirectory(const std::string& directory, FileSystem* files) {
  std::string owner;
  ASSIGN_OR_RETURN(FileDescriptor lock, TakeLock(directory + "/deltastream.lock", &owner, files));
  if (lock.is_open()) return lock;
  return absl::UnavailableError(
      absl::StrCat("could not write to daystream \"", directory, "\": ", owner, " is writing to it"));
}

}  // namespace deltamirror::daystream
