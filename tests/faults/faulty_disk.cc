#include "tests/faults/faulty_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "tests/lab/temp_dir.h"

namespace deltamirror {

void FaultyDisk::FailAt(int nth, bool for_good, int error_number) {
  countdown_ = nth;
  for_good_ = for_good;
  error_number_ = error_number;
  failed_ = false;
}

bool FaultyDisk::Fails() {
  if (countdown_ == 0 || (countdown_ > 1 && --countdown_ > 0)) return false;
  failed_ = true;
  if (!for_good_) countdown_ = 0;
  errno = error_number_;
  return true;
}

int FaultyDisk::Open(const char* path, int flags, mode_t mode) {
  if (Fails()) return -1;
  const bool there = access(path, F_OK) == 0;
  const int fd = FileSystem::Open(path, flags, mode);
  if (fd < 0) return fd;
  paths_[fd] = path;
  if (std::filesystem::is_directory(path)) return fd;
  File& file = files_[path];
  if (!there) file = File();
  // The old content is as good as gone: whether it still is on the disk, nobody may rely on.
  if ((flags & O_TRUNC) != 0) file.durable.clear();
  return fd;
}

void FaultyDisk::MarkDirty(const std::string& path, size_t begin, size_t end) {
  for (size_t page = begin / kPageSize; page * kPageSize < end; ++page) files_[path].dirty.insert(page);
}

ssize_t FaultyDisk::Write(int fd, const void* data, size_t size) {
  struct stat status;
  fstat(fd, &status);
  return WriteAt(fd, data, size, status.st_size);
}

ssize_t FaultyDisk::WriteAt(int fd, const void* data, size_t size, off_t offset) {
  const bool fails = Fails();
  size_t possible = fails ? size / 2 : size;
  const bool adds = static_cast<uintmax_t>(offset) >= std::filesystem::file_size(paths_[fd]);
  if (adds) possible = std::min(possible, room_);
  const int flags = fcntl(fd, F_GETFL);
  const ssize_t written =
      (flags & O_APPEND) != 0 ? FileSystem::Write(fd, data, possible) : FileSystem::WriteAt(fd, data, possible, offset);
  if (written > 0) MarkDirty(paths_[fd], offset, offset + written);
  if (written > 0 && adds) room_ -= written;
  if (!fails && (written > 0 || size == 0)) return written;
  errno = fails ? error_number_ : ENOSPC;
  // What was written before the failure is there, but nobody is told.
  return -1;
}

void FaultyDisk::WritePage(size_t page, const std::string& from, std::string* to) {
  const size_t begin = page * kPageSize;
  if (begin >= from.size()) return;
  const std::string part = from.substr(begin, kPageSize);
  if (to->size() < begin + part.size()) to->resize(begin + part.size());
  to->replace(begin, part.size(), part);
}

int FaultyDisk::SyncFile(int fd) {
  const std::string& path = paths_[fd];
  File& file = files_[path];
  const std::set<size_t> dirty = std::exchange(file.dirty, {});
  if (Fails()) return -1;
  const std::string content = lab::ReadFile(path);
  for (const size_t page : dirty) WritePage(page, content, &file.durable);
  // The size is the file's.
  file.durable.resize(content.size());
  return 0;
}

int FaultyDisk::DataSync(int fd) {
  return SyncFile(fd);
}

int FaultyDisk::Sync(int fd) {
  if (!std::filesystem::is_directory(paths_[fd])) return SyncFile(fd);
  if (Fails()) return -1;
  for (auto& [path, file] : files_) {
    if (std::filesystem::path(path).parent_path() != paths_[fd]) continue;
    file.named = true;
    file.before.reset();
  }
  return 0;
}

int FaultyDisk::Truncate(int fd, off_t size) {
  if (Fails()) return -1;
  // The page that is cut is written anew.
  MarkDirty(paths_[fd], size, size + 1);
  return FileSystem::Truncate(fd, size);
}

int FaultyDisk::Rename(const char* from, const char* to) {
  if (Fails() || FileSystem::Rename(from, to) != 0) return -1;
  File moved = files_[from];
  files_.erase(from);
  const auto old = files_.find(to);
  moved.named = false;
  if (old != files_.end() && old->second.named) moved.before = old->second.durable;
  if (old != files_.end() && !old->second.named) moved.before = old->second.before;
  files_[to] = std::move(moved);
  return 0;
}

void FaultyDisk::LosePower(std::mt19937* random) {
  const auto chance = [random] { return ((*random)() & 1) != 0; };
  for (auto file = files_.begin(); file != files_.end();) {
    auto& [path, state] = *file;
    const std::string content = lab::ReadFile(path);
    for (const size_t page : state.dirty) {
      if (chance()) WritePage(page, content, &state.durable);
    }
    // The file's length may have reached the disk without what it holds.
    if (!state.dirty.empty() && chance()) state.durable.resize(content.size());
    state.dirty.clear();
    if (!state.named && chance()) {
      if (state.before.has_value()) state.durable = *state.before;
      state.named = state.before.has_value();
    } else {
      state.named = true;
    }
    state.before.reset();
    if (state.named) lab::WriteFile(path, state.durable);
    if (!state.named) std::filesystem::remove(path);
    file = state.named ? std::next(file) : files_.erase(file);
  }
  paths_.clear();
}

}  // namespace deltamirror
