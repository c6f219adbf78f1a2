// INSERT INTO mirror(line): a feed inside the caller's transactions.

#ifndef DELTAMIRROR_MIRROR_SESSION_H_
#define DELTAMIRROR_MIRROR_SESSION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mirror/applier.h"
#include "mirror/feed.h"
#include "mirror/name.h"
#include "mirror/state.h"
#include "sqlite/api.h"

namespace deltamirror::mirror {

// What a mirror needs between one INSERT and the next. The rows, and the state that has been flushed, are SQLite's to
// roll back. What is only in memory follows the calls below, which are those of a virtual table: the state is flushed
// whenever a savepoint is opened and before the commit, so that after a rollback it need only be loaded again; of the
// lines of an unfinished transaction, a mark is kept for each savepoint.
class Session {
 public:
  // Of a mirror that exists.
  Session(sqlite3* db, MirrorName name) : db_(db), name_(std::move(name)) {}
  // Plain daystream_apply: writes to the tables of database main, keeps nothing.
  explicit Session(sqlite3* db) : db_(db) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Takes one line. If that fails after it has changed something, the session refuses further lines and the commit,
  // until the caller rolls back: SQLite does not undo what a single INSERT did through us.
  absl::Status Ingest(absl::string_view line);

  // Leaves a table of the mirror as it is from now on: the one at this place among the mirror's tables, or the one of
  // that name in PostgreSQL, which the mirror need not have met. NotFound for another place.
  absl::Status DetachTable(int64_t place);
  absl::Status DetachTable(const std::string& schema, const std::string& name);

  // Writes what is only in memory.
  absl::Status Flush();

  void Begin();
  absl::Status Sync();
  void Commit();
  void Rollback();
  absl::Status Savepoint(int id);
  void Release(int id);
  void RollbackTo(int id);

  // Gives up the prepared statements, which would keep the connection from closing. The lines of an unfinished
  // transaction stay.
  void Detach();

 private:
  struct SavepointMark {
    int id;
    Feed::Mark mark;
  };

  absl::Status Load();
  absl::Status Prepare();
  absl::Status SaveDetached(TableState table);
  absl::Status Take(absl::string_view line);
  void RestoreTo(const Feed::Mark& mark);
  void UpdateKeep();

  sqlite3* db_;
  std::optional<MirrorName> name_;
  std::optional<State> state_;
  std::unique_ptr<Applier> applier_;
  Feed feed_;

  bool stale_ = false;    // the state in memory is not what the database has
  bool check_ = false;    // others may have changed it
  bool dirty_ = false;    // the state in memory is ahead
  bool busy_ = false;     // savepoints are those of our own statements
  int seen_changes_ = 0;  // of the connection, when we were done last
  absl::Status poison_;

  bool in_transaction_ = false;
  Feed::Mark base_;  // when the transaction began
  std::vector<SavepointMark> marks_;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_SESSION_H_
