#include "daystream/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "status/status_macros.h"

namespace deltamirror::daystream {
namespace {

absl::Status WriteDurably(const std::string& path, const std::string& content, FileSystem* files) {
  const FileDescriptor file(files->Open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file.is_open()) return FileError(errno, "create file", path);
  size_t written = 0;
  while (written < content.size()) {
    const ssize_t size = files->Write(file.get(), content.data() + written, content.size() - written);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FileError(errno, "write file", path);
    written += size;
  }
  if (files->Sync(file.get()) != 0) return FileError(errno, "sync file", path);
  return absl::OkStatus();
}

}  // namespace

int FileSystem::Open(const char* path, int flags, mode_t mode) {
  return open(path, flags, mode);
}

ssize_t FileSystem::Write(int fd, const void* data, size_t size) {
  return write(fd, data, size);
}

ssize_t FileSystem::WriteAt(int fd, const void* data, size_t size, off_t offset) {
  return pwrite(fd, data, size, offset);
}

int FileSystem::DataSync(int fd) {
  return fdatasync(fd);
}

int FileSystem::Sync(int fd) {
  return fsync(fd);
}

int FileSystem::Truncate(int fd, off_t size) {
  return ftruncate(fd, size);
}

int FileSystem::Rename(const char* from, const char* to) {
  return rename(from, to);
}

FileSystem* FileSystem::Default() {
  static FileSystem* const files = new FileSystem;
  return files;
}

void FileDescriptor::Reset(int fd) {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

absl::Status FileError(int error_number, absl::string_view operation, absl::string_view path) {
  return absl::ErrnoToStatus(error_number, absl::StrCat("could not ", operation, " \"", path, "\""));
}

ssize_t ReadAt(int fd, void* data, size_t size, uint64_t offset) {
  ssize_t got;
  do {
    got = pread(fd, data, size, static_cast<off_t>(offset));
  } while (got < 0 && errno == EINTR);
  return got;
}

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return FileError(errno, "open file", path);
  std::string content;
  char block[4096];
  ssize_t size;
  while ((size = read(file.get(), block, sizeof(block))) != 0) {
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FileError(errno, "read file", path);
    content.append(block, size);
  }
  return content;
}

absl::Status SyncDirectory(const std::string& path, FileSystem* files) {
  const FileDescriptor directory(files->Open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  if (!directory.is_open()) return FileError(errno, "open directory", path);
  if (files->Sync(directory.get()) != 0) return FileError(errno, "sync directory", path);
  return absl::OkStatus();
}

absl::Status ReplaceFile(const std::string& directory, const std::string& name, const std::string& content,
                         FileSystem* files) {
  const std::string path = absl::StrCat(directory, "/", name);
  const std::string temporary = path + ".new";
  RETURN_IF_ERROR(WriteDurably(temporary, content, files));
  if (files->Rename(temporary.c_str(), path.c_str()) != 0) return FileError(errno, "rename file", temporary);
  return SyncDirectory(directory, files);
}

}  // namespace deltamirror::daystream
