// Applications that write to a PostgreSQL server all the time, in every way that matters to a hand-over.

#ifndef DELTAMIRROR_TESTS_HANDOVER_WRITERS_H_
#define DELTAMIRROR_TESTS_HANDOVER_WRITERS_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/lab/cluster.h"

namespace deltamirror::lab {

// The tables are account (moved amounts: the sum of balance is always 0), history (no key: a row that comes twice is
// there twice), token (rows whose key changes, and that come and go) and bulk (many rows at once, more than a server
// with Settings() decodes in memory). Each row of account, token and bulk counts its changes. Transactions have
// savepoints that are released and rolled back, pauses, rollbacks, synchronous and asynchronous commits; some are
// prepared, and committed or rolled back later.
//
//   Cluster cluster({.settings = Writers::Settings()});
//   Writers::MakeTables(cluster);
//   Writers writers(cluster, 4, seed);
//   ...
//   writers.Pause();     // nothing is committed from here on; some transactions may be open, or prepared
//   ...                  // compare
//   writers.Resume();
class Writers {
 public:
  // What the server needs.
  static std::vector<std::string> Settings();
  static void MakeTables(Cluster& cluster);

  Writers(const Cluster& cluster, int count, uint32_t seed);
  ~Writers() { Stop(); }
  Writers(const Writers&) = delete;
  Writers& operator=(const Writers&) = delete;

  void Pause();
  void Resume();
  void Stop();

  int64_t transactions() const { return transactions_; }

 private:
  class Writer;

  // Where a writer waits while others compare.
  void Park();

  std::atomic<bool> stop_ = false;
  std::atomic<int64_t> transactions_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool paused_ = false;
  int parked_ = 0;
  std::vector<std::thread> threads_;
};

// A synchronous standby that does not answer for a while, again and again: a transaction that commits meanwhile stands
// in the WAL, and so in the daystream, but is not visible.
class StallingStandby {
 public:
  StallingStandby(Cluster& cluster, uint32_t seed);
  ~StallingStandby() { Stop(); }
  StallingStandby(const StallingStandby&) = delete;
  StallingStandby& operator=(const StallingStandby&) = delete;

  // It answers, until Resume.
  void Pause();
  void Resume();
  void Stop();

 private:
  void Work(const Cluster& cluster, uint32_t seed);

  std::atomic<bool> stop_ = false;
  std::mutex mutex_;  // held while it stalls
  std::unique_lock<std::mutex> pause_{mutex_, std::defer_lock};
  std::thread thread_;
};

}  // namespace deltamirror::lab

#endif  // DELTAMIRROR_TESTS_HANDOVER_WRITERS_H_
