#include "postgres/replication.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "postgres/server_error.h"
#include "quote/quote.h"
#include "status/status_macros.h"
#include "types/lsn.h"

namespace deltamirror::postgres {
namespace {

constexpr int kPollMs = 50;
constexpr int kSendTimeoutMs = 10000;
constexpr int kStopTimeoutMs = 1000;
constexpr int kAskForSlotEveryMs = 50;

bool IsInUse(const absl::Status& status) {
  return SqlState(status) == "55006";
}

}  // namespace

absl::StatusOr<SystemIdentity> IdentifySystem(Connection& connection) {
  ASSIGN_OR_RETURN(const Result result, connection.Execute("IDENTIFY_SYSTEM"));
  if (result.rows() != 1 || result.columns() < 4) {
    return absl::InternalError(absl::StrCat("could not identify the server: got ", result.rows(), " rows and ",
                                            result.columns(), " columns, expected 1 row and 4 columns"));
  }
  SystemIdentity identity;
  identity.system_identifier = std::string(result.text(0, 0));
  if (!absl::SimpleAtoi(result.text(0, 1), &identity.timeline)) {
    return absl::InternalError(
        absl::StrCat("could not identify the server: got timeline \"", result.text(0, 1), "\", expected a number"));
  }
  identity.database = std::string(result.text(0, 3));
  return identity;
}

absl::StatusOr<uint64_t> WalEnd(Connection& connection) {
  ASSIGN_OR_RETURN(const Result result,
                   connection.Execute("SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE "
                                      "pg_current_wal_lsn() END"));
  return types::ParseLsn(result.text(0, 0));
}

absl::StatusOr<uint64_t> TakeXid(Connection& connection) {
  ASSIGN_OR_RETURN(const Result result, connection.Execute("SELECT CASE WHEN pg_is_in_recovery() THEN '0' ELSE "
                                                           "pg_current_xact_id()::text END"));
  uint64_t xid = 0;
  if (result.rows() == 1 && absl::SimpleAtoi(result.text(0, 0), &xid)) return xid;
  return absl::InternalError("expected a transaction ID from the server, got none");
}

void ReplicationStream::FreeCopyData::operator()(char* data) const {
  PQfreemem(data);
}

absl::StatusOr<ReplicationStream> ReplicationStream::Start(Connection connection, const std::string& slot,
                                                           uint64_t start, const Options& options,
                                                           absl::Duration patience) {
  std::string command =
      absl::StrCat("START_REPLICATION SLOT ", QuoteIdentifier(slot), " LOGICAL ", types::FormatLsn(start));
  const char* separator = " (";
  for (const auto& [name, value] : options) {
    absl::StrAppend(&command, separator, QuoteIdentifier(name), " ", QuoteLiteral(value));
    separator = ", ";
  }
  if (!options.empty()) command += ')';
  absl::StatusOr<Result> result = connection.Execute(command);
  for (const absl::Time end = absl::Now() + patience; IsInUse(result.status()) && absl::Now() < end;) {
    RETURN_IF_ERROR(connection.Wait(/*for_write=*/false, kAskForSlotEveryMs).status());
    result = connection.Execute(command);
  }
  RETURN_IF_ERROR(result.status());
  if (PQresultStatus(result->raw()) != PGRES_COPY_BOTH) {
    return absl::InternalError(absl::StrCat("could not read replication slot \"", slot, "\": got result ",
                                            PQresStatus(PQresultStatus(result->raw())), ", expected a copy"));
  }
  // A status must never wait for a server that itself waits for us to read.
  if (PQsetnonblocking(connection.handle(), 1) != 0) return connection.Failed("could not read the slot");
  return ReplicationStream(std::move(connection));
}

absl::StatusOr<ReplicationStream::Event> ReplicationStream::Next(ReplicationMessage* message) {
  data_.reset();
  char* data = nullptr;
  int size = PQgetCopyData(connection_.handle(), &data, /*async=*/1);
  if (size != 0) return Take(size, data, message);
  const bool alive = PQconsumeInput(connection_.handle()) != 0;
  // Also when the connection is gone: the last that came may be the server's reason.
  size = PQgetCopyData(connection_.handle(), &data, /*async=*/1);
  if (size == 0 && !alive) return connection_.Failed("lost the connection to the server");
  return Take(size, data, message);
}

absl::StatusOr<ReplicationStream::Event> ReplicationStream::Take(int size, char* data, ReplicationMessage* message) {
  if (size == 0) return Event::kNothing;
  if (size == -1) return End();
  if (size < 0) return connection_.Failed("lost the connection to the server");
  data_.reset(data);
  ASSIGN_OR_RETURN(*message, ParseReplicationMessage(absl::string_view(data, static_cast<size_t>(size))));
  return Event::kMessage;
}

absl::StatusOr<ReplicationStream::Event> ReplicationStream::End() {
  // The result behind the copy: the server's error, or a polite end.
  RETURN_IF_ERROR(connection_.NextResult().status());
  return Event::kEnd;
}

absl::StatusOr<bool> ReplicationStream::Poll(bool for_write, int timeout_ms) {
  pollfd socket = {PQsocket(connection_.handle()), POLLIN, 0};
  if (for_write) socket.events |= POLLOUT;
  const int ready = poll(&socket, 1, timeout_ms);
  if (ready < 0 && errno != EINTR) {
    return absl::UnavailableError(absl::StrCat("could not wait for the server: ", std::strerror(errno)));
  }
  return ready > 0;
}

absl::StatusOr<bool> ReplicationStream::Wait(int timeout_ms) {
  const absl::Time end = absl::Now() + absl::Milliseconds(timeout_ms);
  int left = timeout_ms;
  while (true) {
    ASSIGN_OR_RETURN(const bool ready, Poll(/*for_write=*/false, std::min(left, kPollMs)));
    if (ready) return true;
    if (connection_.interrupt()) RETURN_IF_ERROR(connection_.interrupt()());
    left = static_cast<int>(std::max<int64_t>(0, absl::ToInt64Milliseconds(end - absl::Now())));
    if (left == 0) return false;
  }
}

absl::Status ReplicationStream::FlushOutput() {
  const absl::Time end = absl::Now() + absl::Milliseconds(kSendTimeoutMs);
  while (true) {
    const int left = PQflush(connection_.handle());
    if (left == 0) return absl::OkStatus();
    if (left < 0) return connection_.Failed("lost the connection to the server");
    if (absl::Now() > end) return absl::UnavailableError("could not send a status to the server: it takes nothing");
    RETURN_IF_ERROR(Poll(/*for_write=*/true, kPollMs).status());
    // A server that is blocked by what it sends us must get rid of it first.
    if (PQconsumeInput(connection_.handle()) == 0) return connection_.Failed("lost the connection to the server");
  }
}

absl::Status ReplicationStream::SendStatus(const StandbyStatus& status) {
  const std::string message = FormatStandbyStatus(status);
  RETURN_IF_ERROR(FlushOutput());
  if (PQputCopyData(connection_.handle(), message.data(), static_cast<int>(message.size())) != 1) {
    return connection_.Failed("could not send a status to the server");
  }
  return FlushOutput();
}

void ReplicationStream::Stop() {
  if (PQputCopyEnd(connection_.handle(), nullptr) != 1 || !FlushOutput().ok()) return;
  const absl::Time end = absl::Now() + absl::Milliseconds(kStopTimeoutMs);
  ReplicationMessage message;
  while (absl::Now() < end) {
    const absl::StatusOr<Event> event = Next(&message);
    if (!event.ok()) return;
    if (*event == Event::kEnd) {
      // The slot is free when the server is ready for the next command.
      while (absl::Now() < end && PQisBusy(connection_.handle()) != 0) {
        if (!Poll(/*for_write=*/false, kPollMs).ok() || PQconsumeInput(connection_.handle()) == 0) return;
      }
      return;
    }
    if (*event == Event::kNothing && !Poll(/*for_write=*/false, kPollMs).ok()) return;
  }
}

}  // namespace deltamirror::postgres
