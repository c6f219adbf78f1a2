#include "deltastream/slot_link.h"

#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include "daystream/source.h"
#include "daystream/writer.h"
#include "deltastream/slot_check.h"
#include "postgres/filter_names.h"
#include "postgres/server_ready.h"
#include "postgres/slot.h"
#include "postgres/slot_record.h"
#include "postgres/timeline.h"
#include "postgres/wal_flush.h"
#include "status/status_macros.h"
#include "types/lsn.h"
#include "types/table_filters.h"
#include "types/table_list.h"

namespace deltamirror::deltastream {
namespace {

// The reader before us may have been killed a moment ago, and deltamirror_verify may look into the slot.
constexpr absl::Duration kSlotPatience = absl::Seconds(3);
// Of one message of the plugin: large enough that messages cost nothing, small enough for every cache.
constexpr char kMessageSize[] = "65536";
constexpr char kPgoutput[] = "pgoutput";

postgres::ReplicationStream::Options DeltafloodOptions(const std::string& tables, const types::TableFilters& filters,
                                                       bool heartbeat) {
  postgres::ReplicationStream::Options options = {
      {"mirror", "true"}, {"partition-root", "true"}, {"batch-size", kMessageSize}};
  if (!tables.empty()) options.emplace_back("tables", tables);
  if (!filters.empty()) options.emplace_back("filters", filters.ToJson());
  if (heartbeat) options.emplace_back("heartbeat", "true");
  return options;
}

// The server and its slot, before anything of ours is touched.
struct Source {
  postgres::SystemIdentity identity;
  uint64_t wal_end = 0;    // written; flushed, if that is what is caught up with
  uint64_t confirmed = 0;  // of the slot
  std::string plugin;
  std::string tables;
  types::TableFilters filters;  // deltaflood's
  std::string publication;      // pgoutput's, else empty
  bool standby = false;
};

bool WasReadFrom(const SlotMoverOptions& options, const postgres::SystemIdentity& identity) {
  const absl::StatusOr<std::string> directory = daystream::ResolveDestination(options.destination);
  if (!directory.ok()) return false;
  const absl::StatusOr<daystream::SourceInfo> kept = daystream::LoadSourceInfo(*directory);
  return kept.ok() && kept->slot == options.slot && kept->system_identifier == identity.system_identifier;
}

absl::Status CheckOptionsFit(const SlotMoverOptions& options, const std::string& plugin) {
  if (plugin == kPgoutput && !options.filters.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("option \"filters\" is for plugin \"deltaflood\", but the plugin of replication slot \"",
                     options.slot, "\" is \"", plugin, "\": its publication says which columns and rows it has"));
  }
  if (plugin != kPgoutput && !options.publication.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("option \"publication\" with value \"", options.publication,
                     "\" is for plugin \"pgoutput\", but the plugin of replication slot \"", options.slot, "\" is \"",
                     plugin, "\""));
  }
  return absl::OkStatus();
}

absl::StatusOr<Source> LookAt(postgres::Connection& connection, const SlotMoverOptions& options) {
  Source source;
  ASSIGN_OR_RETURN(source.identity, postgres::IdentifySystem(connection));
  ASSIGN_OR_RETURN(const std::optional<postgres::Slot> slot,
                   postgres::FindFreeSlot(connection, options.slot, kSlotPatience));
  if (!slot.has_value() && WasReadFrom(options, source.identity)) return SlotIsGone(options.slot, options.destination);
  RETURN_IF_ERROR(CheckSlot(options.slot, slot, source.identity.database));
  ASSIGN_OR_RETURN(source.confirmed, ConfirmedLsn(*slot));
  ASSIGN_OR_RETURN(source.standby, postgres::IsStandby(connection));
  // What was committed asynchronously a moment ago belongs to what there is to catch up with.
  ASSIGN_OR_RETURN(source.wal_end, options.until == SlotMoverOptions::Until::kCaughtUp ? postgres::FlushWal(connection)
                                                                                       : postgres::WalEnd(connection));
  source.plugin = *slot->plugin;
  ASSIGN_OR_RETURN(const postgres::SlotRecord record, postgres::RecallSlot(connection, options.slot));
  source.tables = options.tables.empty() ? record.tables : options.tables;
  if (source.plugin != kPgoutput) {
    ASSIGN_OR_RETURN(source.filters, types::TableFilters::Parse(record.filters));
    if (!options.filters.empty()) source.filters = options.filters;
  }
  RETURN_IF_ERROR(CheckOptionsFit(options, source.plugin));
  if (source.plugin == kPgoutput) {
    source.publication = !options.publication.empty()  ? options.publication
                         : !record.publication.empty() ? record.publication
                                                       : options.slot;
    RETURN_IF_ERROR(CheckPublication(connection, source.publication));
  }
  return source;
}

// Null for a slot whose plugin sends lines.
absl::StatusOr<std::unique_ptr<PgoutputFeed>> MakeFeed(const SlotMoverOptions& options, const Source& source) {
  if (source.plugin != kPgoutput) return nullptr;
  PgoutputFeed::Options feed = {.conninfo = options.conninfo,
                                .slot = options.slot,
                                .publication = source.publication,
                                .silence = options.receive_timeout,
                                .interrupt = options.interrupt};
  ASSIGN_OR_RETURN(feed.directory, daystream::ResolveDestination(options.destination));
  if (!source.tables.empty()) {
    ASSIGN_OR_RETURN(feed.tables, types::TableList::Parse(source.tables));
  }
  return std::make_unique<PgoutputFeed>(feed);
}

