#include "mirror/runner.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "mirror/lock.h"
#include "mirror/source_identity.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::mirror {
namespace {

constexpr absl::Duration kInterruptEvery = absl::Milliseconds(50);
constexpr int kLinesBetweenChecks = 256;
constexpr absl::Duration kLockedPause = absl::Milliseconds(5);
constexpr char kPositionIsGone[] =
    ". Copy all of its tables anew with deltamirror_bootstrap, option \"again\", or make a new mirror";

// Whether an error lies in what is to be done to a table, and not in the disk, the memory or the file.
bool IsAboutTable(const absl::Status& status) {
  return !absl::IsResourceExhausted(status) && !absl::IsDataLoss(status) && !absl::IsPermissionDenied(status);
}

// To some milliseconds, in a fifth of the time: it is asked after each small transaction of a backlog.
absl::Time RoughlyNow() {
  timespec now;
  return clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0 ? absl::TimeFromTimespec(now) : absl::Now();
}

Counters Difference(const Counters& after, const Counters& before) {
  return {after.inserts - before.inserts, after.updates - before.updates, after.deletes - before.deletes,
          after.truncates - before.truncates, after.skipped - before.skipped};
}

}  // namespace

Runner::Runner(sqlite3* db, RunnerOptions options, State state)
    : db_(db),
      options_(std::move(options)),
      state_(std::move(state)),
      applier_(db, state_.settings(), &state_, &ahead_) {}

absl::StatusOr<std::unique_ptr<Runner>> Runner::Open(sqlite3* db, const MirrorName& name, RunnerOptions options) {
  ASSIGN_OR_RETURN(daystream::FileDescriptor lock, LockMirror(db, name, options.interrupt));
  ASSIGN_OR_RETURN(State state, State::Load(db, name));
  if (state.settings().source.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("mirror \"", name.Text(), "\" has no source to read. Make it with CREATE VIRTUAL TABLE ",
                     name.Text(), " USING daystream_apply(source='/var/lib/daystream')"));
  }
  bool changed = false;
  RETURN_IF_ERROR(CheckIdentity(&state, &changed));  // the first commit saves it
  std::unique_ptr<Runner> runner(new Runner(db, std::move(options), std::move(state)));
  runner->lock_ = std::move(lock);
  RETURN_IF_ERROR(runner->OpenReader());
  return runner;
}

absl::Status Runner::OpenReader() {
  daystream::ReaderOptions options;
  options.after = state_.progress().position != daystream::kBeforeAll;
  // A mirror that has read nothing needs the very first line.
  options.start = options.after ? state_.progress().position : daystream::Position();
  absl::StatusOr<std::unique_ptr<daystream::ReadAhead>> reader =
      daystream::ReadAhead::Open(state_.settings().source, options, &ahead_);
  if (absl::IsOutOfRange(reader.status())) return Extended(reader.status(), kPositionIsGone);
  RETURN_IF_ERROR(reader.status());
  reader_ = *std::move(reader);
  feed_.Clear();
  held_records_ = 0;
  pending_ = false;
  return absl::OkStatus();
}

absl::StatusOr<bool> Runner::Next(AppliedBatch* batch) {
  while (true) {
    const absl::StatusOr<Step> step = Run(batch);
    if (step.ok()) return *step == Step::kBatch;
    if (!restart_) Fail(step.status());
    if (!restart_) return step.status();
    restart_ = false;
    RETURN_IF_ERROR(OpenReader());
  }
}

