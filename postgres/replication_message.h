// The messages inside a replication COPY, as bytes: what the server sends ("w" XLogData, "k" keepalive) and what a
// standby answers ("r"). PostgreSQL's documentation has them under "Streaming Replication Protocol".

#ifndef DELTAMIRROR_POSTGRES_REPLICATION_MESSAGE_H_
#define DELTAMIRROR_POSTGRES_REPLICATION_MESSAGE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace deltamirror::postgres {

struct ReplicationMessage {
  enum class Kind : uint8_t { kData, kKeepalive };

  Kind kind = Kind::kKeepalive;
  // kData: where the data begins in WAL. For the message that an output plugin writes while it handles a commit, the
  // end of the transaction: what may be confirmed once the transaction is safe.
  uint64_t start_lsn = 0;
  // kKeepalive: how far the server has read the WAL for this slot; all transactions that end before it were sent.
  uint64_t end_lsn = 0;
  int64_t server_time = 0;       // when it was sent, microseconds since 1970-01-01 00:00:00 UTC
  bool reply_requested = false;  // kKeepalive: the server wants to hear from us at once
  absl::string_view data;        // kData: what the plugin wrote; points into the bytes that were parsed
};

// DataLoss, naming kind, size and expected size, if `bytes` are not one of the two messages.
absl::StatusOr<ReplicationMessage> ParseReplicationMessage(absl::string_view bytes);

// What a standby tells: everything before these LSNs was received, made durable, applied.
struct StandbyStatus {
  uint64_t written = 0;
  uint64_t flushed = 0;  // the server may throw away what lies before it
  uint64_t applied = 0;
  int64_t time = 0;              // microseconds since 1970-01-01 00:00:00 UTC
  bool reply_requested = false;  // the server is to send a keepalive at once
};

// The 34 bytes of the message.
std::string FormatStandbyStatus(const StandbyStatus& status);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_REPLICATION_MESSAGE_H_