daystream::SourceInfo InfoOf(const SlotMoverOptions& options, const Source& source) {
  daystream::SourceInfo info;
  info.system_identifier = source.identity.system_identifier;
  info.timeline = source.identity.timeline;
  info.database = source.identity.database;
  info.slot = options.slot;
  info.plugin = source.plugin;
  info.tables = source.tables;
  info.filters = source.filters.ToJson();
  info.publication = source.publication;
  info.standby = source.standby;
  info.confirmed_lsn = types::FormatLsn(source.confirmed);
  return info;
}

// Whether the slot goes on where the daystream ends. `kept`: what the daystream knew of its source until now.
absl::Status CheckSeam(const SlotMoverOptions& options, const Source& source, const daystream::SourceInfo& kept,
                       const daystream::Writer& writer, postgres::Connection& connection) {
  uint64_t held = writer.last_commit_lsn();
  if (!writer.source().confirmed_lsn.empty()) {
    ASSIGN_OR_RETURN(const uint64_t saved, types::ParseLsn(writer.source().confirmed_lsn));
    held = std::max(held, saved);
  }
  if (kept.timeline != source.identity.timeline) {
    ASSIGN_OR_RETURN(const std::optional<uint64_t> end,
                     postgres::FindTimelineEnd(connection, source.identity.timeline, kept.timeline));
    RETURN_IF_ERROR(CheckTimeline(kept.timeline, source.identity.timeline, end, options.destination, held));
  }
  return CheckContinuity(options.slot, source.confirmed, source.wal_end, options.destination, held);
}

// The filters of a daystream stay what they were at its beginning, and so does what the names in them mean: mirrors
// hold what was written by them.
absl::Status SettleFilters(const SlotMoverOptions& options, const absl::StatusOr<daystream::SourceInfo>& kept,
                           postgres::Connection& connection, types::TableFilters* filters) {
  // One of another source is refused when it is opened.
  const bool has_begun = kept.ok() && kept->slot == options.slot;
  if (!has_begun && !options.filters.empty()) return postgres::FixFilterNames(connection, filters);
  if (!has_begun) return absl::OkStatus();
  ASSIGN_OR_RETURN(types::TableFilters begun, types::TableFilters::Parse(kept->filters));
  RETURN_IF_ERROR(CheckSameFilters(options.destination, begun, *filters));
  *filters = std::move(begun);
  return absl::OkStatus();
}

// The daystream, if it is this slot's and has everything that the slot no longer has.
// `looked_at`: its filters are settled.
absl::StatusOr<std::unique_ptr<daystream::Writer>> OpenLog(const SlotMoverOptions& options, Source* looked_at,
                                                           postgres::Connection& connection) {
  ASSIGN_OR_RETURN(const std::string directory, daystream::ResolveDestination(options.destination));
  const absl::StatusOr<daystream::SourceInfo> kept = daystream::LoadSourceInfo(directory);
  RETURN_IF_ERROR(SettleFilters(options, kept, connection, &looked_at->filters));
  const Source& source = *looked_at;
  daystream::SourceInfo info = InfoOf(options, source);
  if (!kept.ok() || kept->began_xid == 0) {
    ASSIGN_OR_RETURN(info.began_xid, postgres::TakeXid(connection));
  }
  absl::StatusOr<std::unique_ptr<daystream::Writer>> writer = daystream::Writer::Open(options.destination, info);
  // Unlike a server that is away, another writer is nothing to wait for.
  if (absl::IsUnavailable(writer.status())) return absl::FailedPreconditionError(writer.status().message());
  RETURN_IF_ERROR(writer.status());
  const absl::Status seam = CheckSeam(options, source, kept.ok() ? *kept : info, **writer, connection);
  if (seam.ok()) return writer;
  // Opening has written the new timeline down; the next attempt must see the difference, too.
  if (kept.ok()) RETURN_IF_ERROR(daystream::SaveSourceInfo(directory, *kept));
  return seam;
}

}  // namespace

absl::StatusOr<SlotLink> OpenLink(const SlotMoverOptions& options, absl::Duration silence, bool in_pieces,
                                  std::optional<postgres::Connection> session) {
  if (!session.has_value()) {
    const postgres::Connection::Options how = {.replication = true, .interrupt = options.interrupt, .silence = silence};
    absl::StatusOr<postgres::Connection> opened = postgres::Connection::Open(options.conninfo, how);
    if (!opened.ok()) return postgres::ExplainNoWalsender(opened.status());
    session = *std::move(opened);
  }
  session->set_interrupt(options.interrupt);
  ASSIGN_OR_RETURN(Source source, LookAt(*session, options));
  ASSIGN_OR_RETURN(std::unique_ptr<daystream::Writer> writer, OpenLog(options, &source, *session));
  ASSIGN_OR_RETURN(std::unique_ptr<PgoutputFeed> feed, MakeFeed(options, source));
  const int version = session->server_version();
  const bool heartbeat = options.heartbeat > absl::ZeroDuration();
  if (heartbeat && source.standby) {
    return absl::InvalidArgumentError(
        "option \"heartbeat\" is not possible on a standby, which cannot write: it has the primary's, if that has "
        "some");
  }
  in_pieces = in_pieces && feed != nullptr && CanStreamInPieces(version);
  // 0: from where the slot was confirmed.
  ASSIGN_OR_RETURN(
      postgres::ReplicationStream stream,
      postgres::ReplicationStream::Start(*std::move(session), options.slot, 0,
                                         feed != nullptr ? PgoutputOptions(source.publication, version, in_pieces)
                                                         : DeltafloodOptions(source.tables, source.filters, heartbeat),
                                         kSlotPatience));
  auto log = std::make_unique<SlotLog>(std::move(writer), source.confirmed, options.sync);
  return SlotLink{std::move(log), std::move(feed), in_pieces, source.wal_end, std::move(stream)};
}

}  // namespace deltamirror::deltastream
