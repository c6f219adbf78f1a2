// A connection of our own to the databases of the host's connection.
//
// While a SELECT runs, SQLite never lets go of a database that its connection has read or written meanwhile: after the
// first commit, a table-valued function that works on the host's connection would lock out every other writer until it
// ends (rollback journal), or fail for good as soon as another connection writes (WAL). A function that runs for days
// therefore works on a companion.

#ifndef DELTAMIRROR_SQLITE_COMPANION_H_
#define DELTAMIRROR_SQLITE_COMPANION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "sqlite/api.h"
#include "sqlite/buffered_vfs.h"
#include "sqlite/interrupt.h"

namespace deltamirror::sqlite {

// Holds those databases of the host that are files, under the names that they have there, with the host's VFS (and
// over it, where it may be, one that writes in larger pieces: buffered_vfs.h) and its settings for them (busy
// timeout, synchronous, journal mode, foreign keys, and at least its cache size). What the host has added to its own
// connection alone (functions, collations, hooks, temporary triggers) is not there.
class Companion {
 public:
  // Null if the host has no database that a companion could open: all of them are in memory, read-only, or locked in a
  // way that two connections would wait for each other. The host must be in autocommit.
  static std::unique_ptr<Companion> Open(sqlite3* host);

  ~Companion();
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;

  sqlite3* db() const { return db_; }

  // Whether the host's database `schema` is here.
  bool Has(absl::string_view schema) const;

  // From now on an interrupt of the host ends statements of the companion, too. The probe is the host's, and must live
  // as long as the companion.
  void FollowInterrupts(InterruptProbe* probe);

 private:
  Companion() = default;

  absl::Status Attach(sqlite3* host, const std::string& schema, const std::string& file);
  absl::Status CopySettings(sqlite3* host, const std::string& schema);
  std::string UriOf(sqlite3* host, const std::string& schema, const std::string& file);

  std::vector<std::unique_ptr<BufferedVfs>> vfs_;  // of db_
  sqlite3* db_ = nullptr;
  std::vector<std::string> schemas_;
};

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_COMPANION_H_
