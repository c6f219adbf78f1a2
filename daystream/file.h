// The operating system's calls that change a daystream, behind one interface so
// that tests can make each of them fail.

#ifndef DELTAMIRROR_DAYSTREAM_FILE_H_
#define DELTAMIRROR_DAYSTREAM_FILE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace deltamirror::daystream {

// Each call has the result and the errno of the one it is named after; the base
// class makes the real calls.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual int Open(const char* path, int flags, mode_t mode);
  virtual ssize_t Write(int fd, const void* data, size_t size);
  virtual ssize_t WriteAt(int fd, const void* data, size_t size, off_t offset);  // pwrite
  virtual int DataSync(int fd);                                                  // fdatasync
  virtual int Sync(int fd);                                                      // fsync
  virtual int Truncate(int fd, off_t size);
  virtual int Rename(const char* from, const char* to);

  // The real one; never deleted.
  static FileSystem* Default();
};

// Closes a descriptor when it goes out of scope. Close errors are of no
// interest: what must be durable was synced before.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { Reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    Reset(other.Release());
    return *this;
  }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  int Release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void Reset(int fd = -1);

 private:
  int fd_ = -1;
};

// "could not write file "P": No space left on device", with the code that fits
// the errno (ResourceExhausted for a full disk).
absl::Status FileError(int error_number, absl::string_view operation, absl::string_view path);

// pread, once more where a signal came between. As there, -1 and errno for an error.
ssize_t ReadAt(int fd, void* data, size_t size, uint64_t offset);

// Reads the whole of a small file.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path);

// Makes a new or renamed entry of the folder durable.
absl::Status SyncDirectory(const std::string& path, FileSystem* files);

// Replaces a small file of the folder in one step, durably: a reader, or a crash, finds the old one or the new one.
absl::Status ReplaceFile(const std::string& directory, const std::string& name, const std::string& content,
                         FileSystem* files = FileSystem::Default());

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_FILE_H_