// Ends with a batch or at the end of the work, never with kGoOn.
absl::StatusOr<Runner::Step> Runner::Run(AppliedBatch* batch) {
  while (true) {
    if (!feed_.in_transaction() && !IsLegacy() && IsFull()) return Commit(batch);
    if (!feed_.eager() && feed_.held_bytes() > kEagerBytes) {
      // What came before must not be undone with it.
      if (transaction_.has_value() && batch_.records > 0) return Commit(batch);
      RETURN_IF_ERROR(StartEager());
    }
    if (++unchecked_lines_ >= kLinesBetweenChecks) RETURN_IF_ERROR(CheckInterrupt());
    if (!pending_) {
      ASSIGN_OR_RETURN(pending_, ReadLine());
      if (!pending_) {
        ASSIGN_OR_RETURN(const Step step, Idle(batch));
        if (step != Step::kGoOn) return step;
        continue;
      }
      if (IsLegacy() && feed_.begins_transaction() && IsFull()) return Commit(batch);
    }
    pending_ = false;
    RETURN_IF_ERROR(ProcessLine());
  }
}

// The next line that was not here before; false when there is none at the moment.
absl::StatusOr<bool> Runner::ReadLine() {
  while (true) {
    ASSIGN_OR_RETURN(const bool got, reader_->Next(&line_));
    if (!got) return false;
    silent_since_ = absl::InfiniteFuture();
    absl::StatusOr<bool> news = FeedLine();
    if (!news.ok()) return Extended(news.status(), absl::StrCat(", ", reader_->Where()));
    if (*news) return true;
  }
}

absl::StatusOr<bool> Runner::FeedLine() {
  const deltaflood::Record* const record = reader_->record();
  if (record != nullptr) return feed_.Take(line_.record_text, *record, reader_->check(), state_.progress());
  return feed_.Read(line_.record_text, line_.position, state_.progress(), line_.check);
}

absl::Status Runner::ProcessLine() {
  const bool eager = feed_.eager();
  if (feed_.is_commit() || feed_.is_rollback()) {
    if (const absl::Status status = feed_.CheckContinues(state_.progress()); !status.ok()) {
      return Named(
          absl::StrCat("cannot go on at position ", daystream::ToString(line_.position), ", ", reader_->Where()),
          status);
    }
  }
  if (feed_.is_rollback() && eager) return UndoEager();
  if (!IsLegacy() && !feed_.in_transaction() && reader_->CommitIsAhead()) feed_.ForeseeCommit(state_.progress());
  // A line that is only held needs no lock on the database.
  if (feed_.is_commit() || feed_.at_once() || (IsLegacy() && !feed_.shows_commits())) RETURN_IF_ERROR(Begin());
  const bool legacy = IsLegacy();
  const bool legacy_start = legacy && feed_.begins_transaction();
  RETURN_IF_ERROR(feed_.Process(&applier_, &state_.mutable_progress()));
  if (feed_.is_commit()) {
    batch_.records += std::exchange(held_records_, 0) + 1;
    // The first commit line of a stream ends a transaction that was counted when it began.
    batch_.transactions += legacy && batch_.transactions > 0 ? 0 : 1;
    full_ = eager;  // the large transaction has a SQLite transaction of its own
  } else if (feed_.is_rollback()) {
    held_records_ = 0;
  } else if (eager || IsLegacy()) {
    ++batch_.records;
    batch_.transactions += legacy_start ? 1 : 0;
  } else {
    ++held_records_;
  }
  return absl::OkStatus();
}

// Deltastream was stopped within the large transaction, which comes again in full.
absl::Status Runner::UndoEager() {
  Rollback();
  RETURN_IF_ERROR(Reload());
  feed_.Clear();
  state_.mutable_progress().has_commits = true;
  state_.mutable_progress().position = line_.position;
  state_.mutable_progress().number = feed_.number();
  return absl::OkStatus();
}

absl::Status Runner::StartEager() {
  RETURN_IF_ERROR(Begin());
  RETURN_IF_ERROR(feed_.StartEager(&applier_, state_.progress()));
  batch_.records += std::exchange(held_records_, 0);
  return absl::OkStatus();
}

