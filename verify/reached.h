// A mirror that has all that a snapshot of its source sees.

#ifndef DELTAMIRROR_VERIFY_REACHED_H_
#define DELTAMIRROR_VERIFY_REACHED_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "daystream/source.h"
#include "mirror/name.h"
#include "mirror/state.h"
#include "postgres/connection.h"
#include "postgres/slot.h"
#include "sqlite/api.h"
#include "sqlite/transaction.h"

namespace deltamirror::verify {

// The mirror's state, and the transaction that keeps the databases as they were when it was read.
struct ReachedMirror {
  std::optional<sqlite::ReadTransaction> transaction;
  mirror::State state;
};

// Waits until the mirror has applied every commit below `end_lsn`. How that is known:
//   - it has passed a commit at or behind that LSN: the stream is in the order of the commits; or
//   - the slot's reader has confirmed that all below is safe in the daystream, or nobody reads the slot and the server
//     has nothing more for it, and the daystream holds no such commit behind the mirror's position.
class MirrorAwaiter {
 public:
  struct Options {
    std::string conninfo;
    absl::Duration timeout;
    // Apply what the daystream has instead of waiting for somebody who does.
    bool apply = false;
    // Whether nobody else uses the connection. On one that runs a statement of somebody else's, what was read once may
    // stay as it is until that has ended.
    bool own_connection = true;
    std::function<absl::Status()> interrupt;
  };

  // `info`: what the daystream tells of itself, or nothing. `connection`: to the server; it may be in a transaction.
  // All must outlive it.
  MirrorAwaiter(sqlite3* db, mirror::MirrorName name, const std::optional<daystream::SourceInfo>& info,
                postgres::Connection* connection, Options options)
      : db_(db), name_(std::move(name)), info_(info), connection_(*connection), options_(std::move(options)) {}

  // DeadlineExceeded, saying how far the mirror is and what is missing, if it does not come so far in time.
  absl::StatusOr<ReachedMirror> Wait(uint64_t end_lsn);

 private:
  absl::StatusOr<ReachedMirror> Look();
  absl::StatusOr<bool> HasReached(const mirror::State& state);
  absl::Status AskServer();
  absl::Status Peek(const postgres::Slot& slot, uint64_t confirmed);
  absl::Status Apply();
  absl::Status Pause();
  absl::Status TooFarBehind(const mirror::State& state);

  sqlite3* const db_;
  const mirror::MirrorName name_;
  const std::optional<daystream::SourceInfo>& info_;
  postgres::Connection& connection_;
  const Options options_;

  uint64_t end_lsn_ = 0;
  bool stream_is_complete_ = false;  // the daystream has all commits below end_lsn_
  bool slot_is_read_ = true;
  uint64_t peeked_at_ = 0;  // what the slot had confirmed when the server was asked for more
  absl::Time ask_again_ = absl::InfinitePast();
};

}  // namespace deltamirror::verify

#endif  // DELTAMIRROR_VERIFY_REACHED_H_
