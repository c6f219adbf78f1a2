#include "deltastream/slot_mover.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "daystream/source.h"
#include "daystream/writer.h"
#include "deltastream/slot_check.h"
#include "postgres/connection.h"
#include "postgres/slot.h"
#include "postgres/slot_record.h"
#include "postgres/timeline.h"
#include "postgres/wal_flush.h"
#include "status/status_macros.h"
#include "types/lsn.h"
#include "types/table_list.h"

namespace deltamirror::deltastream {
namespace {

using std::chrono::milliseconds;

// The reader before us may have been killed a moment ago.
constexpr absl::Duration kSlotPatience = absl::Seconds(3);
constexpr absl::Duration kFirstPause = absl::Milliseconds(250);
constexpr absl::Duration kLongestPause = absl::Seconds(30);
constexpr milliseconds kInterruptEvery{50};
constexpr milliseconds kTellWhenIdle{1000};
constexpr milliseconds kAskEvery{100};
constexpr milliseconds kLongestWait{1000};
// Of one message of the plugin: large enough that messages cost nothing, small enough for every cache.
constexpr char kMessageSize[] = "65536";
constexpr char kPgoutput[] = "pgoutput";

postgres::ReplicationStream::Options DeltafloodOptions(const std::string& tables) {
  postgres::ReplicationStream::Options options = {
      {"mirror", "true"}, {"partition-root", "true"}, {"batch-size", kMessageSize}};
  if (!tables.empty()) options.emplace_back("tables", tables);
  return options;
}

// The server and its slot, before anything of ours is touched.
struct Source {
  postgres::SystemIdentity identity;
  uint64_t wal_end = 0;    // written; flushed, if that is what is caught up with
  uint64_t confirmed = 0;  // of the slot
  std::string plugin;
  std::string tables;
  std::string publication;  // pgoutput's, else empty
};

absl::StatusOr<Source> LookAt(postgres::Connection& connection, const SlotMoverOptions& options) {
  Source source;
  ASSIGN_OR_RETURN(source.identity, postgres::IdentifySystem(connection));
  ASSIGN_OR_RETURN(const std::optional<postgres::Slot> slot,
                   postgres::FindFreeSlot(connection, options.slot, kSlotPatience));
  RETURN_IF_ERROR(CheckSlot(options.slot, slot, source.identity.database));
  ASSIGN_OR_RETURN(source.confirmed, ConfirmedLsn(*slot));
  // What was committed asynchronously a moment ago belongs to what there is to catch up with.
  ASSIGN_OR_RETURN(source.wal_end, options.until == SlotMoverOptions::Until::kCaughtUp ? postgres::FlushWal(connection)
                                                                                       : postgres::WalEnd(connection));
  source.plugin = *slot->plugin;
  ASSIGN_OR_RETURN(const postgres::SlotRecord record, postgres::RecallSlot(connection, options.slot));
  source.tables = options.tables.empty() ? record.tables : options.tables;
  if (source.plugin == kPgoutput) {
    source.publication = !options.publication.empty()  ? options.publication
                         : !record.publication.empty() ? record.publication
                                                       : options.slot;
    RETURN_IF_ERROR(CheckPublication(connection, source.publication));
  } else if (!options.publication.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("option \"publication\" with value \"", options.publication,
                     "\" is for plugin \"pgoutput\", but the plugin of replication slot \"", options.slot, "\" is \"",
                     source.plugin, "\""));
  }
  return source;
}

// Null for a slot whose plugin sends lines.
absl::StatusOr<std::unique_ptr<PgoutputFeed>> MakeFeed(const SlotMoverOptions& options, const Source& source) {
  if (source.plugin != kPgoutput) return nullptr;
  PgoutputFeed::Options feed = {
      .conninfo = options.conninfo, .publication = source.publication, .interrupt = options.interrupt};
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

// The daystream, if it is this slot's and has everything that the slot no longer has.
absl::StatusOr<std::unique_ptr<daystream::Writer>> OpenLog(const SlotMoverOptions& options, const Source& source,
                                                           postgres::Connection& connection) {
  daystream::SourceInfo info = InfoOf(options, source);
  ASSIGN_OR_RETURN(const std::string directory, daystream::ResolveDestination(options.destination));
  const absl::StatusOr<daystream::SourceInfo> kept = daystream::LoadSourceInfo(directory);
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

absl::StatusOr<std::unique_ptr<SlotMover>> SlotMover::Open(SlotMoverOptions options,
                                                           std::optional<postgres::Connection> session) {
  std::unique_ptr<SlotMover> mover(new SlotMover(std::move(options)));
  mover->pause_ = kFirstPause;
  RETURN_IF_ERROR(mover->Connect(std::move(session)));
  if (mover->options_.until == SlotMoverOptions::Until::kLsn) mover->target_ = mover->options_.until_lsn;
  if (mover->options_.until == SlotMoverOptions::Until::kCaughtUp) mover->target_ = mover->known_end_;
  return mover;
}

absl::Status SlotMover::Connect(std::optional<postgres::Connection> session) {
  if (!session.has_value()) {
    ASSIGN_OR_RETURN(
        session, postgres::Connection::Open(options_.conninfo, {.replication = true, .interrupt = options_.interrupt}));
  }
  session->set_interrupt(options_.interrupt);
  ASSIGN_OR_RETURN(const Source source, LookAt(*session, options_));
  ASSIGN_OR_RETURN(std::unique_ptr<daystream::Writer> writer, OpenLog(options_, source, *session));
  ASSIGN_OR_RETURN(std::unique_ptr<PgoutputFeed> feed, MakeFeed(options_, source));
  const int version = session->server_version();
  // 0: from where the slot was confirmed.
  ASSIGN_OR_RETURN(postgres::ReplicationStream stream,
                   postgres::ReplicationStream::Start(*std::move(session), options_.slot, 0,
                                                      feed != nullptr ? PgoutputOptions(source.publication, version)
                                                                      : DeltafloodOptions(source.tables)));
  auto log = std::make_unique<SlotLog>(std::move(writer), source.confirmed, options_.sync);
  link_.emplace(Link{std::move(log), std::move(feed), std::move(stream)});
  known_end_ = source.wal_end;
  told_at_ = Clock::now();
  return absl::OkStatus();
}

absl::Status SlotMover::ConnectAgain() {
  for (const absl::Time end = absl::Now() + pause_; absl::Now() < end;) {
    if (options_.interrupt) RETURN_IF_ERROR(options_.interrupt());
    absl::SleepFor(absl::Milliseconds(50));
  }
  pause_ = std::min(2 * pause_, kLongestPause);
  return Connect(std::nullopt);
}

// Gives up the connection. True if `batch` holds lines that became durable with it.
bool SlotMover::Lose(const absl::Status& why, Batch* batch) {
  if (options_.notice) {
    options_.notice(absl::StrCat("deltastream: ", why.message(), ". Trying again in ", absl::FormatDuration(pause_)));
  }
  if (!link_.has_value()) return false;
  if (link_->log->Sync().ok()) *batch = TakeBatch();
  link_.reset();
  return batch->records > 0;
}

absl::StatusOr<bool> SlotMover::Next(Batch* batch) {
  *batch = Batch();
  while (failed_.ok() && !ended_) {
    absl::Status status;
    if (link_.has_value()) {
      const absl::StatusOr<bool> got = Work(batch);
      if (got.ok() && *got) return true;
      status = got.status();
    } else {
      status = ConnectAgain();
    }
    if (status.ok()) continue;
    if (absl::IsUnavailable(status) && options_.until == SlotMoverOptions::Until::kForever) {
      if (Lose(status, batch)) return true;
    } else {
      failed_ = status;
      Finish();
    }
  }
  if (!failed_.ok()) return failed_;
  return false;
}

// True for a batch, false at the end of the work.
absl::StatusOr<bool> SlotMover::Work(Batch* batch) {
  while (!ended_) {
    RETURN_IF_ERROR(Advance());
    const Clock::time_point now = Clock::now();
    RETURN_IF_ERROR(CheckInterrupt(now));
    ASSIGN_OR_RETURN(const bool synced, Settle(now));
    if (!synced) continue;
    if (Complete()) {
      RETURN_IF_ERROR(Confirm(/*ask_for_reply=*/false));
      link_->stream.Stop();
      ended_ = true;
    }
    *batch = TakeBatch();
    if (batch->records > 0) return true;
  }
  return false;
}

// Takes what comes next, or waits for it.
absl::Status SlotMover::Advance() {
  PgoutputFeed* const feed = link_->pgoutput.get();
  if (feed != nullptr && feed->has_more()) return feed->Continue(link_->log.get());
  postgres::ReplicationMessage message;
  ASSIGN_OR_RETURN(const postgres::ReplicationStream::Event event, link_->stream.Next(&message));
  switch (event) {
    case postgres::ReplicationStream::Event::kMessage:
      return Take(message);
    case postgres::ReplicationStream::Event::kNothing:
      return Idle();
    case postgres::ReplicationStream::Event::kEnd:
      break;
  }
  return absl::UnavailableError("the server ended the stream");
}

absl::Status SlotMover::Take(const postgres::ReplicationMessage& message) {
  pause_ = kFirstPause;
  known_end_ = std::max({known_end_, message.start_lsn, message.end_lsn});
  PgoutputFeed* const feed = link_->pgoutput.get();
  if (message.kind == postgres::ReplicationMessage::Kind::kData) {
    if (feed != nullptr) return feed->Take(message.data, link_->log.get());
    return link_->log->Take(message.data, message.start_lsn);
  }
  // Of a transaction that the log does not know yet.
  if (feed == nullptr || !feed->in_transaction()) link_->log->Pass(message.end_lsn);
  reply_now_ = reply_now_ || message.reply_requested;
  return absl::OkStatus();
}

// Everything that has come was taken: readers see it, and we wait for more.
absl::Status SlotMover::Idle() {
  SlotLog& log = *link_->log;
  RETURN_IF_ERROR(log.Flush());
  const Clock::time_point now = Clock::now();
  if (log.durable_lsn() > log.saved_lsn() && now >= told_at_ + kTellWhenIdle) {
    RETURN_IF_ERROR(Confirm(/*ask_for_reply=*/false));
  }
  // An idle server tells how far it is when it is asked.
  if (target_ != 0 && !Complete() && now >= asked_at_ + kAskEvery) {
    asked_at_ = now;
    RETURN_IF_ERROR(Confirm(/*ask_for_reply=*/true));
  }
  return link_->stream.Wait(WaitTime(now)).status();
}

// Milliseconds until something is to be done though nothing comes.
int SlotMover::WaitTime(Clock::time_point now) const {
  const SlotLog& log = *link_->log;
  Clock::time_point next =
      std::min(log.schedule().Due(), told_at_ + absl::ToChronoMilliseconds(options_.status_interval));
  if (log.durable_lsn() > log.saved_lsn()) next = std::min(next, told_at_ + kTellWhenIdle);
  if (target_ != 0) next = std::min(next, asked_at_ + kAskEvery);
  if (next <= now) return 0;
  // Rounded up: waking too early would only mean to wait again.
  return static_cast<int>(
             std::chrono::duration_cast<milliseconds>(std::min(next - now, Clock::duration(kLongestWait))).count()) +
         1;
}

bool SlotMover::Complete() const {
  return target_ != 0 && link_->log->complete_lsn() >= target_;
}

// Makes things durable and tells the server, when it is time. Whether everything that was taken is durable now.
absl::StatusOr<bool> SlotMover::Settle(Clock::time_point now) {
  SlotLog& log = *link_->log;
  const bool asked = reply_now_ && !log.in_transaction();
  const bool sync = asked || Complete() || now >= log.schedule().Due();
  if (sync) RETURN_IF_ERROR(log.Sync());
  if (reply_now_ || now >= told_at_ + absl::ToChronoMilliseconds(options_.status_interval)) {
    RETURN_IF_ERROR(Confirm(/*ask_for_reply=*/false));
  }
  return sync;
}

absl::Status SlotMover::Confirm(bool ask_for_reply) {
  // Before the server is told: the next start compares the two.
  RETURN_IF_ERROR(link_->log->SaveConfirmed());
  postgres::StandbyStatus status;
  status.written = link_->log->complete_lsn();
  status.flushed = link_->log->saved_lsn();
  status.applied = status.flushed;
  status.time = absl::ToUnixMicros(absl::Now());
  status.reply_requested = ask_for_reply;
  RETURN_IF_ERROR(link_->stream.SendStatus(status));
  told_at_ = Clock::now();
  reply_now_ = false;
  return absl::OkStatus();
}

// While messages come without a pause nothing else looks.
absl::Status SlotMover::CheckInterrupt(Clock::time_point now) {
  if (!options_.interrupt || now < checked_at_ + kInterruptEvery) return absl::OkStatus();
  checked_at_ = now;
  return options_.interrupt();
}

// After an interrupt or an error: what is complete is made durable and confirmed, as far as that is still possible.
void SlotMover::Finish() {
  if (!link_.has_value()) return;
  if (link_->log->Sync().ok() && Confirm(/*ask_for_reply=*/false).ok()) link_->stream.Stop();
  link_.reset();
}

Batch SlotMover::TakeBatch() {
  Batch batch = link_->log->TakeBatch();
  const uint64_t durable = link_->log->durable_lsn();
  known_end_ = std::max(known_end_, wal_end_.Latest());
  batch.lag_bytes = known_end_ > durable ? static_cast<int64_t>(known_end_ - durable) : 0;
  return batch;
}

}  // namespace deltamirror::deltastream
