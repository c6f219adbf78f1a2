// An ordinary connection beside the stream's, which is busy.

#ifndef DELTAMIRROR_DELTASTREAM_SIDE_CONNECTION_H_
#define DELTAMIRROR_DELTASTREAM_SIDE_CONNECTION_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "postgres/connection.h"
#include "status/status_macros.h"

namespace deltamirror::deltastream {

// Opened when it is needed first, and again when it was lost. For one thread.
class SideConnection {
 public:
  SideConnection(std::string conninfo, postgres::Connection::Options options)
      : conninfo_(std::move(conninfo)), options_(std::move(options)) {}

  // Does the work; once more, on a new connection, if the old one was lost.
  absl::Status Use(absl::FunctionRef<absl::Status(postgres::Connection&)> work) {
    const bool was_open = connection_.has_value();
    if (!was_open) {
      ASSIGN_OR_RETURN(connection_, postgres::Connection::Open(conninfo_, options_));
    }
    absl::Status status = work(*connection_);
    if (status.ok()) return status;
    connection_.reset();
    // It may have been idle for days.
    return was_open && absl::IsUnavailable(status) ? Use(work) : status;
  }

 private:
  const std::string conninfo_;
  const postgres::Connection::Options options_;
  std::optional<postgres::Connection> connection_;
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_SIDE_CONNECTION_H_
