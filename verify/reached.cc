#include "verify/reached.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "daystream/position.h"
#include "daystream/reader.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "mirror/handover.h"
#include "mirror/runner.h"
#include "postgres/slot.h"
#include "postgres/slot_peek.h"
#include "postgres/wal_flush.h"
#include "status/status_macros.h"
#include "types/lsn.h"

namespace deltamirror::verify {
namespace {

constexpr absl::Duration kPause = absl::Milliseconds(20);
constexpr absl::Duration kAskEvery = absl::Milliseconds(200);
// What the server may have to read to tell whether a slot has changes left.
constexpr int64_t kMostToPeek = 256 << 20;

uint64_t LsnOf(const std::optional<std::string>& text) {
  return text.has_value() ? types::ParseLsn(*text).value_or(0) : 0;
}

// An insert position at the beginning of a page is given behind the page's header (24 bytes, or 40 in a segment's first
// page), a position up to which all was read before it. No record begins within a header.
uint64_t WithoutPageHeader(uint64_t lsn) {
  constexpr uint64_t kPage = 8192;
  const uint64_t offset = lsn % kPage;
  return offset == 24 || offset == 40 ? lsn - offset : lsn;
}

// Whether the daystream has a commit below `end_lsn` behind the position.
absl::StatusOr<bool> HasCommitBehind(const mirror::State& state, uint64_t end_lsn) {
  daystream::ReaderOptions options;
  if (state.progress().position != daystream::kBeforeAll) {
    options.start = state.progress().position;
    options.after = true;
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<daystream::Reader> reader,
                   daystream::Reader::Open(state.settings().source, options));
  daystream::Line line;
  deltaflood::Parser parser;
  deltaflood::Record record;
  while (true) {
    ASSIGN_OR_RETURN(const bool got, reader->Next(&line));
    if (!got) return false;
    RETURN_IF_ERROR(parser.ParseHead(line.record_text, &record));
    if (record.action == deltaflood::Action::kCommit) return record.lsn < end_lsn;
  }
}

// A table that was copied after the snapshot was taken may have what comes behind the mirror's position.
absl::StatusOr<bool> HasLaterCopy(const mirror::State& state, uint64_t end_lsn) {
  for (const mirror::TableState& table : state.tables()) {
    if (table.handover.empty()) continue;
    ASSIGN_OR_RETURN(const mirror::Handover handover, mirror::Handover::FromJson(table.handover));
    if (handover.end_lsn > end_lsn) return true;
  }
  return false;
}

std::string ErrorOf(const mirror::State& state) {
  if (!state.last_error().empty()) return state.last_error();
  for (const mirror::TableState& table : state.tables()) {
    const bool detached = table.status == mirror::TableStatus::kDetached;
    if (!detached && !table.last_error.empty()) return table.last_error;
  }
  return "";
}

}  // namespace

absl::StatusOr<ReachedMirror> MirrorAwaiter::Look() {
  std::optional<sqlite::ReadTransaction> transaction;
  if (options_.own_connection) {
    ASSIGN_OR_RETURN(transaction, sqlite::ReadTransaction::Begin(db_));
  }
  ASSIGN_OR_RETURN(mirror::State state, mirror::State::Load(db_, name_));
  return ReachedMirror{std::move(transaction), std::move(state)};
}

absl::StatusOr<bool> MirrorAwaiter::HasReached(const mirror::State& state) {
  ASSIGN_OR_RETURN(const bool later_copy, HasLaterCopy(state, end_lsn_));
  if (later_copy) return false;
  if (state.progress().lsn >= end_lsn_) return true;
  if (!stream_is_complete_) return false;
  ASSIGN_OR_RETURN(const bool behind, HasCommitBehind(state, end_lsn_));
  return !behind;
}

// Slots are no part of a snapshot: a transaction sees them as they are.
absl::Status MirrorAwaiter::AskServer() {
  if (stream_is_complete_ || !info_.has_value() || info_->slot.empty() || absl::Now() < ask_again_) {
    return absl::OkStatus();
  }
  ask_again_ = absl::Now() + kAskEvery;
  ASSIGN_OR_RETURN(const std::optional<postgres::Slot> slot, postgres::FindSlot(connection_, info_->slot));
  if (!slot.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrCat("replication slot \"", info_->slot, "\" does not exist any more"));
  }
  const uint64_t confirmed = LsnOf(slot->confirmed_flush_lsn);
  stream_is_complete_ = confirmed >= WithoutPageHeader(end_lsn_);
  slot_is_read_ = slot->active;
  const bool may_peek = !stream_is_complete_ && !slot_is_read_ && peeked_at_ != confirmed &&
                        slot->retained_bytes.value_or(kMostToPeek) < kMostToPeek;
  return may_peek ? Peek(*slot, confirmed) : absl::OkStatus();
}

