// A VFS of SQLite on which calls fail, for tests that make each of them fail in turn.

#ifndef DELTAMIRROR_TESTS_FAULTS_FAULTY_VFS_H_
#define DELTAMIRROR_TESTS_FAULTS_FAULTY_VFS_H_

#include <sqlite3.h>

#include <string>

namespace deltamirror {

// Registered by the constructor over the VFS that is the default one then, as the default one or under its name alone,
// and unregistered by the destructor, which no connection may outlive. Works on real files, but leaves out the sync:
// the power is not lost here. For one thread at a time.
class FaultyVfs {
 public:
  enum class Kind {
    kIo,    // opening, reading, writing, syncing, cutting, deleting, locking, shared memory: with SQLITE_IOERR_...
    kFull,  // writing: with SQLITE_FULL
  };

  FaultyVfs(const std::string& name, bool is_default);
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  // The nth call from now on fails, or with `for_good` all from there on. 0: none.
  void FailAt(int nth, Kind kind = Kind::kIo, bool for_good = false);

  // Whether a call has failed since FailAt.
  bool failed() const { return failed_; }

  // Files that were opened since the beginning.
  int opened() const { return opened_; }

  // Calls that wrote, likewise.
  int writes() const { return writes_; }

  // What it says of its device, beside what the real one does: SQLITE_IOCAP_...
  void set_characteristics(int characteristics) { characteristics_ = characteristics; }

 private:
  friend struct FaultyFile;

  // The code that a call of that kind returns now; SQLITE_OK if it is to be made.
  int Fault(int code);

  static int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags);
  static int Delete(sqlite3_vfs* vfs, const char* name, int sync_directory);

  const std::string name_;
  sqlite3_vfs* const real_;
  sqlite3_vfs vfs_;
  int countdown_ = 0;
  Kind kind_ = Kind::kIo;
  bool for_good_ = false;
  bool failed_ = false;
  int opened_ = 0;
  int writes_ = 0;
  int characteristics_ = 0;
};

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_FAULTS_FAULTY_VFS_H_
