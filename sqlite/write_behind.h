// A database that grows by a large transaction goes to the disk meanwhile, and not all of it when the commit waits for
// it.

#ifndef DELTAMIRROR_SQLITE_WRITE_BEHIND_H_
#define DELTAMIRROR_SQLITE_WRITE_BEHIND_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sqlite/api.h"
#include "sqlite/open_file.h"

namespace deltamirror::sqlite {

// Asks the system to begin writing what SQLite has added to the database's file (and to its -wal), as soon as there are
// some MiB of it. Nothing is promised thereby and nothing is waited for: the commit syncs as ever, and finds less left
// to do. Parts of the file that were there before are left alone, as they may be written again and again.
//
// Does nothing for a database in memory.
class WriteBehind {
 public:
  // `db` must outlive it. `schema`: "main", or the name of an attached database.
  WriteBehind(sqlite3* db, const std::string& schema);

  // To be called often, on the thread that writes; costs two system calls.
  void Look();

  // Bytes whose writing has begun.
  int64_t begun() const { return begun_; }

 private:
  struct File {
    OpenFile file;
    uint64_t inode = 0;  // of the file that is meant: another may have its name by now
    int64_t size = 0;    // when writing began last
  };

  void LookAt(File* file);

  std::vector<File> files_;
  int64_t begun_ = 0;
};

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_WRITE_BEHIND_H_
