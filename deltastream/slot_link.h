// A slot that is read, and the daystream that it is written to: found to fit, and joined.

#ifndef DELTAMIRROR_DELTASTREAM_SLOT_LINK_H_
#define DELTAMIRROR_DELTASTREAM_SLOT_LINK_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "deltastream/pgoutput_feed.h"
#include "deltastream/slot_log.h"
#include "deltastream/slot_mover_options.h"
#include "postgres/connection.h"
#include "postgres/replication.h"

namespace deltamirror::deltastream {

// What a lost connection takes with it. The stream goes first: closing it frees the slot.
struct SlotLink {
  std::unique_ptr<SlotLog> log;
  std::unique_ptr<PgoutputFeed> pgoutput;  // null: the slot sends lines
  bool in_pieces = false;                  // the server streams what has not ended yet
  uint64_t wal_end = 0;                    // of the server, when it was connected
  postgres::ReplicationStream stream;
};

// Connects, checks slot and daystream (see slot_check.h), and begins to stream. `silence`: how long the server may take
// for an answer. `in_pieces`: large transactions may come before they end, where the server can do that. `session`: the
// connection of a temporary slot. postgres::MayPass tells which errors are worth another attempt.
absl::StatusOr<SlotLink> OpenLink(const SlotMoverOptions& options, absl::Duration silence, bool in_pieces,
                                  std::optional<postgres::Connection> session = std::nullopt);

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_SLOT_LINK_H_
