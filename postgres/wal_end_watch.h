// How far a server's WAL reaches, looked at from time to time beside other work.

#ifndef DELTAMIRROR_POSTGRES_WAL_END_WATCH_H_
#define DELTAMIRROR_POSTGRES_WAL_END_WATCH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "postgres/connection.h"

namespace deltamirror::postgres {

// The replication protocol does not tell: its messages say how far the server has read for the slot. So this has a
// connection of its own, opened at the first call. Where there can be none, the answer stays 0.
class WalEndWatch {
 public:
  WalEndWatch(std::string conninfo, InterruptCheck interrupt)
      : conninfo_(std::move(conninfo)), interrupt_(std::move(interrupt)) {}

  // The last answer, and the next question: at most one a second. Does not wait for the answer.
  uint64_t Latest();

 private:
  void Ask();
  void TakeAnswer();
  void Forget();

  const std::string conninfo_;
  const InterruptCheck interrupt_;
  std::optional<Connection> connection_;
  bool asked_ = false;
  absl::Time next_ = absl::InfinitePast();
  uint64_t latest_ = 0;
};

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_WAL_END_WATCH_H_
