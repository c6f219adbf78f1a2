#include "sqlite/open_file.h"

#include <dirent.h>
#include <fcntl.h>

#include <cstdlib>
#include <memory>

namespace deltamirror::sqlite {

bool OpenFile::Stat(struct stat* now) {
  if (fd_ >= 0 && fstat(fd_, now) == 0 && now->st_dev == device_ && now->st_ino == inode_) return true;
  return Find(now);
}

bool OpenFile::Find(struct stat* now) {
  fd_ = -1;
  struct stat wanted;
  if (stat(path_.c_str(), &wanted) != 0) return false;
  const std::unique_ptr<DIR, int (*)(DIR*)> open_files(opendir("/proc/self/fd"), closedir);
  if (open_files == nullptr) return false;
  while (const dirent* const entry = readdir(open_files.get())) {
    const int fd = std::atoi(entry->d_name);
    if (fd <= 2 || fstat(fd, now) != 0 || now->st_dev != wanted.st_dev || now->st_ino != wanted.st_ino) continue;
    fd_ = fd;
    device_ = wanted.st_dev;
    inode_ = wanted.st_ino;
    return true;
  }
  return false;
}

bool OpenFile::BeginWriting(int64_t offset, int64_t size) {
  struct stat now;
  return Stat(&now) && sync_file_range(fd_, offset, size, SYNC_FILE_RANGE_WRITE) == 0;
}

}  // namespace deltamirror::sqlite
