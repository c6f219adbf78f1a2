// When to make the log durable. Waiting for the disk stops the stream, so it is done as seldom as its users (the
// confirmation, the row) can bear: soon after the source has gone quiet, now and then while it is busy, and never for
// more than a small part of the time, however slow the disk.

#ifndef DELTAMIRROR_DELTASTREAM_SYNC_SCHEDULE_H_
#define DELTAMIRROR_DELTASTREAM_SYNC_SCHEDULE_H_

#include <algorithm>
#include <chrono>

namespace deltamirror::deltastream {

using Clock = std::chrono::steady_clock;

class SyncSchedule {
 public:
  static constexpr std::chrono::milliseconds kQuiet{20};   // without a line: the source has gone quiet
  static constexpr std::chrono::milliseconds kPause{100};  // between two syncs of a slow stream
  static constexpr std::chrono::milliseconds kBusy{500};   // of a fast one
  static constexpr int kCostFactor = 10;                   // at most a tenth of the time goes into syncs

  // Something was appended.
  void Wrote(Clock::time_point now) {
    if (!pending_) first_ = now;
    pending_ = true;
    last_ = now;
  }

  // Everything appended is durable; it took from `begin` to `end`.
  void Synced(Clock::time_point begin, Clock::time_point end) {
    pending_ = false;
    synced_ = end;
    cost_ = end - begin;
  }

  bool pending() const { return pending_; }

  // When to sync, if nothing more comes until then; max() if there is nothing to sync.
  Clock::time_point Due() const {
    if (!pending_) return Clock::time_point::max();
    const Clock::time_point quiet = std::max(last_ + kQuiet, synced_ + std::max<Clock::duration>(kPause, cost_));
    const Clock::time_point busy = first_ + std::max<Clock::duration>(kBusy, kCostFactor * cost_);
    return std::min(quiet, busy);
  }

 private:
  bool pending_ = false;
  Clock::time_point first_;   // the oldest line that is not durable
  Clock::time_point last_;    // the newest
  Clock::time_point synced_;  // the last sync's end
  Clock::duration cost_{0};
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_SYNC_SCHEDULE_H_
