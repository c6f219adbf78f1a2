// How long to wait for a server: before the next attempt to reach it, and for a word from one that says nothing.

#ifndef DELTAMIRROR_DELTASTREAM_PATIENCE_H_
#define DELTAMIRROR_DELTASTREAM_PATIENCE_H_

#include <algorithm>

#include "absl/time/time.h"
#include "deltastream/sync_schedule.h"

namespace deltamirror::deltastream {

// Pauses between attempts, growing from a quarter of a second to half a minute: a server that restarts is back soon,
// and one that is down for the night must not be hammered.
class Pauses {
 public:
  static constexpr absl::Duration kFirst = absl::Milliseconds(250);
  static constexpr absl::Duration kLongest = absl::Seconds(30);

  // The next one.
  absl::Duration Next() {
    const absl::Duration pause = next_;
    next_ = std::min(2 * next_, kLongest);
    return pause;
  }

  // The server is there, and does what it is there for.
  void Reset() { next_ = kFirst; }

 private:
  absl::Duration next_ = kFirst;
};

// A server that has nothing to say is asked for a word when half of the limit has passed, and counts as lost when it
// has not answered in the other half. Only time in which somebody listened counts: the work may stand still, for as
// long as the rows' reader pleases.
class SilenceWatch {
 public:
  // The most that the limit may grow to.
  static constexpr absl::Duration kLongest = absl::Hours(1);

  // Infinite: never lost.
  explicit SilenceWatch(absl::Duration limit) : first_(limit), limit_(limit) {}

  absl::Duration limit() const { return limit_; }

  // Something came, or the connection is new.
  void Heard(Clock::time_point now) {
    heard_ = now;
    asked_ = Clock::time_point::max();
  }
  void Asked(Clock::time_point now) { asked_ = now; }

  bool MustAsk(Clock::time_point now) const { return !WasAsked() && now >= Next(); }
  bool IsOver(Clock::time_point now) const { return WasAsked() && now >= Next(); }

  // When one of the two will be true.
  Clock::time_point Next() const {
    if (limit_ == absl::InfiniteDuration()) return Clock::time_point::max();
    return (WasAsked() ? asked_ : heard_) + absl::ToChronoMilliseconds(limit_ / 2);
  }

  // Before another attempt, after the limit has passed. It grows with each: a server may be deep in the decoding of a
  // large transaction and begins it anew with each connection.
  void Extend() { limit_ = std::max(limit_, std::min(2 * limit_, kLongest)); }

  // Transactions come.
  void Reset() { limit_ = first_; }

 private:
  bool WasAsked() const { return asked_ != Clock::time_point::max(); }

  const absl::Duration first_;
  absl::Duration limit_;
  Clock::time_point heard_;
  Clock::time_point asked_ = Clock::time_point::max();
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_PATIENCE_H_
