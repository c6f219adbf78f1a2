// From a replication slot into a daystream.

#ifndef DELTAMIRROR_DELTASTREAM_SLOT_MOVER_H_
#define DELTAMIRROR_DELTASTREAM_SLOT_MOVER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "deltastream/batch.h"
#include "deltastream/heartbeat.h"
#include "deltastream/patience.h"
#include "deltastream/slot_link.h"
#include "deltastream/slot_mover_options.h"
#include "deltastream/sync_schedule.h"
#include "postgres/connection.h"
#include "postgres/replication_message.h"
#include "postgres/wal_end_watch.h"

namespace deltamirror::deltastream {

// The server is told that a transaction is safe only when it is. With option `reconnect`, a server that is lost or
// restarts is waited for with growing pauses, and each loss, each attempt that fails, and the return are batches of
// their own. What no waiting can mend (see postgres::MayPass) is an error, and so is the first attempt's failure.
class SlotMover : public Mover {
 public:
  // See OpenLink. `session`: the connection of a temporary slot; it serves once.
  static absl::StatusOr<std::unique_ptr<SlotMover>> Open(SlotMoverOptions options,
                                                         std::optional<postgres::Connection> session = std::nullopt);

  // A statement that is not stepped to its end (LIMIT, an interrupt that SQLite notices itself) ends like one that is
  // interrupted here.
  ~SlotMover() override;

  absl::StatusOr<bool> Next(Batch* batch) override;

 private:
  explicit SlotMover(SlotMoverOptions options);

  absl::Status Connect(std::optional<postgres::Connection> session);
  absl::Status LookAtTables();
  absl::StatusOr<bool> ConnectAgain(Batch* batch);
  absl::StatusOr<bool> Lose(const absl::Status& why, Batch* batch);
  bool MayComeInOnePiece(const absl::Status& why) const;
  absl::StatusOr<bool> Work(Batch* batch);
  absl::Status Advance();
  absl::Status Take(const postgres::ReplicationMessage& message);
  absl::Status Idle();
  absl::Status Beat(Clock::time_point now);
  absl::Status Listen(Clock::time_point now);
  absl::StatusOr<bool> Settle(Clock::time_point now);
  absl::Status Confirm(bool ask_for_reply);
  absl::Status CheckInterrupt(Clock::time_point now);
  void Finish();
  bool Complete() const;
  int WaitTime(Clock::time_point now) const;
  Batch TakeDurable();
  int64_t Lag(uint64_t durable);

  const SlotMoverOptions options_;
  postgres::WalEndWatch wal_end_;
  std::optional<SlotLink> link_;
  uint64_t target_ = 0;     // where to stop; 0: nowhere
  uint64_t known_end_ = 0;  // of the server's WAL, as far as we have heard
  bool reply_now_ = false;  // the server wants a status
  bool heard_ = false;      // something has come since we last were idle
  bool in_pieces_ = true;   // large transactions may come before they end
  bool ended_ = false;
  absl::Status failed_;
  Clock::time_point connected_at_;
  Clock::time_point told_at_;     // when the server was last sent a status
  Clock::time_point asked_at_;    // when it was last asked for a keepalive, for the sake of target_
  Clock::time_point checked_at_;  // when we last looked for an interrupt
  SilenceWatch silence_;
  Heartbeat heartbeat_;
  Pauses pauses_;
  absl::Duration pause_;  // before the next attempt to connect
  int attempts_ = 0;      // since the connection was lost
  Batch told_;            // position and LSN of the last batch
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_SLOT_MOVER_H_
