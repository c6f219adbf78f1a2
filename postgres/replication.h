// The streaming replication protocol of a logical slot.

#ifndef DELTAMIRROR_POSTGRES_REPLICATION_H_
#define DELTAMIRROR_POSTGRES_REPLICATION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "postgres/connection.h"
#include "postgres/replication_message.h"

namespace deltamirror::postgres {

// What IDENTIFY_SYSTEM tells.
struct SystemIdentity {
  std::string system_identifier;
  int64_t timeline = 0;
  std::string database;
};

// `connection` must be one for replication.
absl::StatusOr<SystemIdentity> IdentifySystem(Connection& connection);

// How far the server's WAL is written; on a standby, replayed.
absl::StatusOr<uint64_t> WalEnd(Connection& connection);

// A transaction ID that no transaction before had, 64 bits wide; 0 on a standby, which gives none.
absl::StatusOr<uint64_t> TakeXid(Connection& connection);

// Reads a slot.
//
//   ASSIGN_OR_RETURN(Connection connection, Connection::Open(conninfo, {.replication = true, .interrupt = check}));
//   ASSIGN_OR_RETURN(ReplicationStream stream,
//                    ReplicationStream::Start(std::move(connection), "mirror", 0, {{"mirror", "true"}},
//                    absl::Seconds(3)));
//   ReplicationMessage message;
//   ASSIGN_OR_RETURN(const ReplicationStream::Event event, stream.Next(&message));
//   if (event == ReplicationStream::Event::kNothing) RETURN_IF_ERROR(stream.Wait(100).status());
//
// Unlike Connection's own calls, an interrupt does not cancel anything on the server: the caller can still confirm what
// is safe before it goes. Unavailable errors mean that the connection is gone and that another may do.
class ReplicationStream {
 public:
  // Name and value of an option of the output plugin.
  using Options = std::vector<std::pair<std::string, std::string>>;

  enum class Event : uint8_t {
    kMessage,
    kNothing,  // nothing has come; see Wait
    kEnd,      // the server has ended the stream, as it does at a shutdown
  };

  // START_REPLICATION. The server begins at `start`, or where the slot was confirmed if that lies behind it: 0 is
  // always right. A slot that is in use is given up to `patience` to become free: whoever looks into it, as
  // deltamirror_verify does, holds it for a moment. After that SQLSTATE 55006 (server_error.h).
  static absl::StatusOr<ReplicationStream> Start(Connection connection, const std::string& slot, uint64_t start,
                                                 const Options& options, absl::Duration patience);

  // The next message that has come, without waiting. `message->data` is valid until the next call.
  absl::StatusOr<Event> Next(ReplicationMessage* message);

  // Waits until something has come (true) or `timeout_ms` has passed (false). The connection's interrupt check is asked
  // about every 50 ms.
  absl::StatusOr<bool> Wait(int timeout_ms);

  // Tells the server how far we are. Waits, up to ten seconds, until the message is on its way.
  absl::Status SendStatus(const StandbyStatus& status);

  // Ends the stream in an orderly way, so that the slot is free when this returns. Gives up after a second: closing
  // the connection, as the destructor does, frees the slot a little later. Messages that still come are dropped.
  void Stop();

 private:
  explicit ReplicationStream(Connection connection) : connection_(std::move(connection)) {}

  struct FreeCopyData {
    void operator()(char* data) const;
  };

  absl::StatusOr<Event> Take(int size, char* data, ReplicationMessage* message);
  absl::StatusOr<Event> End();
  absl::StatusOr<bool> Poll(bool for_write, int timeout_ms);
  absl::Status FlushOutput();

  Connection connection_;
  std::unique_ptr<char, FreeCopyData> data_;
};

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_REPLICATION_H_
