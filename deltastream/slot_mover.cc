#include "deltastream/slot_mover.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "deltastream/pgoutput_feed.h"
#include "postgres/replication.h"
#include "postgres/server_error.h"
#include "status/status_macros.h"

namespace deltamirror::deltastream {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kInterruptEvery{50};
constexpr milliseconds kTellWhenIdle{1000};
constexpr milliseconds kAskEvery{100};
constexpr milliseconds kLongestWait{1000};
// A connection that has held for so long was a good one, even if nothing came.
constexpr milliseconds kSteady{60000};

}  // namespace

SlotMover::SlotMover(SlotMoverOptions options)
    : options_(std::move(options)),
      wal_end_(options_.conninfo, options_.interrupt),
      silence_(options_.receive_timeout),
      heartbeat_(options_.heartbeat, options_.conninfo,
                 {.interrupt = options_.interrupt, .silence = options_.receive_timeout}) {}

absl::StatusOr<std::unique_ptr<SlotMover>> SlotMover::Open(SlotMoverOptions options,
                                                           std::optional<postgres::Connection> session) {
  std::unique_ptr<SlotMover> mover(new SlotMover(std::move(options)));
  RETURN_IF_ERROR(mover->Connect(std::move(session)));
  if (mover->options_.until == SlotMoverOptions::Until::kLsn) mover->target_ = mover->options_.until_lsn;
  if (mover->options_.until == SlotMoverOptions::Until::kCaughtUp) mover->target_ = mover->known_end_;
  return mover;
}

SlotMover::~SlotMover() {
  if (!ended_) Finish();
}

absl::Status SlotMover::Connect(std::optional<postgres::Connection> session) {
  ASSIGN_OR_RETURN(SlotLink link, OpenLink(options_, silence_.limit(), in_pieces_, std::move(session)));
  link_.emplace(std::move(link));
  known_end_ = link_->wal_end;
  RETURN_IF_ERROR(LookAtTables());
  told_at_ = connected_at_ = Clock::now();
  silence_.Heard(connected_at_);
  heartbeat_.Heard(connected_at_);
  reply_now_ = false;
  return absl::OkStatus();
}

