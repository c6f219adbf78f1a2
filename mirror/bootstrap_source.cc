#include "mirror/bootstrap_source.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "daystream/files.h"
#include "daystream/reader.h"
#include "postgres/slot.h"
#include "postgres/snapshot.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

constexpr int64_t kMicroseconds = 1000000;

absl::Status NotBegun(const std::string& source) {
  return absl::FailedPreconditionError(
      absl::StrCat("no daystream was begun in \"", source,
                   "\". Make a slot with pg_slot_create, and start deltastream, before the first copy"));
}

absl::Status WrongServer(const std::string& source, absl::string_view what, absl::string_view kept,
                         absl::string_view got) {
  return absl::FailedPreconditionError(absl::StrCat("daystream \"", source, "\" is of ", what, " \"", kept,
                                                    "\", but the connection leads to \"", got, "\""));
}

// Rounded down, and not below 0.
int64_t Seconds(int64_t microseconds) {
  return std::max<int64_t>(0, microseconds) / kMicroseconds;
}

}  // namespace

absl::StatusOr<std::optional<daystream::SourceInfo>> ReadMirrorSource(const std::string& source) {
  if (source.empty()) return std::nullopt;
  const absl::StatusOr<daystream::Location> location = daystream::ResolveSource(source);
  if (absl::IsNotFound(location.status())) return NotBegun(source);
  RETURN_IF_ERROR(location.status());
  if (!location->is_directory) return std::nullopt;
  absl::StatusOr<daystream::SourceInfo> info = daystream::LoadSourceInfo(location->path);
  if (info.ok()) return *std::move(info);
  if (!absl::IsNotFound(info.status())) return info.status();
  ASSIGN_OR_RETURN(const bool holds_lines, daystream::HoldsLines(location->path));
  if (!holds_lines) return NotBegun(source);
  return std::nullopt;
}

absl::Status CheckServer(const std::string& source, const daystream::SourceInfo& info,
                         postgres::Connection& connection) {
  ASSIGN_OR_RETURN(const postgres::ServerIdentity server, postgres::ReadServerIdentity(connection));
  // A daystream that is fed from a file does not know where it comes from.
  if (!info.system_identifier.empty() && info.system_identifier != server.system_identifier)
    return WrongServer(source, "the server with system identifier", info.system_identifier, server.system_identifier);
  if (!info.database.empty() && info.database != server.database)
    return WrongServer(source, "database", info.database, server.database);
  if (info.slot.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::optional<postgres::Slot> slot, postgres::FindSlot(connection, info.slot));
  if (slot.has_value() ? slot->wal_status != "lost" : info.standby) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("replication slot \"", info.slot, "\", which feeds daystream \"", source, "\", ",
                   slot.has_value() ? "has lost changes" : "does not exist any more",
                   ". Make a new slot with pg_slot_create, and a new daystream with deltastream"));
}

absl::StatusOr<daystream::Position> StartPosition(const std::string& source, const ReadingStart& start) {
  int64_t clock = Seconds(start.time) - start.margin;
  if (start.last != daystream::kBeforeAll) {
    // Rounded up, so that the difference of the two is rounded down.
    const int64_t since = Seconds(start.now - start.time + kMicroseconds - 1);
    clock = std::min(clock, start.last.clock - since - start.margin);
  } else if (start.began != 0) {
    clock = std::min(clock, start.began - start.margin);
  }
  const daystream::Position position = {std::max<int64_t>(0, clock), 0};
  if (source.empty()) return position;
  // It says whether lines from there on are missing.
  daystream::ReaderOptions options;
  options.start = position;
  RETURN_IF_ERROR(daystream::Reader::Open(source, options).status());
  return position;
}

absl::StatusOr<bool> IsPruned(const std::string& source, daystream::Position position) {
  if (source.empty()) return false;
  daystream::ReaderOptions options;
  options.start = position;
  options.after = true;
  const absl::Status status = daystream::Reader::Open(source, options).status();
  if (absl::IsOutOfRange(status)) return true;
  RETURN_IF_ERROR(status);
  return false;
}

}  // namespace deltamirror::mirror
