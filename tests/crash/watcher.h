// Somebody who reads the mirror's file all the time.

#ifndef DELTAMIRROR_TESTS_CRASH_WATCHER_H_
#define DELTAMIRROR_TESTS_CRASH_WATCHER_H_

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace deltamirror::crash {

// Reads on a thread and a connection of its own, without the extension, and checks that what it sees is a state that
// PostgreSQL had after some commit (see kTables), each one at or behind the one before. Begins with the tables already
// there.
class Watcher {
 public:
  explicit Watcher(const std::string& file);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // How often it has seen a whole state, and how many of these differed from the one before.
  int64_t reads() const { return reads_; }
  int64_t states() const { return states_; }

  // What was wrong first; "" if nothing was.
  std::string Complaint() const;

 private:
  void Read();
  bool ReadState(std::vector<int64_t>* counters);
  void Complain(const std::string& what);

  sqlite3* db_ = nullptr;
  std::atomic<bool> stopped_ = false;
  std::atomic<int64_t> reads_ = 0;
  std::atomic<int64_t> states_ = 0;
  mutable std::mutex mutex_;
  std::string complaint_;
  std::thread thread_;
};

}  // namespace deltamirror::crash

#endif  // DELTAMIRROR_TESTS_CRASH_WATCHER_H_
