#include "postgres/replication_message.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace deltamirror::postgres {
namespace {

constexpr size_t kDataHeaderSize = 1 + 8 + 8 + 8;
constexpr size_t kKeepaliveSize = 1 + 8 + 8 + 1;

// PostgreSQL counts time from 2000-01-01.
constexpr int64_t kPostgresEpoch = 946684800ll * 1000000;

uint64_t ReadUint64(absl::string_view bytes, size_t offset) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<uint8_t>(bytes[offset + i]);
  return value;
}

void AppendUint64(uint64_t value, std::string* out) {
  for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

// Unsigned, so that a damaged time is a strange time and not an overflow.
int64_t UnixTime(uint64_t postgres_time) {
  return static_cast<int64_t>(postgres_time + static_cast<uint64_t>(kPostgresEpoch));
}

absl::Status WrongSize(absl::string_view kind, size_t size, absl::string_view expected) {
  return absl::DataLossError(
      absl::StrCat("invalid ", kind, " message from the server: got ", size, " bytes, expected ", expected));
}

}  // namespace

absl::StatusOr<ReplicationMessage> ParseReplicationMessage(absl::string_view bytes) {
  if (bytes.empty()) return absl::DataLossError("invalid replication message from the server: it is empty");
  ReplicationMessage message;
  switch (bytes[0]) {
    case 'w':
      if (bytes.size() < kDataHeaderSize) {
        return WrongSize("data", bytes.size(), absl::StrCat("at least ", kDataHeaderSize));
      }
      message.kind = ReplicationMessage::Kind::kData;
      message.start_lsn = ReadUint64(bytes, 1);
      message.end_lsn = ReadUint64(bytes, 9);
      message.server_time = UnixTime(ReadUint64(bytes, 17));
      message.data = bytes.substr(kDataHeaderSize);
      return message;
    case 'k':
      if (bytes.size() != kKeepaliveSize) return WrongSize("keepalive", bytes.size(), absl::StrCat(kKeepaliveSize));
      message.kind = ReplicationMessage::Kind::kKeepalive;
      message.end_lsn = ReadUint64(bytes, 1);
      message.server_time = UnixTime(ReadUint64(bytes, 9));
      message.reply_requested = bytes[17] != 0;
      return message;
    default:
      return absl::DataLossError(
          absl::StrFormat("invalid replication message from the server: got kind 0x%02x, expected \"w\" or \"k\"",
                          static_cast<uint8_t>(bytes[0])));
  }
}

std::string FormatStandbyStatus(const StandbyStatus& status) {
  std::string out = "r";
  AppendUint64(status.written, &out);
  AppendUint64(status.flushed, &out);
  AppendUint64(status.applied, &out);
  AppendUint64(static_cast<uint64_t>(status.time) - static_cast<uint64_t>(kPostgresEpoch), &out);
  out.push_back(status.reply_requested ? 1 : 0);
  return out;
}

}  // namespace deltamirror::postgres
