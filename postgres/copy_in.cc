#include "postgres/copy_in.h"

#include <libpq-fe.h>

#include <optional>
#include <utility>

#include "status/status_macros.h"

namespace deltamirror::postgres {

absl::StatusOr<CopyIn> CopyIn::Begin(Connection* connection, const std::string& sql) {
  ASSIGN_OR_RETURN(const Result result, connection->Execute(sql));
  if (PQresultStatus(result.raw()) != PGRES_COPY_IN) {
    return absl::InvalidArgumentError("the statement copies nothing in, expected COPY ... FROM STDIN");
  }
  // A blocking write could not be interrupted.
  if (PQsetnonblocking(connection->handle(), 1) != 0) return connection->Failed("could not begin to send");
  return CopyIn(connection);
}

absl::Status CopyIn::Flush() {
  while (true) {
    const int unsent = PQflush(connection_->handle());
    if (unsent == 0) return absl::OkStatus();
    if (unsent < 0) return connection_->Failed("lost the connection to the server");
    RETURN_IF_ERROR(connection_->Wait(/*for_write=*/true, -1).status());
  }
}

absl::Status CopyIn::Write(absl::string_view data) {
  while (true) {
    const int queued = PQputCopyData(connection_->handle(), data.data(), static_cast<int>(data.size()));
    if (queued < 0) return connection_->Failed("could not send to the server");
    RETURN_IF_ERROR(Flush());
    if (queued > 0) return absl::OkStatus();
  }
}

absl::StatusOr<int64_t> CopyIn::Finish() {
  if (PQputCopyEnd(connection_->handle(), nullptr) < 0) return connection_->Failed("could not send to the server");
  RETURN_IF_ERROR(Flush());
  int64_t rows = 0;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<Result> result, connection_->NextResult());
    if (!result) break;
    rows = result->affected().value_or(0);
  }
  PQsetnonblocking(connection_->handle(), 0);
  return rows;
}

}  // namespace deltamirror::postgres
