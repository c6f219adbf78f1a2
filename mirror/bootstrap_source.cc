#include "mirror/bootstrap_source.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "daystream/files.h"
#include "daystream/reader.h"
#include "deltaflood/parser.h"
#include "postgres/slot.h"
#include "postgres/snapshot.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::mirror {
namespace {

constexpr int64_t kMicroseconds = 1000000;
// How far the records are looked at that tell the clock of deltastream's host.
constexpr int kLinesForClock = 10000;

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

// By how many seconds stamps are behind the commits that they are put on: a stamp is never older than the commit unless
// the clock of deltastream's host is behind the server's.
absl::StatusOr<int64_t> ClockBehind(daystream::Reader& reader) {
  daystream::Line line;
  deltaflood::Parser parser;
  deltaflood::Record record;
  int64_t behind = 0;
  for (int count = 0; count < kLinesForClock; ++count) {
    ASSIGN_OR_RETURN(const bool got, reader.Next(&line));
    if (!got) break;
    // What cannot be read will stop the mirror, with a better message.
    if (!parser.ParseHead(line.record_text, &record).ok() || !record.has_time) continue;
    behind = std::max(behind, record.time / kMicroseconds - line.position.clock);
  }
  return behind;
}

absl::StatusOr<std::unique_ptr<daystream::Reader>> OpenAt(const std::string& source, daystream::Position start) {
  daystream::ReaderOptions options;
  options.start = start;
  return daystream::Reader::Open(source, options);
}

daystream::Position SecondBefore(int64_t time, int64_t margin) {
  return {std::max<int64_t>(0, time / kMicroseconds - margin), 0};
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
  if (slot.has_value() && slot->wal_status != "lost") return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("replication slot \"", info.slot, "\", which feeds daystream \"", source, "\", ",
                   slot.has_value() ? "has lost changes" : "does not exist any more",
                   ". Make a new slot with pg_slot_create, and a new daystream with deltastream"));
}

absl::Status CheckCovered(const std::string& source, const daystream::SourceInfo& info,
                          const std::vector<postgres::CatalogTable>& tables) {
  if (info.tables.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const types::TableList list, types::TableList::Parse(info.tables));
  for (const postgres::CatalogTable& table : tables) {
    if (list.Matches(table.relation.schema, table.relation.table)) continue;
    return absl::FailedPreconditionError(absl::StrCat("daystream \"", source, "\" does not have table \"", table.name(),
                                                      "\": its slot's tables are \"", info.tables, "\""));
  }
  return absl::OkStatus();
}

absl::StatusOr<daystream::Position> StartPosition(const std::string& source, int64_t start_time, int64_t margin) {
  const daystream::Position start = SecondBefore(start_time, margin);
  if (source.empty()) return start;
  ASSIGN_OR_RETURN(const std::unique_ptr<daystream::Reader> reader, OpenAt(source, start));
  ASSIGN_OR_RETURN(const int64_t behind, ClockBehind(*reader));
  if (behind <= margin) return start;
  const daystream::Position earlier = SecondBefore(start_time, behind + margin);
  RETURN_IF_ERROR(OpenAt(source, earlier).status());
  return earlier;
}

}  // namespace deltamirror::mirror
