// What a SlotMover is asked for.

#ifndef DELTAMIRROR_DELTASTREAM_SLOT_MOVER_OPTIONS_H_
#define DELTAMIRROR_DELTASTREAM_SLOT_MOVER_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "deltastream/batch.h"
#include "types/table_filters.h"

namespace deltamirror::deltastream {

struct SlotMoverOptions {
  std::string conninfo;
  std::string slot;
  std::string destination;
  // What the stream is asked for; empty: what pg_slot_create remembered, else all tables.
  std::string tables;
  // Of a slot of plugin deltaflood; empty: what pg_slot_create remembered, else none.
  types::TableFilters filters;
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
  // For how long the server may say nothing, though it was asked, before it counts as lost. Infinite: for ever.
  absl::Duration receive_timeout = absl::Seconds(60);
  // A sign of life is asked for when no transaction has come for so long; zero: never.
  absl::Duration heartbeat = absl::ZeroDuration();
  bool reconnect = true;  // a server that was lost is waited for
  bool sync = true;       // false: durable means handed to the operating system
  InterruptCheck interrupt;
  std::function<void(absl::string_view)> notice;  // told of each lost connection; may be null
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_SLOT_MOVER_OPTIONS_H_
