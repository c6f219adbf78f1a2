// A file that SQLite has open, seen by its name.

#ifndef DELTAMIRROR_SQLITE_OPEN_FILE_H_
#define DELTAMIRROR_SQLITE_OPEN_FILE_H_

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <utility>

namespace deltamirror::sqlite {

// Finds the descriptor that the process has of the file, and does not open one: closing it would end SQLite's locks.
// Nothing is found where the system does not show the process's files (/proc).
class OpenFile {
 public:
  explicit OpenFile(std::string path) : path_(std::move(path)) {}

  // What the system knows of the file. False if the process does not have it open.
  bool Stat(struct stat* now);

  // Asks the system to begin writing this part of the file to the disk. Nothing is promised thereby and nothing is
  // waited for: a later sync finds less left to do. False if nothing was asked.
  bool BeginWriting(int64_t offset, int64_t size);

 private:
  bool Find(struct stat* now);

  std::string path_;
  int fd_ = -1;  // not ours; it may be another file's by now
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_OPEN_FILE_H_
