#include "sqlite/write_behind.h"

#include <string>

namespace deltamirror::sqlite {
namespace {

constexpr int64_t kStep = 8 << 20;  // long enough for a disk to be written in one go

}  // namespace

WriteBehind::WriteBehind(sqlite3* db, const std::string& schema) {
  const char* const name = sqlite3_db_filename(db, schema.c_str());
  if (name == nullptr || *name == '\0') return;
  for (const char* const suffix : {"", "-wal"})
    LookAt(&files_.emplace_back(File{OpenFile(std::string(name) + suffix)}));
}

void WriteBehind::LookAt(File* file) {
  struct stat now;
  if (!file->file.Stat(&now)) return;
  if (now.st_ino != file->inode) {
    file->inode = now.st_ino;
    file->size = now.st_size;
  }
  const int64_t grown = now.st_size - file->size;
  if (grown < kStep) return;
  if (file->file.BeginWriting(file->size, grown)) begun_ += grown;
  file->size = now.st_size;
}

void WriteBehind::Look() {
  for (File& file : files_) LookAt(&file);
}

}  // namespace deltamirror::sqlite