// Nothing more can be read at the moment.
absl::StatusOr<Runner::Step> Runner::Idle(AppliedBatch* batch) {
  const bool something = batch_.records > 0 || batch_.transactions > 0;
  if (transaction_.has_value() && !feed_.eager() && something) {
    if (!IsLegacy() || !options_.forever) return Commit(batch);
    // Only the silence tells that the transaction has ended.
    silent_since_ = std::min(silent_since_, absl::Now());
    if (absl::Now() - silent_since_ >= options_.poll) return Commit(batch);
  }
  RETURN_IF_ERROR(CheckNotAhead());
  if (!options_.forever) {
    // The rest of a transaction has not been written yet: it is for the next run.
    if (transaction_.has_value()) Rollback();
    return Step::kEnd;
  }
  // A bootstrap may have set the mirror back, for records that are there already.
  if (!transaction_.has_value()) {
    const absl::StatusOr<bool> current = state_.IsCurrent();
    if (current.ok() && !*current) return Overtaken();
    if (!current.ok() && !absl::IsUnavailable(current.status())) return current.status();
  }
  RETURN_IF_ERROR(reader_->WaitForData(std::min(options_.poll, kInterruptEvery)));
  RETURN_IF_ERROR(CheckInterrupt());
  return Step::kGoOn;
}

// The line that the mirror has come to must be there, or lines behind it.
absl::Status Runner::CheckNotAhead() const {
  const Progress& progress = state_.progress();
  // Without a number the position may be one at which no line was ever written.
  if (progress.number == 0 || reader_->last_read() >= progress.position) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "position ", daystream::ToString(progress.position), ", which the mirror has come to, is not in daystream \"",
      state_.settings().source, "\", which ends ",
      reader_->last_read() == daystream::kBeforeAll ? "before its first line"
                                                    : absl::StrCat("at ", daystream::ToString(reader_->last_read())),
      ". If it is a copy that lags behind, or its host has crashed, try again when it has gone on. Else bring back "
      "what was removed, or make a new mirror and bootstrap it"));
}

absl::Status Runner::CheckInterrupt() {
  unchecked_lines_ = 0;
  const absl::Time now = absl::Now();
  if (!options_.interrupt || now - checked_at_ < kInterruptEvery / 2) return absl::OkStatus();
  checked_at_ = now;
  return options_.interrupt();
}

bool Runner::IsFull() const {
  return transaction_.has_value() &&
         (full_ || batch_.records >= options_.batch || RoughlyNow() - batch_began_ >= kLongestBatch);
}

// The SQLite transaction of the batch, if it has not begun.
absl::Status Runner::Begin() {
  if (transaction_.has_value()) return absl::OkStatus();
  RETURN_IF_ERROR(Patiently([this] {
    absl::StatusOr<sqlite::Transaction> begun = sqlite::Transaction::Begin(db_);
    if (!begun.ok()) return begun.status();
    transaction_.emplace(*std::move(begun));
    return absl::OkStatus();
  }));
  ASSIGN_OR_RETURN(const bool current, state_.IsCurrent());
  if (!current) return Overtaken();
  RETURN_IF_ERROR(applier_.Refresh());
  counted_ = applier_.totals();
  batch_ = AppliedBatch();
  batch_began_ = RoughlyNow();
  full_ = false;
  return absl::OkStatus();
}

// The stored state is not the one that this runner left.
absl::Status Runner::Overtaken() {
  const int64_t generation = state_.generation();
  const daystream::Position expected = state_.progress().position;
  Rollback();
  RETURN_IF_ERROR(Reload());
  // A bootstrap has brought a table, and set the mirror back for its sake.
  restart_ = state_.generation() != generation;
  if (restart_) return absl::AbortedError("the mirror was set back");
  return absl::FailedPreconditionError(absl::StrCat(
      "another connection applies mirror \"", state_.name().Text(), "\" at the same time: it is at position ",
      daystream::ToString(state_.progress().position), ", expected ", daystream::ToString(expected)));
}

