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
// connection of its own. A watch begins with a server that was just asked: it connects after a second, and a stream
// that only catches up is done by then. Where there can be no connection, the answer stays 0.
class WalEndWatch {
 public:
  WalEndWatch(std::string conninfo, InterruptCheck interrupt);

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
  absl::Time next_;
  uint64_t latest_ = 0;
};

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_WAL_END_WATCH_H_
