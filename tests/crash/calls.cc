// Stands in front of the system calls that change files, tell the server, and read the clock. A program's own functions
// come before those of its libraries, for whatever it loads, too; each does its work by calling the one behind it.

#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/crash/points.h"

namespace deltamirror::crash {
namespace {

constexpr int kCreate = 0100;  // O_CREAT
constexpr int64_t kMilliseconds = 1000;

template <typename Function>
Function Behind(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

std::atomic<bool> committing{false};

std::string& Database() {
  static auto* const path = new std::string;
  return *path;
}

std::string PathOf(int fd) {
  char path[4096];
  const ssize_t size = readlink(absl::StrCat("/proc/self/fd/", fd).c_str(), path, sizeof(path));
  return size < 0 ? "" : std::string(path, size);
}

bool IsDayFile(absl::string_view path) {
  return absl::EndsWith(path, ".daystream");
}

// The database, its journal or its WAL.
bool IsDatabase(absl::string_view path) {
  return !Database().empty() && absl::StartsWith(path, Database());
}

bool HasDayFile(const std::string& path) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(path).parent_path(), ignored)) {
    if (IsDayFile(entry.path().string())) return true;
  }
  return false;
}

int64_t SizeOf(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 ? status.st_size : 0;
}

// What is on the disk, should the machine lose its power now.
void NoteSynced(int fd) {
  const char* file = std::getenv("CRASH_SYNCED");
  if (file == nullptr) return;
  const std::string path = PathOf(fd);
  if (!IsDayFile(path)) return;
  constexpr int kAppend = 02101;  // O_WRONLY | O_CREAT | O_APPEND
  const std::string line = absl::StrCat(path, " ", SizeOf(fd), "\n");
  const long log = syscall(SYS_open, file, kAppend, 0600);
  syscall(SYS_write, log, line.data(), line.size());
  syscall(SYS_close, log);
}

// `forward(data, size)` does it.
template <typename Forward>
ssize_t WriteInHalves(const char* point, const char* data, size_t size, Forward forward) {
  const ssize_t first = forward(data, size / 2);
  Hold(point);
  if (first < 0 || static_cast<size_t>(first) < size / 2) return first;
  const ssize_t second = forward(data + first, size - first);
  return second < 0 ? first : first + second;
}

// Of lines that lie within a transaction, so that its end is still to come.
bool IsAPart(absl::string_view lines) {
  constexpr size_t kEnough = 2048;
  return lines.size() >= kEnough && !absl::StrContains(lines, "\t_action\tcommit\n");
}

template <typename Forward>
ssize_t WriteDayFile(int fd, const char* data, size_t size, Forward forward) {
  const bool rollback = size < 256 && absl::StrContains(absl::string_view(data, size), "\t_action\trollback\n");
  const std::string kind = rollback ? "rollback" : "stream";
  const bool part = IsAPart(absl::string_view(data, size));
  if (SizeOf(fd) == 0) Reached("rotate-write");
  Reached(absl::StrCat(kind, "-write").c_str());
  if (part) Reached("large-write");
  if (part && IsNow("large-torn")) return WriteInHalves("large-torn", data, size, forward);
  const std::string torn = absl::StrCat(kind, "-torn");
  if (IsNow(torn.c_str())) return WriteInHalves(torn.c_str(), data, size, forward);
  const ssize_t written = forward(data, size);
  Reached(absl::StrCat(kind, "-written").c_str());
  if (part) Reached("large-written");
  return written;
}

template <typename Forward>
ssize_t WriteDatabase(const char* data, size_t size, Forward forward) {
  Reached(committing ? "commit-io" : kSpillPoint);
  if (committing && IsNow("commit-torn")) return WriteInHalves("commit-torn", data, size, forward);
  return forward(data, size);
}

// `appends`: a day file is written to at its end alone. Elsewhere bytes are put where the same ones were, after a start
// (daystream/unconfirmed.h): no moment of a transaction.
template <typename Forward>
ssize_t Write(int fd, const void* bytes, size_t size, bool appends, Forward forward) {
  const auto* data = static_cast<const char*>(bytes);
  if (!IsAwaited()) return forward(data, size);
  const std::string path = PathOf(fd);
  if (appends && IsDayFile(path)) return WriteDayFile(fd, data, size, forward);
  return IsDatabase(path) ? WriteDatabase(data, size, forward) : forward(data, size);
}

void BeforeChange(const std::string& path) {
  if (committing && IsDatabase(path)) Reached("commit-io");
}

