// From a replication slot into a daystream.

#ifndef DELTAMIRROR_DELTASTREAM_SLOT_MOVER_H_
#define DELTAMIRROR_DELTASTREAM_SLOT_MOVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "deltastream/batch.h"
#include "deltastream/pgoutput_feed.h"
#include "deltastream/slot_log.h"
#include "deltastream/sync_schedule.h"
#include "postgres/connection.h"
#include "postgres/replication.h"
#include "postgres/wal_end_watch.h"

namespace deltamirror::deltastream {

struct SlotMoverOptions {
  std::string conninfo;
  std::string slot;
  std::string destination;
  // What the stream is asked for; empty: what pg_slot_create remembered, else all tables.
  std::string tables;
  // Of a slot of plugin pgoutput; empty: what pg_slot_create remembered, else the one named like the slot.
  std::string publication;

  enum class Until : uint8_t {
    kForever,
    kCaughtUp,  // up to the server's WAL end at the start
    kLsn,
  };
  Until until = Until::kForever;
  uint64_t until_lsn = 0;  // kLsn

  absl::Duration status_interval = absl::Seconds(10);
  bool sync = true;  // false: durable means handed to the operating system
  InterruptCheck interrupt;
  std::function<void(absl::string_view)> notice;  // told of each lost connection; may be null
};

// The server is told that a transaction is safe only when it is. A lost connection, or a server that restarts, is
// waited for with growing pauses where the work has no end (kForever), and is an error elsewhere.
class SlotMover : public Mover {
 public:
  // Connects, checks slot and daystream (see slot_check.h), and begins to stream. `session`: the connection of a
  // temporary slot; it serves once.
  static absl::StatusOr<std::unique_ptr<SlotMover>> Open(SlotMoverOptions options,
                                                         std::optional<postgres::Connection> session = std::nullopt);

  absl::StatusOr<bool> Next(Batch* batch) override;

 private:
  // What a lost connection takes with it. The stream goes first: closing it frees the slot.
  struct Link {
    std::unique_ptr<SlotLog> log;
    std::unique_ptr<PgoutputFeed> pgoutput;  // null: the slot sends lines
    postgres::ReplicationStream stream;
  };

  explicit SlotMover(SlotMoverOptions options)
      : options_(std::move(options)), wal_end_(options_.conninfo, options_.interrupt) {}

  absl::Status Connect(std::optional<postgres::Connection> session);
  absl::Status ConnectAgain();
  absl::Status Advance();
  bool Lose(const absl::Status& why, Batch* batch);
  absl::StatusOr<bool> Work(Batch* batch);
  absl::Status Take(const postgres::ReplicationMessage& message);
  absl::Status Idle();
  absl::StatusOr<bool> Settle(Clock::time_point now);
  absl::Status Confirm(bool ask_for_reply);
  absl::Status CheckInterrupt(Clock::time_point now);
  void Finish();
  bool Complete() const;
  int WaitTime(Clock::time_point now) const;
  Batch TakeBatch();

  const SlotMoverOptions options_;
  postgres::WalEndWatch wal_end_;
  std::optional<Link> link_;
  uint64_t target_ = 0;     // where to stop; 0: nowhere
  uint64_t known_end_ = 0;  // of the server's WAL, as far as we have heard
  bool reply_now_ = false;  // the server wants a status
  bool ended_ = false;
  absl::Status failed_;
  Clock::time_point told_at_;     // when the server was last sent a status
  Clock::time_point asked_at_;    // when it was last asked for a keepalive
  Clock::time_point checked_at_;  // when we last looked for an interrupt
  absl::Duration pause_;          // before the next attempt to connect
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_SLOT_MOVER_H_
