#include "postgres/cancel.h"

#include <libpq-fe.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/status/statusor.h"
#include "threads/thread.h"

namespace deltamirror::postgres {
namespace {

constexpr std::chrono::seconds kPatience(1);

struct FreeCancel {
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};

// Shared by the thread that sends the request and the one that waits for it.
struct Request {
  std::unique_ptr<PGcancel, FreeCancel> cancel;
  std::mutex mutex;
  std::condition_variable changed;
  bool sent = false;

  void Send() {
    char error[256];
    PQcancel(cancel.get(), error, sizeof(error));
    const std::lock_guard<std::mutex> lock(mutex);
    sent = true;
    changed.notify_all();
  }

  bool Wait() {
    std::unique_lock<std::mutex> lock(mutex);
    return changed.wait_for(lock, kPatience, [this] { return sent; });
  }
};

}  // namespace

void RequestCancel(pg_conn* conn) {
  if (PQstatus(conn) != CONNECTION_OK) return;
  const auto request = std::make_shared<Request>();
  request->cancel.reset(PQgetCancel(conn));
  if (request->cancel == nullptr) return;
  absl::StatusOr<std::thread> thread = StartThread([request] { request->Send(); });
  if (!thread.ok()) return;
  if (request->Wait()) {
    thread->join();
    return;
  }
  // The code that it runs stays in memory: the extension is not unloaded (ext/extension.cc).
  thread->detach();
}

}  // namespace deltamirror::postgres
