// The PostgreSQL side: tables, and writers that keep changing them in such a way that every committed state can be told
// from one that is not.

#ifndef DELTAMIRROR_TESTS_CRASH_SOURCE_H_
#define DELTAMIRROR_TESTS_CRASH_SOURCE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/lab/cluster.h"

namespace deltamirror::crash {

struct Table {
  const char* name;
  const char* columns;  // which print alike in PostgreSQL and in SQLite
};

// What is mirrored. After each commit:
//   account  the balances add up to kTotal, over kAccounts rows
//   item     of each writer, as many rows and as large a sum as world says; some with large values, kept out of line
//   log      of each writer, as many rows as world says; no key; each (writer, n) has `parts` rows
//   bulk     as many rows as world says, all of one batch; filled and emptied by transactions of some MiB
//   world    a row for each writer; n counts its transactions
//   marker   what was said last with Mark
inline constexpr Table kTables[] = {
    {"account", "id, balance"},
    {"item", "writer, k, value, pad"},
    {"log", "writer, n, part, parts"},
    {"bulk", "id, batch, pad"},
    {"world", "writer, n, items, item_sum, log_rows, bulk, batch"},
    {"marker", "id, n"},
};
inline constexpr int kAccounts = 40;
inline constexpr int64_t kTotal = 40000;
inline constexpr int kWriters = 3;

// The writers live as long as the object, and wait for a server that is away. For one thread.
class Source {
 public:
  // Makes the tables.
  explicit Source(const lab::Cluster& cluster);
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // The first rows; before, the tables are emptied.
  void Empty();
  void Fill();

  // Writers begin paused. Pause returns when no transaction is under way.
  void Resume();
  void Pause();

  // The next transaction of one of the writers is large.
  void AskForLarge() { ask_for_large_ = true; }

  // Transactions whose COMMIT was answered.
  int64_t commits() const { return commits_; }

  // All tables, or some separated by commas, as deltamirror_bootstrap and pg_slot_create take them.
  static std::string TableList();

 private:
  struct Writer {
    int id = 0;
    std::mutex busy;  // held during a transaction
    std::thread thread;
  };

  void Write(Writer* writer);

  const lab::Cluster& cluster_;
  std::atomic<bool> paused_ = true;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> ask_for_large_ = false;
  std::atomic<int64_t> commits_ = 0;
  std::vector<std::unique_ptr<Writer>> writers_;
};

}  // namespace deltamirror::crash

#endif  // DELTAMIRROR_TESTS_CRASH_SOURCE_H_