absl::Status MirrorAwaiter::Peek(const postgres::Slot& slot, uint64_t confirmed) {
  // On a connection of its own: an error would end the snapshot. Who may not look will have to wait.
  ASSIGN_OR_RETURN(postgres::Connection other,
                   postgres::Connection::Open(options_.conninfo, {.interrupt = options_.interrupt}));
  // With synchronous_commit = off, what the snapshot sees may not be in the WAL that can be read.
  RETURN_IF_ERROR(postgres::FlushWal(other).status());
  const absl::StatusOr<bool> left = postgres::HasChangesLeft(
      other, slot, {.tables = info_->tables, .filters = info_->filters, .publication = info_->publication},
      WithoutPageHeader(end_lsn_));
  if (absl::IsCancelled(left.status())) return left.status();
  if (!absl::IsUnavailable(left.status())) peeked_at_ = confirmed;
  stream_is_complete_ = left.ok() && !*left;
  return absl::OkStatus();
}

absl::Status MirrorAwaiter::Apply() {
  mirror::RunnerOptions options;
  options.forever = false;
  options.interrupt = options_.interrupt;
  ASSIGN_OR_RETURN(const std::unique_ptr<mirror::Runner> runner, mirror::Runner::Open(db_, name_, std::move(options)));
  mirror::AppliedBatch batch;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, runner->Next(&batch));
    if (!more) return absl::OkStatus();
  }
}

absl::Status MirrorAwaiter::Pause() {
  if (options_.interrupt) RETURN_IF_ERROR(options_.interrupt());
  absl::SleepFor(kPause);
  return absl::OkStatus();
}

absl::StatusOr<ReachedMirror> MirrorAwaiter::Wait(uint64_t end_lsn) {
  end_lsn_ = end_lsn;
  const absl::Time end = absl::Now() + options_.timeout;
  while (true) {
    // Before the look: what the daystream is known to have by then must be in it.
    RETURN_IF_ERROR(AskServer());
    if (options_.apply) RETURN_IF_ERROR(Apply());
    absl::StatusOr<ReachedMirror> mirror = Look();
    if (!mirror.ok() && !absl::IsUnavailable(mirror.status())) return mirror.status();
    bool reached = false;
    if (mirror.ok()) {
      ASSIGN_OR_RETURN(reached, HasReached(mirror->state));
    }
    if (reached) return mirror;
    const bool frozen = !options_.own_connection && !options_.apply && stream_is_complete_;
    if (absl::Now() >= end || frozen) return mirror.ok() ? TooFarBehind(mirror->state) : mirror.status();
    mirror = absl::UnknownError("given back before the next look");
    RETURN_IF_ERROR(Pause());
  }
}

absl::Status MirrorAwaiter::TooFarBehind(const mirror::State& state) {
  const mirror::Progress& progress = state.progress();
  std::string message =
      absl::StrCat("mirror \"", name_.Text(), "\" has not come up to ", types::FormatLsn(end_lsn_),
                   ", where PostgreSQL is, within ", absl::FormatDuration(options_.timeout), ": it is at ",
                   progress.lsn == 0 ? std::string("no commit yet") : types::FormatLsn(progress.lsn), ", position ",
                   daystream::ToString(progress.position), ". ");
  const absl::StatusOr<bool> behind = HasCommitBehind(state, UINT64_MAX);
  if (const std::string error = ErrorOf(state); !error.empty()) {
    absl::StrAppend(&message, "It has stopped: ", error);
  } else if (behind.ok() && *behind) {
    absl::StrAppend(&message, "The daystream has more: run deltamirror, or use option \"apply\"");
  } else if (info_.has_value() && !slot_is_read_) {
    absl::StrAppend(&message, "It has all that the daystream has, but nobody reads slot \"", info_->slot,
                    "\": run deltastream");
  } else {
    absl::StrAppend(&message,
                    "It has all that the daystream has: deltastream may be behind, or have no commit to tell "
                    "of. Use a longer \"timeout\"");
  }
  return absl::DeadlineExceededError(message);
}

}  // namespace deltamirror::verify
