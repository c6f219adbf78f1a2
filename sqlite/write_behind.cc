#include "sqlite/write_behind.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <memory>

namespace deltamirror::sqlite {
namespace {

constexpr int64_t kStep = 8 << 20;  // long enough for a disk to be written in one go

}  // namespace

WriteBehind::WriteBehind(sqlite3* db, const std::string& schema) {
  const char* const name = sqlite3_db_filename(db, schema.c_str());
  if (name == nullptr || *name == '\0') return;
  for (const char* const suffix : {"", "-wal"}) {
    File& file = files_.emplace_back();
    file.path = std::string(name) + suffix;
    Find(&file);
  }
}

// Among the process's open files, SQLite's.
void WriteBehind::Find(File* file) {
  file->fd = -1;
  struct stat wanted;
  if (stat(file->path.c_str(), &wanted) != 0) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> open_files(opendir("/proc/self/fd"), closedir);
  if (open_files == nullptr) return;
  while (const dirent* const entry = readdir(open_files.get())) {
    const int fd = std::atoi(entry->d_name);
    struct stat found;
    if (fd <= 2 || fstat(fd, &found) != 0) continue;
    if (found.st_dev != wanted.st_dev || found.st_ino != wanted.st_ino) continue;
    *file = {file->path, fd, found.st_dev, found.st_ino, found.st_size};
    return;
  }
}

void WriteBehind::LookAt(File* file) {
  struct stat now;
  if (file->fd < 0 || fstat(file->fd, &now) != 0 || now.st_dev != file->device || now.st_ino != file->inode) {
    return Find(file);
  }
  const int64_t grown = now.st_size - file->size;
  if (grown < kStep) return;
  if (sync_file_range(file->fd, file->size, grown, SYNC_FILE_RANGE_WRITE) == 0) begun_ += grown;
  file->size = now.st_size;
}

void WriteBehind::Look() {
  for (File& file : files_) LookAt(&file);
}

}  // namespace deltamirror::sqlite
