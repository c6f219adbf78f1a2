// Keeps a mirror equal to its source: reads the daystream from the stored position on, and applies it in transactions
// of its own.

#ifndef DELTAMIRROR_MIRROR_RUNNER_H_
#define DELTAMIRROR_MIRROR_RUNNER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "daystream/file.h"
#include "daystream/line.h"
#include "daystream/position.h"
#include "daystream/read_ahead.h"
#include "deltaflood/record.h"
#include "mirror/applier.h"
#include "mirror/decode_ahead.h"
#include "mirror/feed.h"
#include "mirror/name.h"
#include "mirror/state.h"
#include "sqlite/api.h"
#include "sqlite/transaction.h"

namespace deltamirror::mirror {

struct RunnerOptions {
  bool forever = true;                            // false: until nothing is left to read
  int64_t batch = 10000;                          // records after which a backlog is committed
  absl::Duration poll = absl::Milliseconds(100);  // how long a source is silent before it counts as idle
  // Asked every 50 ms or so. An error ends the run with that error; what was not committed is rolled back.
  std::function<absl::Status()> interrupt;
};

// What one SQLite commit brought.
struct AppliedBatch {
  int64_t records = 0;  // lines of the daystream, also those that were not for this mirror
  int64_t transactions = 0;
  Counters counters;  // records applied to tables
  daystream::Position position = daystream::kBeforeAll;
  uint64_t lsn = 0;         // of the last source commit; 0: the stream tells none
  int64_t commit_time = 0;  // of the same, microseconds since 1970; 0 likewise
};

// A SQLite commit falls only on the end of a source transaction.
//
// A transaction is held until its commit line has come, and then applied; many small ones share a SQLite commit as long
// as there is more to read. One that outgrows kEagerBytes is applied as it comes, in a SQLite transaction of its own,
// which is rolled back if the source's is; while the rest of it has not come yet, that transaction stays open, and
// other writers of the file wait. In a stream without commit lines (the original's) a change of _xid ends a
// transaction, and so does an idle source.
//
// A database that is locked by another connection is waited for, for kPatience (the host's busy handler is asked
// first).
//
// For one connection, which must not be in a transaction. After an error the runner is of no more use.
class Runner {
 public:
  static constexpr size_t kEagerBytes = 4 << 20;
  static constexpr absl::Duration kPatience = absl::Seconds(5);
  static constexpr absl::Duration kLongestBatch = absl::Milliseconds(200);

  // Unavailable if another runner has the mirror (see lock.h): this one has it as long as it lives. FailedPrecondition
  // if the mirror has no source, or the source is not the daystream that the mirror followed until now; OutOfRange if
  // the mirror's position is no longer in the archive.
  static absl::StatusOr<std::unique_ptr<Runner>> Open(sqlite3* db, const MirrorName& name, RunnerOptions options);
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Applies the next batch and commits it; false, without a batch, when nothing is left to read and the run is not
  // forever. A change that cannot be applied is rolled back together with its batch, and noted in the mirror's state;
  // with OnError::kDetach its table is detached, and the batch is applied again without it.
  absl::StatusOr<bool> Next(AppliedBatch* batch);

 private:
  enum class Step : uint8_t { kGoOn, kBatch, kEnd };

  Runner(sqlite3* db, RunnerOptions options, State state);

  absl::Status OpenReader();

  absl::StatusOr<Step> Run(AppliedBatch* batch);
  absl::StatusOr<Step> Idle(AppliedBatch* batch);
  absl::Status CheckNotAhead() const;
  absl::Status CheckInterrupt();

  absl::StatusOr<bool> ReadLine();
  absl::StatusOr<bool> FeedLine();
  absl::Status ProcessLine();
  absl::Status UndoEager();
  absl::Status StartEager();

  absl::Status Begin();
  absl::Status Overtaken();
  absl::StatusOr<Step> Commit(AppliedBatch* batch);
  absl::Status Patiently(absl::FunctionRef<absl::Status()> operation);
  absl::Status Reload();
  void Rollback();
  void Fail(const absl::Status& status);
  TableState* FindFailed(const TableState& table);
  absl::Status NoteFailure(const absl::Status& status, const std::optional<TableState>& table, bool detach);

  bool IsLegacy() const { return !state_.progress().has_commits; }
  bool IsFull() const;

  sqlite3* db_;
  const RunnerOptions options_;
  daystream::FileDescriptor lock_;
  State state_;
  DecodeAhead ahead_;
  Applier applier_;
  Feed feed_;
  std::unique_ptr<daystream::ReadAhead> reader_;
  daystream::Line line_;      // read last
  bool pending_ = false;      // it was read, but not processed yet: the batch before it was to be committed first
  std::string detached_for_;  // the error for which a table was detached last
  bool restart_ = false;      // read on from the mirror's position: it was set back, or a table was detached
  int64_t held_records_ = 0;  // of the transaction whose lines are held

  std::optional<sqlite::Transaction> transaction_;
  AppliedBatch batch_;  // under way
  Counters counted_;    // the applier's totals when the batch began
  bool full_ = false;   // the batch ends with the source transaction that has just ended
  absl::Time batch_began_;
  absl::Time silent_since_ = absl::InfiniteFuture();
  absl::Time checked_at_ = absl::InfinitePast();  // for an interrupt
  int unchecked_lines_ = 0;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_RUNNER_H_