absl::StatusOr<Runner::Step> Runner::Commit(AppliedBatch* batch) {
  if (IsLegacy()) RETURN_IF_ERROR(applier_.EndTransaction(0));
  state_.set_last_error("");
  RETURN_IF_ERROR(applier_.SaveTouched());
  RETURN_IF_ERROR(state_.SaveProgress());
  RETURN_IF_ERROR(Patiently([this] { return transaction_->Commit(); }));
  transaction_.reset();
  const Progress& progress = state_.progress();
  batch_.counters = Difference(applier_.totals(), counted_);
  batch_.position = progress.position;
  batch_.lsn = progress.lsn;
  batch_.commit_time = progress.commit_time;
  *batch = std::exchange(batch_, AppliedBatch());
  return Step::kBatch;
}

absl::Status Runner::Patiently(absl::FunctionRef<absl::Status()> operation) {
  const absl::Time end = absl::Now() + kPatience;
  while (true) {
    absl::Status status = operation();
    if (!absl::IsUnavailable(status) || absl::Now() >= end) return status;
    RETURN_IF_ERROR(CheckInterrupt());
    absl::SleepFor(kLockedPause);
  }
}

absl::Status Runner::Reload() {
  ASSIGN_OR_RETURN(state_, State::Load(db_, MirrorName(state_.name())));
  applier_.Forget();
  return absl::OkStatus();
}

void Runner::Rollback() {
  transaction_.reset();
  applier_.Forget();
  batch_ = AppliedBatch();
}

void Runner::Fail(const absl::Status& status) {
  const std::optional<TableState> table = applier_.failed_table();
  Rollback();
  // Neither an interrupt nor a lock says anything about the mirror. If the note cannot be made, the error itself
  // matters more.
  if (absl::IsCancelled(status) || absl::IsUnavailable(status)) return;
  // What comes once more in spite of that is no matter of one table.
  const bool again = status.message() == detached_for_;
  const bool detach = table && !again && state_.settings().on_error == OnError::kDetach && IsAboutTable(status);
  // Without the table, the rest goes on from where the batch began.
  restart_ = NoteFailure(status, table, detach).ok() && detach;
  if (restart_) detached_for_ = std::string(status.message());
}

// By its OID; by its name if the one that has it is not another table.
TableState* Runner::FindFailed(const TableState& table) {
  const uint32_t relid = table.relation.relid;
  if (TableState* known = state_.FindRelid(relid); known != nullptr) return known;
  TableState* named = state_.FindTable(table.schema, table.name);
  const bool other = named != nullptr && relid != 0 && named->relation.relid != 0;
  return other ? nullptr : named;
}

absl::Status Runner::NoteFailure(const absl::Status& status, const std::optional<TableState>& table, bool detach) {
  RETURN_IF_ERROR(Reload());
  ASSIGN_OR_RETURN(sqlite::Transaction transaction, sqlite::Transaction::Begin(db_));
  TableState* failed = table.has_value() ? FindFailed(*table) : nullptr;
  if (failed == nullptr && detach) {
    TableState added = *table;
    added.id = 0;
    added.handover.clear();
    // The name is another table's still, as far as this is undone: it will be this one's when the stream says so.
    if (state_.FindTable(added.schema, added.name) != nullptr) {
      absl::StrAppend(&added.name, " (", added.relation.relid, ")");
      added.target = types::TargetName(added.schema, added.name);
    }
    ASSIGN_OR_RETURN(failed, state_.AddTable(std::move(added)));
  }
  if (failed != nullptr) {
    if (failed->status != TableStatus::kAbsent) failed->status = TableStatus::kError;
    if (detach) failed->status = TableStatus::kDetached;
    failed->last_error = std::string(status.message());
    RETURN_IF_ERROR(state_.SaveTable(*failed));
  } else {
    state_.set_last_error(status.message());
    RETURN_IF_ERROR(state_.SaveProgress());
  }
  return transaction.Commit();
}

}  // namespace deltamirror::mirror
