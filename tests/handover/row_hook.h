// Something that happens in the middle of a first copy, for certain.

#ifndef DELTAMIRROR_TESTS_HANDOVER_ROW_HOOK_H_
#define DELTAMIRROR_TESTS_HANDOVER_ROW_HOOK_H_

#include <sqlite3.h>

#include <functional>
#include <string>
#include <utility>

#include "tests/lab/host.h"

namespace deltamirror::lab {

// Calls `action` once, on the thread that copies, when a host's connection inserts the `row`th row (from 1) into
// `table`. The action must not use that connection, but for sqlite3_interrupt.
//
//   RowHook hook(&host, "t", 500, [&] { cluster.Stop("immediate"); });
//   host.Error(bootstrap_sql);
//   EXPECT_TRUE(hook.called());
class RowHook {
 public:
  RowHook(Host* host, std::string table, int row, std::function<void()> action)
      : host_(host), table_(std::move(table)), left_(row), action_(std::move(action)) {
    sqlite3_update_hook(host_->db(), &Update, this);
  }
  ~RowHook() { sqlite3_update_hook(host_->db(), nullptr, nullptr); }
  RowHook(const RowHook&) = delete;
  RowHook& operator=(const RowHook&) = delete;

  bool called() const { return left_ <= 0; }

 private:
  static void Update(void* self, int operation, const char* /*database*/, const char* table, sqlite3_int64 /*rowid*/) {
    auto* hook = static_cast<RowHook*>(self);
    if (operation == SQLITE_INSERT && hook->table_ == table && --hook->left_ == 0) hook->action_();
  }

  Host* const host_;
  const std::string table_;
  int left_;
  const std::function<void()> action_;
};

}  // namespace deltamirror::lab

#endif  // DELTAMIRROR_TESTS_HANDOVER_ROW_HOOK_H_
