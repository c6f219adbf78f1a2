#include "tests/faults/running_query.h"

#include <sqlite3.h>

#include <utility>
#include <vector>

namespace deltamirror {

RunningQuery::RunningQuery(const std::string& sql) : thread_([this, sql] { Run(sql); }) {}

RunningQuery::~RunningQuery() {
  Interrupt();
}

lab::Rows RunningQuery::rows() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return rows_;
}

std::string RunningQuery::Wait() {
  if (thread_.joinable()) thread_.join();
  return error_;
}

std::string RunningQuery::Interrupt() {
  // Before the statement has begun it would not be heard.
  while (!ended_) {
    sqlite3_interrupt(host_.db());
    std::this_thread::yield();
  }
  return Wait();
}

void RunningQuery::Run(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  int rc = sqlite3_prepare_v2(host_.db(), sql.c_str(), -1, &statement, nullptr);
  while (rc == SQLITE_OK || rc == SQLITE_ROW) {
    rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW) break;
    std::vector<std::string> row;
    for (int column = 0; column < sqlite3_column_count(statement); ++column) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      row.emplace_back(text == nullptr ? "NULL" : text);
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    rows_.push_back(std::move(row));
  }
  if (rc != SQLITE_DONE) error_ = sqlite3_errmsg(host_.db());
  sqlite3_finalize(statement);
  ended_ = true;
}

}  // namespace deltamirror
