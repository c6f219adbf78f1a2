// A disk that fails when it is told to, and that loses power.

#ifndef DELTAMIRROR_TESTS_FAULTS_FAULTY_DISK_H_
#define DELTAMIRROR_TESTS_FAULTS_FAULTY_DISK_H_

#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "daystream/file.h"

namespace deltamirror {

// Works on real files, and keeps beside them what a disk would hold: pages reach it with the file's sync, names with
// the folder's. A sync that fails leaves its pages as if they were written, as Linux does: no later sync writes them.
// For one folder, one thread and one user at a time.
class FaultyDisk : public daystream::FileSystem {
 public:
  // The `nth` call from now on fails, 1 being the next; a write that fails writes half before it does. With `for_good`
  // all later ones fail, too. 0: none.
  void FailAt(int nth, bool for_good = false, int error_number = EIO);
  // Whether it came to that call.
  bool failed() const { return failed_; }

  // Bytes that can still be written.
  void SetRoom(size_t room) { room_ = room; }

  // The files become what the disk holds; of what is not synced, any part may have reached it.
  void LosePower(std::mt19937* random);

  int Open(const char* path, int flags, mode_t mode) override;
  ssize_t Write(int fd, const void* data, size_t size) override;
  ssize_t WriteAt(int fd, const void* data, size_t size, off_t offset) override;
  int DataSync(int fd) override;
  int Sync(int fd) override;
  int Truncate(int fd, off_t size) override;
  int Rename(const char* from, const char* to) override;

 private:
  static constexpr size_t kPageSize = 64;

  // A file by its present name.
  struct File {
    std::string durable;                // on the disk
    std::set<size_t> dirty;             // pages that are not
    bool named = false;                 // its name is on the disk
    std::optional<std::string> before;  // what the name stood for on the disk, if that was something else
  };

  bool Fails();
  void MarkDirty(const std::string& path, size_t begin, size_t end);
  int SyncFile(int fd);
  static void WritePage(size_t page, const std::string& from, std::string* to);

  int countdown_ = 0;
  bool for_good_ = false;
  bool failed_ = false;
  bool write_half_ = false;
  int error_number_ = EIO;
  size_t room_ = SIZE_MAX;
  std::map<std::string, File> files_;
  std::map<int, std::string> paths_;
};

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_FAULTS_FAULTY_DISK_H_