int SyncFile(int fd, const char* name) {
  if (IsAwaited()) BeforeChange(PathOf(fd));
  const int result = Behind<int (*)(int)>(name)(fd);
  if (result != 0) return result;
  NoteSynced(fd);
  if (IsAwaited() && IsDayFile(PathOf(fd))) Reached("stream-synced");
  return result;
}

int OpenFile(const char* path, int flags, mode_t mode, const char* name) {
  const auto forward = Behind<int (*)(const char*, int, ...)>(name);
  if (!IsAwaited() || (flags & kCreate) == 0 || !IsDayFile(path) || access(path, F_OK) == 0) {
    return forward(path, flags, mode);
  }
  const bool first = !HasDayFile(path);
  Reached(first ? "begin-file" : "rotate-open");
  const int file = forward(path, flags, mode);
  Reached(first ? "begin-filed" : "rotate-opened");
  return file;
}

int64_t FromEnvironment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

// Milliseconds since 1970.
int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * kMilliseconds + now.tv_nsec / 1000000;
}

// Of a whole message of the server's protocol that says how far we are.
bool IsStandbyStatus(const void* bytes, size_t size) {
  const auto* data = static_cast<const char*>(bytes);
  return size > 5 && data[0] == 'd' && data[5] == 'r';
}

}  // namespace

void SetCommitting(bool now) {
  committing = now;
}

void SetDatabase(const char* path) {
  Database() = path;
}

}  // namespace deltamirror::crash

namespace crash = deltamirror::crash;

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED ssize_t write(int fd, const void* data, size_t size) {
  static const auto behind = crash::Behind<ssize_t (*)(int, const void*, size_t)>("write");
  return crash::Write(fd, data, size, true, [fd](const char* part, size_t length) { return behind(fd, part, length); });
}

namespace {

template <typename Offset>
ssize_t WriteAt(int fd, const void* data, size_t size, Offset offset, const char* name) {
  const auto behind = crash::Behind<ssize_t (*)(int, const void*, size_t, Offset)>(name);
  const auto* begin = static_cast<const char*>(data);
  return crash::Write(fd, data, size, false, [&](const char* part, size_t length) {
    return behind(fd, part, length, offset + (part - begin));
  });
}

}  // namespace

EXPORTED ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return WriteAt(fd, data, size, offset, "pwrite");
}

EXPORTED ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return WriteAt(fd, data, size, offset, "pwrite64");
}

EXPORTED int fdatasync(int fd) {
  return crash::SyncFile(fd, "fdatasync");
}

EXPORTED int fsync(int fd) {
  return crash::SyncFile(fd, "fsync");
}

EXPORTED int ftruncate64(int fd, off64_t size) noexcept {
  if (crash::IsAwaited()) crash::BeforeChange(crash::PathOf(fd));
  return crash::Behind<int (*)(int, off64_t)>("ftruncate64")(fd, size);
}

EXPORTED int unlink(const char* path) noexcept {
  if (crash::IsAwaited()) crash::BeforeChange(path);
  return crash::Behind<int (*)(const char*)>("unlink")(path);
}

EXPORTED int rename(const char* from, const char* to) noexcept {
  const auto behind = crash::Behind<int (*)(const char*, const char*)>("rename");
  if (!crash::IsAwaited() || !absl::EndsWith(to, "/daystream.json")) return behind(from, to);
  const bool first = access(to, F_OK) != 0;
  crash::Reached(first ? "begin-rename" : "confirm-rename");
  const int result = behind(from, to);
  crash::Reached(first ? "begin-renamed" : "confirm-renamed");
  return result;
}

EXPORTED int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & crash::kCreate) == 0 ? 0 : va_arg(arguments, mode_t);
  va_end(arguments);
  return crash::OpenFile(path, flags, mode, "open");
}

EXPORTED ssize_t send(int socket, const void* data, size_t size, int flags) {
  const auto behind = crash::Behind<ssize_t (*)(int, const void*, size_t, int)>("send");
  if (!crash::IsAwaited() || !crash::IsStandbyStatus(data, size)) return behind(socket, data, size, flags);
  crash::Reached("confirm-send");
  const ssize_t sent = behind(socket, data, size, flags);
  crash::Reached("confirm-sent");
  return sent;
}

EXPORTED time_t time(time_t* result) noexcept {
  static const int64_t began = crash::Now();
  static const int64_t ahead = crash::FromEnvironment("CRASH_CLOCK", 0);
  static const int64_t rate = crash::FromEnvironment("CRASH_RATE", 1);
  const time_t seconds = (began + (crash::Now() - began) * rate + ahead) / crash::kMilliseconds;
  if (result != nullptr) *result = seconds;
  return seconds;
}
