#include "tests/crash/watcher.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "tests/crash/source.h"

namespace deltamirror::crash {
namespace {

// The counters of the writers, and what must be 0 in front: one statement, so one state.
std::string StateQuery() {
  return absl::Substitute(
      "SELECT n, "
      "(SELECT abs(sum(balance) - $0) + abs(count(*) - $1) FROM account), "
      "items - (SELECT count(*) FROM item WHERE item.writer = world.writer), "
      "item_sum - (SELECT coalesce(sum(value), 0) FROM item WHERE item.writer = world.writer), "
      "log_rows - (SELECT count(*) FROM log WHERE log.writer = world.writer), "
      "(SELECT count(*) FROM (SELECT 1 FROM log GROUP BY writer, n HAVING count(*) <> max(parts))), "
      "(SELECT count(*) FROM log WHERE log.writer = world.writer AND log.n > world.n), "
      "(SELECT count(*) FROM bulk) - (SELECT sum(bulk) FROM world), "
      "(SELECT count(*) FROM bulk WHERE bulk.batch <> (SELECT sum(batch) FROM world)) "
      "FROM world ORDER BY writer",
      kTotal, kAccounts);
}

constexpr const char* kChecks[] = {"balances",     "items",  "sum of items", "rows of log",
                                   "parts of log", "future", "bulk rows",    "bulk batch"};

// Of a database that another process is writing to, or has been killed over.
bool IsBusy(int rc) {
  return (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED;
}

}  // namespace

Watcher::Watcher(const std::string& file) {
  if (sqlite3_open(file.c_str(), &db_) != SQLITE_OK) Complain(sqlite3_errmsg(db_));
  sqlite3_busy_timeout(db_, 1000);
  thread_ = std::thread([this] { Read(); });
}

Watcher::~Watcher() {
  stopped_ = true;
  thread_.join();
  sqlite3_close_v2(db_);
}

std::string Watcher::Complaint() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return complaint_;
}

void Watcher::Complain(const std::string& what) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (complaint_.empty()) complaint_ = what;
}

void Watcher::Read() {
  std::vector<int64_t> last;
  while (!stopped_) {
    std::vector<int64_t> counters;
    if (ReadState(&counters)) {
      for (size_t i = 0; i < last.size(); ++i) {
        if (counters[i] < last[i]) {
          Complain(absl::StrCat("time went back: writer ", i, " was at ", last[i], ", is at ", counters[i]));
        }
      }
      ++reads_;
      if (counters != last) ++states_;
      last = counters;
    }
    absl::SleepFor(absl::Milliseconds(2));
  }
}

bool Watcher::ReadState(std::vector<int64_t>* counters) {
  static const auto* const query = new std::string(StateQuery());
  sqlite3_stmt* statement = nullptr;
  int rc = sqlite3_prepare_v2(db_, query->c_str(), -1, &statement, nullptr);
  while (rc == SQLITE_OK || rc == SQLITE_ROW) {
    rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW) break;
    const int writer = static_cast<int>(counters->size());
    counters->push_back(sqlite3_column_int64(statement, 0));
    for (size_t i = 0; i < std::size(kChecks); ++i) {
      const int64_t difference = sqlite3_column_int64(statement, static_cast<int>(i) + 1);
      const bool known = sqlite3_column_type(statement, static_cast<int>(i) + 1) == SQLITE_INTEGER;
      if (difference != 0 || !known) {
        Complain(absl::StrCat("a state that PostgreSQL never had: ", kChecks[i], " of writer ", writer, " after ",
                              counters->back(), " transactions are off by ", difference));
      }
    }
  }
  const std::string message = sqlite3_errmsg(db_);
  sqlite3_finalize(statement);
  if (rc == SQLITE_DONE && counters->size() == static_cast<size_t>(kWriters)) return true;
  if (!IsBusy(rc)) Complain(absl::StrCat("could not read the mirror: ", message, ", ", counters->size(), " writers"));
  return false;
}

}  // namespace deltamirror::crash
