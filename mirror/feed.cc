#include "mirror/feed.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

using daystream::Position;
using daystream::PositionOf;
using deltaflood::Action;
using deltaflood::Record;

void SetPosition(Position position, Record* record) {
  record->has_position = position != daystream::kBeforeAll;
  record->clock = position.clock;
  record->seq = position.seq;
}

// A line in a message: its beginning.
std::string Shown(absl::string_view line) {
  constexpr size_t kMostBytesShown = 80;
  return absl::StrCat("\"", line.substr(0, kMostBytesShown), line.size() > kMostBytesShown ? "...\"" : "\"");
}

}  // namespace

bool Feed::shows_commits() const {
  return is_commit() || is_rollback() || record_->action == Action::kRelation;
}

absl::StatusOr<bool> Feed::Read(absl::string_view line, std::optional<Position> position, const Progress& progress,
                                absl::string_view check) {
  // What is held is taken apart when it is applied.
  const bool is_held = progress.has_commits && !at_once();
  const absl::Status status = is_held ? parser_.ParseHead(line, &parsed_) : parser_.Parse(line, &parsed_);
  if (!status.ok()) {
    const std::string where = position ? absl::StrCat("the line at position ", daystream::ToString(*position))
                                       : absl::StrCat("the line ", Shown(line));
    return Named(absl::StrCat("cannot read ", where), status);
  }
  if (position) {
    SetPosition(*position, &parsed_);
    parsed_.check = check;
  }
  return Take(line, parsed_, parsed_.check.empty() ? std::nullopt : daystream::ParseCheck(parsed_.check), progress);
}

bool Feed::Take(absl::string_view line, const Record& record, const std::optional<daystream::Check>& check,
                const Progress& progress) {
  line_ = line;
  record_ = &record;
  check_ = check;
  if (!record.has_position) return true;
  return PositionOf(record) > std::max(taken_, progress.position);
}

bool Feed::IsResent(const Record& record, const Progress& progress) const {
  return record.has_lsn && progress.lsn != 0 && record.lsn <= progress.lsn;
}

absl::Status Feed::CheckContinues(const Progress& progress) const {
  // With 0 lines, the counting has begun anew.
  if (!check_.has_value() || check_->lines == 0 || progress.number == 0) return absl::OkStatus();
  if (check_->number == progress.number + 1) return absl::OkStatus();
  // Lines that were not on the disk yet are lost when the stream's host crashes: who has read them meets them again.
  const bool again = check_->number <= progress.number && (is_rollback() || IsResent(*record_, progress));
  if (again) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "expected transaction ", progress.number + 1, " of the daystream behind position ",
      daystream::ToString(progress.position), ", got transaction ", check_->number, ". ",
      check_->number > progress.number ? "What lies between was removed: bring it back from a copy"
                                       : "It is not the daystream that the mirror has followed: name the right one",
      ", or make a new mirror and bootstrap it"));
}

// The mirror stands behind the transaction that the line ends.
void Feed::EndAt(Progress* progress) const {
  if (!record_->has_position) return;
  progress->position = {record_->clock, record_->seq};
  progress->number = number();
}

absl::Status Feed::Process(Applier* applier, Progress* progress) {
  if (progress != nullptr && shows_commits()) progress->has_commits = true;
  if (is_commit()) {
    RETURN_IF_ERROR(Commit(applier, progress));
  } else if (is_rollback()) {
    RETURN_IF_ERROR(Rollback(progress));
  } else if (progress != nullptr && progress->has_commits && !at_once()) {
    RETURN_IF_ERROR(Hold());
  } else {
    RETURN_IF_ERROR(ApplyNow(applier, progress));
  }
  if (record_->has_position && progress != nullptr) taken_ = {record_->clock, record_->seq};
  return absl::OkStatus();
}

absl::Status Feed::Hold() {
  const Position position = record_->has_position ? Position{record_->clock, record_->seq} : daystream::kBeforeAll;
  return held_.Append(position, line_);
}