// What is noticed now is to be told before we count as caught up.
absl::Status SlotMover::LookAtTables() {
  if (link_->pgoutput == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(const uint64_t lsn, link_->pgoutput->Look());
  known_end_ = std::max(known_end_, lsn);
  return absl::OkStatus();
}

absl::StatusOr<bool> SlotMover::ConnectAgain(Batch* batch) {
  for (const Clock::time_point end = Clock::now() + absl::ToChronoMilliseconds(pause_); Clock::now() < end;) {
    if (options_.interrupt) RETURN_IF_ERROR(options_.interrupt());
    absl::SleepFor(absl::Milliseconds(50));
  }
  ++attempts_;
  RETURN_IF_ERROR(Connect(std::nullopt));
  *batch = told_;
  batch->note = absl::StrCat("connected again after ", attempts_, attempts_ == 1 ? " attempt" : " attempts");
  attempts_ = 0;
  return true;
}

// PostgreSQL may fail to decode a transaction that is still running, and has no need to decode one that is rolled back:
// what it cannot stream in pieces may come, or not come, when all of it is there.
bool SlotMover::MayComeInOnePiece(const absl::Status& why) const {
  return link_.has_value() && link_->in_pieces && !postgres::SqlState(why).empty() && !postgres::MayPass(why);
}

// Gives up the connection, if what has happened to it may pass, and tells of it.
absl::StatusOr<bool> SlotMover::Lose(const absl::Status& why, Batch* batch) {
  const bool in_one_piece = MayComeInOnePiece(why);
  if (!in_one_piece && (!options_.reconnect || !postgres::MayPass(why))) return why;
  *batch = told_;
  if (link_.has_value()) {
    RETURN_IF_ERROR(link_->log->Sync());
    *batch = TakeDurable();
    if (Clock::now() >= connected_at_ + kSteady) pauses_.Reset();
    if (silence_.IsOver(Clock::now())) silence_.Extend();
    link_.reset();
    in_pieces_ = !in_one_piece;
  }
  pause_ = in_one_piece ? absl::ZeroDuration() : pauses_.Next();
  batch->state = Batch::State::kWaiting;
  batch->note = absl::StrCat(
      absl::StripSuffix(why.message(), "."), ". Trying again ",
      in_one_piece ? "with large transactions in one piece" : absl::StrCat("in ", absl::FormatDuration(pause_)));
  if (options_.notice) options_.notice(absl::StrCat("deltastream: ", batch->note));
  return true;
}

absl::StatusOr<bool> SlotMover::Next(Batch* batch) {
  *batch = Batch();
  if (failed_.ok() && !ended_) {
    absl::StatusOr<bool> got = link_.has_value() ? Work(batch) : ConnectAgain(batch);
    if (!got.ok()) got = Lose(got.status(), batch);
    if (got.ok()) return got;
    failed_ = got.status();
    Finish();
  }
  RETURN_IF_ERROR(failed_);
  return false;
}

// True for a batch, false at the end of the work.
absl::StatusOr<bool> SlotMover::Work(Batch* batch) {
  while (!ended_) {
    RETURN_IF_ERROR(Advance());
    const Clock::time_point now = Clock::now();
    RETURN_IF_ERROR(CheckInterrupt(now));
    if (link_->pgoutput != nullptr && link_->pgoutput->MustLook(now)) RETURN_IF_ERROR(LookAtTables());
    ASSIGN_OR_RETURN(const bool synced, Settle(now));
    if (!synced) continue;
    if (Complete()) {
      RETURN_IF_ERROR(Confirm(/*ask_for_reply=*/false));
      link_->stream.Stop();
      ended_ = true;
    }
    *batch = TakeDurable();
    batch->lag_bytes = Lag(*batch->lsn);
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
  heard_ = true;
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
  RETURN_IF_ERROR(Listen(now));
  RETURN_IF_ERROR(Beat(now));
  return link_->stream.Wait(WaitTime(now)).status();
}

absl::Status SlotMover::Beat(Clock::time_point now) {
  if (now < heartbeat_.Due()) return absl::OkStatus();
  heartbeat_.Heard(now);
  ASSIGN_OR_RETURN(const uint32_t xid, heartbeat_.Beat());
  if (link_->pgoutput != nullptr) link_->pgoutput->ExpectHeartbeat(xid);
  return absl::OkStatus();
}

// Whether the server that says nothing is still there.
absl::Status SlotMover::Listen(Clock::time_point now) {
  if (heard_) silence_.Heard(now);
  heard_ = false;
  if (silence_.IsOver(now)) {
    return absl::UnavailableError(absl::StrCat("lost the connection to the server: it has said nothing for ",
                                               absl::FormatDuration(silence_.limit()), ", though it was asked"));
  }
  if (!silence_.MustAsk(now)) return absl::OkStatus();
  silence_.Asked(now);
  return Confirm(/*ask_for_reply=*/true);
}

// Milliseconds until something is to be done though nothing comes.
int SlotMover::WaitTime(Clock::time_point now) const {
  const SlotLog& log = *link_->log;
  Clock::time_point next =
      std::min(log.schedule().Due(), told_at_ + absl::ToChronoMilliseconds(options_.status_interval));
  if (log.durable_lsn() > log.saved_lsn()) next = std::min(next, told_at_ + kTellWhenIdle);
  if (target_ != 0) next = std::min(next, asked_at_ + kAskEvery);
  next = std::min({next, silence_.Next(), heartbeat_.Due()});
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
  if (link_->pgoutput != nullptr) RETURN_IF_ERROR(link_->pgoutput->Save(link_->log->saved_lsn()));
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

// Before the end was reached: what is complete is made durable and confirmed, as far as that is still possible.
void SlotMover::Finish() {
  if (!link_.has_value()) return;
  if (link_->log->Sync().ok() && Confirm(/*ask_for_reply=*/false).ok()) link_->stream.Stop();
  link_.reset();
}

// What has become durable since the last call.
Batch SlotMover::TakeDurable() {
  Batch batch = link_->log->TakeBatch();
  told_.position = batch.position;
  told_.lsn = batch.lsn;
  if (batch.transactions > 0) {
    pauses_.Reset();
    silence_.Reset();
    heartbeat_.Heard(Clock::now());
  }
  return batch;
}

int64_t SlotMover::Lag(uint64_t durable) {
  known_end_ = std::max(known_end_, wal_end_.Latest());
  return known_end_ > durable ? static_cast<int64_t>(known_end_ - durable) : 0;
}

}  // namespace deltamirror::deltastream
