// Tells, in the stream of pgoutput, of what happened to published tables and is not in it: see deltastream/storage.h.
//
// The catalog is compared with what it was when it was last looked at, also by a deltastream that has ended since. It
// shows the present, the stream may be far behind. So a suspicion waits until the stream has come to where the server
// was when the catalog was read: by then a TRUNCATE that explains it has come. What is left is told at the end of that
// transaction, as deltaflood would have told it (docs/formats.md).

#ifndef DELTAMIRROR_DELTASTREAM_STORAGE_WATCH_H_
#define DELTAMIRROR_DELTASTREAM_STORAGE_WATCH_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deltastream/storage.h"
#include "deltastream/storage_file.h"
#include "deltastream/storage_query.h"
#include "deltastream/sync_schedule.h"
#include "pgoutput/message.h"
#include "postgres/connection.h"
#include "types/table_list.h"

namespace deltamirror::deltastream {

// For one START_REPLICATION.
class StorageWatch {
 public:
  // Between two looks. One that takes long makes the next one come later: it shall cost no more than a hundredth.
  static constexpr std::chrono::seconds kEvery{10};
  static constexpr int kCostFactor = 100;

  struct Options {
    std::string slot;
    std::string publication;
    types::TableList tables;
    std::string directory;  // the daystream's, where storage.json is
  };

  explicit StorageWatch(Options options) : options_(std::move(options)) {}

  bool IsDue(Clock::time_point now) const { return now >= due_; }

  // Looks at the catalog, unless suspicions are waiting. If there are new ones, has the server write a transaction, so
  // that they need not wait for one, and returns an LSN behind it; else 0.
  absl::StatusOr<uint64_t> Look(postgres::Connection& connection);

  // The stream has told that the transaction has truncated the table.
  void NoteTruncate(uint32_t relid, uint32_t xid);

  // A table of the stream that the catalog has no longer: if no look has seen it, the next one is to miss it.
  void NoteGone(const pgoutput::RelationMessage& message);

  // The numbers of the table's columns whose values did not come at an earlier look; nothing if it was not there.
  std::optional<std::set<int>> HiddenColumns(uint32_t relid) const;

  // At the end of each transaction: appends the lines for what it has come to and nothing has explained. Whether there
  // were any.
  bool AppendLines(const pgoutput::Begin& begin, const pgoutput::Commit& commit, std::string* lines);

  // Keeps what was looked at, if the lines about it are durable: `durable` is the LSN up to which everything is. To be
  // done before the server is told of that LSN.
  absl::Status Save(uint64_t durable);

 private:
  absl::Status Load(postgres::Connection& connection);
  void KeepHidden(StorageMap* tables) const;
  void Adopt(StorageLook look);
  bool IsExplained(const Suspicion& one) const;

  const Options options_;
  std::optional<StorageRecord> known_;
  bool first_ = false;  // there was nothing to compare with
  // Looked at, but not told of yet.
  std::optional<StorageLook> next_;
  std::vector<Suspicion> suspicions_;
  uint64_t told_at_ = 0;  // what known_ goes with is told before this LSN
  bool changed_ = false;  // known_ is not what the file has
  Clock::time_point due_;
  Clock::time_point saved_at_;
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_STORAGE_WATCH_H_