absl::Status Feed::ApplyNow(Applier* applier, Progress* progress) {
  if (at_once()) return dropping_ ? absl::OkStatus() : applier->Apply(*record_);
  if (replay_replace_) {
    RETURN_IF_ERROR(held_parser_.Parse(replace_, &held_record_));
    RETURN_IF_ERROR(applier->Apply(held_record_));
    replay_replace_ = false;
  }
  if (begins_transaction() && replace_.empty()) RETURN_IF_ERROR(applier->EndTransaction(0));
  RETURN_IF_ERROR(applier->Apply(*record_));
  has_xid_ = record_->has_xid;
  xid_ = record_->xid;
  replace_.clear();
  if (record_->action == Action::kReplace) {
    // Half a change: who begins again here must see it again.
    replace_ = std::string(line_);
  } else if (progress != nullptr && record_->has_position) {
    progress->position = {record_->clock, record_->seq};
  }
  return absl::OkStatus();
}

absl::Status Feed::ApplyHeld(Applier* applier) {
  int64_t index = 0;
  return held_.ForEach([&](Position position, absl::string_view line) -> absl::Status {
    if (index++ < applied_) return absl::OkStatus();
    if (absl::Status status = held_parser_.Parse(line, &held_record_); !status.ok()) {
      return Named(absl::StrCat("cannot read the line at position ", daystream::ToString(position)), status);
    }
    SetPosition(position, &held_record_);
    return applier->Apply(held_record_);
  });
}

absl::Status Feed::Commit(Applier* applier, Progress* progress) {
  if (progress == nullptr) return applier->EndTransaction(record_->lsn);
  const bool resent = at_once() ? dropping_ : IsResent(*record_, *progress);
  if (!resent) {
    if (!at_once()) RETURN_IF_ERROR(ApplyHeld(applier));
    RETURN_IF_ERROR(applier->EndTransaction(record_->lsn));
    if (record_->has_lsn) progress->lsn = record_->lsn;
    if (record_->has_time) progress->commit_time = record_->time;
  }
  EndAt(progress);
  eager_ = foreseen_ = dropping_ = has_xid_ = false;
  return DropHeld();
}

absl::Status Feed::Rollback(Progress* progress) {
  if (progress == nullptr) {
    return absl::FailedPreconditionError(
        "cannot undo a transaction that was rolled back: its lines were applied at once. Use a mirror, made with "
        "CREATE "
        "VIRTUAL TABLE m USING daystream_apply(...), which waits for the end of each transaction");
  }
  if (foreseen_) return absl::InternalError("expected a commit, which had been read, got a rollback");
  // Applied as they came, before the stream showed that it has commit lines.
  if (has_xid_ && record_->has_xid && xid_ == record_->xid && !eager_) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot undo transaction ", record_->xid,
                     ", which was rolled back: its first lines were applied before the stream had shown that it has "
                     "commit lines. Bootstrap the tables again"));
  }
  EndAt(progress);
  eager_ = dropping_ = false;
  return DropHeld();
}

void Feed::ForeseeCommit(const Progress& progress) {
  foreseen_ = true;
  dropping_ = IsResent(*record_, progress);
}

absl::Status Feed::StartEager(Applier* applier, const Progress& progress) {
  bool first = true;
  const absl::Status status = held_.ForEach([&](Position, absl::string_view line) -> absl::Status {
    if (!first) return absl::OkStatus();
    first = false;
    RETURN_IF_ERROR(held_parser_.ParseHead(line, &held_record_));
    dropping_ = IsResent(held_record_, progress);
    return absl::OkStatus();
  });
  RETURN_IF_ERROR(status);
  if (!dropping_) RETURN_IF_ERROR(ApplyHeld(applier));
  eager_ = true;
  return DropHeld();
}

absl::Status Feed::DropHeld() {
  if (keep_.bytes == 0) {
    held_.Clear();
  } else {
    RETURN_IF_ERROR(held_.TruncateTo(keep_));
  }
  applied_ = held_.count();
  return absl::OkStatus();
}

absl::Status Feed::RestoreTo(const Mark& mark) {
  applied_ = mark.applied;
  taken_ = mark.taken;
  eager_ = foreseen_ = dropping_ = false;
  has_xid_ = false;
  replace_ = mark.replace;
  replay_replace_ = !replace_.empty();
  return held_.TruncateTo(mark.end);
}

void Feed::Compact() {
  keep_ = {};
  if (in_transaction()) return;
  held_.Clear();
  applied_ = 0;
}

void Feed::Clear() {
  record_ = &parsed_;
  held_.Clear();
  keep_ = {};
  applied_ = 0;
  taken_ = daystream::kBeforeAll;
  eager_ = foreseen_ = dropping_ = has_xid_ = replay_replace_ = false;
  replace_.clear();
}

}  // namespace deltamirror::mirror
