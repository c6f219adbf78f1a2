#include "postgres/copy_out.h"

#include <libpq-fe.h>
#include <poll.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "status/status_macros.h"

namespace deltamirror::postgres {
namespace {

constexpr int kPollMs = 50;
// How often a stopped reader waits for a server that does not answer to the cancel: five seconds.
constexpr int kMostWaitsAfterStop = 5000 / kPollMs;

}  // namespace

absl::StatusOr<CopyOut> CopyOut::Begin(Connection* connection, const std::string& sql) {
  ASSIGN_OR_RETURN(const Result result, connection->Execute(sql));
  if (PQresultStatus(result.raw()) != PGRES_COPY_OUT) {
    return absl::InvalidArgumentError("the statement copies nothing out, expected COPY ... TO STDOUT");
  }
  return CopyOut(connection);
}

// Not Connection::Wait: that asks for interrupts, which belong to another thread.
absl::Status CopyOut::WaitForData(const std::atomic<bool>& stop) {
  if (stop.load(std::memory_order_relaxed) && ++waits_after_stop_ > kMostWaitsAfterStop) {
    return absl::UnavailableError("the server did not end the COPY that was cancelled");
  }
  pollfd socket = {PQsocket(connection_->handle()), POLLIN, 0};
  if (poll(&socket, 1, kPollMs) < 0 && errno != EINTR) {
    return absl::UnavailableError(absl::StrCat("could not wait for the server: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

// The result behind the data tells whether all of it came.
absl::StatusOr<bool> CopyOut::Finish() {
  absl::Status failed;
  while (PGresult* raw = PQgetResult(connection_->handle())) {
    const Result result(raw);
    if (failed.ok()) failed = StatusOf(result);
  }
  if (!failed.ok()) return failed;
  return false;
}

absl::StatusOr<bool> CopyOut::Read(size_t size, const std::atomic<bool>& stop, std::string* block) {
  while (block->size() < size) {
    char* message = nullptr;
    const int length = PQgetCopyData(connection_->handle(), &message, /*async=*/1);
    if (length > 0) {
      if (!stop.load(std::memory_order_relaxed)) block->append(message, static_cast<size_t>(length));
      PQfreemem(message);
      continue;
    }
    if (length == -1) return Finish();
    if (length == -2) return connection_->Failed("could not read from the server");
    RETURN_IF_ERROR(WaitForData(stop));
    if (PQconsumeInput(connection_->handle()) == 0) return connection_->Failed("lost the connection to the server");
  }
  return true;
}

}  // namespace deltamirror::postgres
