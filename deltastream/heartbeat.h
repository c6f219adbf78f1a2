// A sign of life from the source where nothing else comes: a transaction with a logical message alone. It lets the slot
// advance, and tells the daystream and its mirrors what time it is on the server.

#ifndef DELTAMIRROR_DELTASTREAM_HEARTBEAT_H_
#define DELTAMIRROR_DELTASTREAM_HEARTBEAT_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "deltastream/side_connection.h"
#include "deltastream/sync_schedule.h"
#include "postgres/connection.h"

namespace deltamirror::deltastream {

// For one thread.
class Heartbeat {
 public:
  // `every`: zero for never. The role needs no right but to connect; the server must be no standby.
  Heartbeat(absl::Duration every, std::string conninfo, postgres::Connection::Options options)
      : every_(every), connection_(std::move(conninfo), std::move(options)) {}

  bool IsOn() const { return every_ > absl::ZeroDuration(); }

  // A transaction has come, or the connection is new.
  void Heard(Clock::time_point now) { heard_ = now; }

  // When the next beat is due, if nothing comes until then; max() for never.
  Clock::time_point Due() const {
    return IsOn() ? heard_ + absl::ToChronoMilliseconds(every_) : Clock::time_point::max();
  }

  // Has the server write the message. The xid of its transaction.
  absl::StatusOr<uint32_t> Beat();

 private:
  const absl::Duration every_;
  SideConnection connection_;
  Clock::time_point heard_;
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_HEARTBEAT_H_
