// The rollback journal of a connection, written in large pieces.
//
// For each page that SQLite saves in its journal it writes three times: the page's number, the page, its checksum. Of a
// transaction that changes many pages that is most of all its system calls.

#ifndef DELTAMIRROR_SQLITE_BUFFERED_JOURNAL_H_
#define DELTAMIRROR_SQLITE_BUFFERED_JOURNAL_H_

#include <string>

#include "sqlite/api.h"

namespace deltamirror::sqlite {

// A VFS over another one, which keeps what goes into a main journal in memory until SQLite asks for a sync, or for
// something of that file, or until there are 64 KiB of it. All other files are the other VFS's own.
//
// Nothing of the journal's promise is lost: SQLite changes a page of the database only after a sync of the journal that
// holds it, and until then a journal says of itself that it holds nothing. What a write would have failed with, the
// sync fails with. Where SQLite does not sync, that would not be so: see CanBuffer.
class BufferedJournalVfs {
 public:
  // Whether the database `schema` of `db` syncs its journal before it writes to its file: not with PRAGMA synchronous =
  // OFF, nor where the device keeps the order of writes (SQLITE_IOCAP_SEQUENTIAL).
  static bool CanBuffer(sqlite3* db, const std::string& schema);

  // Registered under a name of its own until the destructor, which no connection may outlive that was opened with it.
  // `base` must outlive it.
  explicit BufferedJournalVfs(sqlite3_vfs* base);
  ~BufferedJournalVfs();
  BufferedJournalVfs(const BufferedJournalVfs&) = delete;
  BufferedJournalVfs& operator=(const BufferedJournalVfs&) = delete;

  // For sqlite3_open_v2, or "vfs=" in a URI.
  const std::string& name() const { return name_; }

 private:
  static int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags);

  const std::string name_;
  sqlite3_vfs vfs_;
};

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_BUFFERED_JOURNAL_H_
