// A database and its rollback journal, written in large pieces, and early.
//
// SQLite writes a database page by page, and its journal in three writes for each page that it saves: the page's
// number, the page, its checksum. Of a transaction that changes many pages that is most of all its system calls; and
// the system keeps it all in memory until the sync, which then waits for the disk.

#ifndef DELTAMIRROR_SQLITE_BUFFERED_VFS_H_
#define DELTAMIRROR_SQLITE_BUFFERED_VFS_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "sqlite/api.h"

namespace deltamirror::sqlite {

// A VFS over another one. What goes into a main journal, one write behind the other, stays in memory until SQLite asks
// for a sync, or for something of that file, or until there are 64 KiB of it. So do the pages of a database while it is
// locked exclusively, which in WAL mode it is not: then everything goes straight to the files.
//
// Nothing that SQLite promises is lost. It changes a page of the database only after a sync of the journal that holds
// it, and until then a journal says of itself that it holds nothing. It ends the journal only after a sync of the
// database. And nobody reads a database that is locked exclusively; before the lock is given back everything is
// written. What a write would have failed with, the sync fails with. Where SQLite does not sync, none of that would be
// so: see CanBuffer.
//
// The system is asked to begin right away with what was written, a MiB at a time, and of a -wal 256 KiB. All other
// files are the other VFS's own.
class BufferedVfs {
 public:
  // Whether the database `schema` of `db` syncs its journal before it writes to its file: not with PRAGMA synchronous =
  // OFF, nor where the device keeps the order of writes (SQLITE_IOCAP_SEQUENTIAL).
  static bool CanBuffer(sqlite3* db, const std::string& schema);

  // Registered under a name of its own until the destructor, which no connection may outlive that was opened with it.
  // `base` must outlive it.
  explicit BufferedVfs(sqlite3_vfs* base);
  ~BufferedVfs();
  BufferedVfs(const BufferedVfs&) = delete;
  BufferedVfs& operator=(const BufferedVfs&) = delete;

  // For sqlite3_open_v2, or "vfs=" in a URI.
  const std::string& name() const { return name_; }

  // Bytes with which the system was asked to begin.
  int64_t begun() const { return registered_.begun; }

 private:
  static int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags);

  struct Registered {
    sqlite3_vfs vfs;  // what SQLite knows of it
    std::atomic<int64_t> begun = 0;
  };

  const std::string name_;
  Registered registered_;
};

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_BUFFERED_VFS_H_
