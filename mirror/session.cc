#include "mirror/session.h"

#include <algorithm>
#include <utility>

#include "daystream/source.h"
#include "mirror/lock.h"
#include "mirror/source_identity.h"
#include "sqlite/statement.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::mirror {

absl::Status Session::Load() {
  applier_.reset();
  state_.reset();
  Settings settings;
  settings.schema = "main";
  if (name_) {
    ASSIGN_OR_RETURN(state_, State::Load(db_, *name_));
    settings = state_->settings();
    Progress& progress = state_->mutable_progress();
    progress.has_commits = progress.has_commits || SourceHasCommits(settings.source);
  }
  applier_ = std::make_unique<Applier>(db_, settings, state_ ? &*state_ : nullptr);
  stale_ = false;
  dirty_ = false;
  return absl::OkStatus();
}

absl::Status Session::Prepare() {
  // Both would only stop one another.
  if (check_ && name_) RETURN_IF_ERROR(CheckNotFollowed(db_, *name_));
  if (applier_ == nullptr || stale_) {
    RETURN_IF_ERROR(Load());
  } else if (!check_ && sqlite::TotalChanges(db_) == seen_changes_) {
    return absl::OkStatus();
  } else if (state_) {
    ASSIGN_OR_RETURN(const bool current, state_->IsCurrent());
    if (!current) {
      // Another process applied, or a bootstrap set the mirror back.
      feed_.Clear();
      RETURN_IF_ERROR(Load());
    }
  }
  check_ = false;
  return applier_->Refresh();
}

absl::Status Session::Ingest(absl::string_view line) {
  if (!poison_.ok()) {
    return Named("the transaction must be rolled back: an earlier line failed half way", poison_);
  }
  busy_ = true;
  absl::Status status = Prepare();
  const int before = sqlite::TotalChanges(db_);
  if (status.ok()) status = Take(line);
  busy_ = false;
  seen_changes_ = sqlite::TotalChanges(db_);
  if (status.ok()) return status;
  if (!in_transaction_) {
    // An error of the disk or the memory, or an interrupt: SQLite has rolled back already, while the line was applied.
    RestoreTo(base_);
  } else if (seen_changes_ != before) {
    poison_ = status;
  }
  return status;
}

absl::Status Session::Take(absl::string_view line) {
  Progress* progress = state_ ? &state_->mutable_progress() : nullptr;
  ASSIGN_OR_RETURN(const bool news, feed_.Read(line, std::nullopt, progress != nullptr ? *progress : Progress()));
  if (!news) return absl::OkStatus();
  dirty_ = true;
  RETURN_IF_ERROR(feed_.Process(applier_.get(), progress));
  return applier_->Flush();  // the caller's next statement must see it
}

absl::Status Session::DetachTable(int64_t place) {
  RETURN_IF_ERROR(Prepare());
  if (!state_ || place < 0 || place >= static_cast<int64_t>(state_->tables().size())) {
    return absl::NotFoundError("the mirror has no such table");
  }
  return SaveDetached(state_->tables()[static_cast<size_t>(place)]);
}

absl::Status Session::DetachTable(const std::string& schema, const std::string& name) {
  RETURN_IF_ERROR(Prepare());
  if (!state_) return absl::NotFoundError("the mirror has no such table");
  const TableState* known = state_->FindTable(schema, name);
  TableState table;
  if (known != nullptr) table = *known;
  table.schema = schema;
  table.name = name;
  if (known == nullptr) table.target = types::TargetName(schema, name);
  return SaveDetached(std::move(table));
}

absl::Status Session::SaveDetached(TableState table) {
  busy_ = true;
  // What this transaction has done to it is to be kept.
  absl::Status status = applier_->SaveTouched();
  if (const TableState* known = state_->FindTable(table.schema, table.name)) table.counters = known->counters;
  table.status = TableStatus::kDetached;
  table.last_error.clear();
  table.handover.clear();
  if (status.ok()) status = state_->AddTable(std::move(table)).status();
  applier_->Forget();
  if (status.ok()) status = applier_->Refresh();
  busy_ = false;
  seen_changes_ = sqlite::TotalChanges(db_);
  return status;
}

absl::Status Session::Flush() {
  if (!dirty_ || stale_ || !poison_.ok() || !state_) return absl::OkStatus();
  busy_ = true;
  absl::Status status = applier_->SaveTouched();
  if (status.ok()) status = state_->SaveProgress();
  busy_ = false;
  if (status.ok()) dirty_ = false;
  seen_changes_ = sqlite::TotalChanges(db_);
  return status;
}

void Session::Begin() {
  check_ = true;
  // A second table object of the same mirror, after a change of the schema.
  if (in_transaction_) return;
  in_transaction_ = true;
  base_ = feed_.mark();
  marks_.clear();
  UpdateKeep();
}

absl::Status Session::Sync() {
  if (!poison_.ok()) return Named("cannot commit: a line failed half way", poison_);
  if (applier_ != nullptr && !stale_) {
    busy_ = true;
    const absl::Status status = applier_->Settle();
    busy_ = false;
    RETURN_IF_ERROR(status);
  }
  return Flush();
}

void Session::Commit() {
  in_transaction_ = false;
  marks_.clear();
  feed_.Compact();
}

void Session::Rollback() {
  if (in_transaction_) RestoreTo(base_);
  in_transaction_ = false;
  marks_.clear();
  feed_.Compact();
  base_ = feed_.mark();
}

absl::Status Session::Savepoint(int id) {
  if (busy_) return absl::OkStatus();
  RETURN_IF_ERROR(Flush());
  Release(id);
  marks_.push_back({id, feed_.mark()});
  UpdateKeep();
  return absl::OkStatus();
}

void Session::Release(int id) {
  if (busy_) return;
  while (!marks_.empty() && marks_.back().id >= id) marks_.pop_back();
  UpdateKeep();
}

void Session::RollbackTo(int id) {
  if (busy_) return;
  const auto first = std::find_if(marks_.begin(), marks_.end(), [id](const SavepointMark& m) { return m.id >= id; });
  // Opened before this mirror took part in the transaction: then there was nothing yet.
  const Feed::Mark mark = first == marks_.end() ? base_ : first->mark;
  RestoreTo(mark);
  marks_.erase(first, marks_.end());
  marks_.push_back({id, mark});
  UpdateKeep();
}

void Session::RestoreTo(const Feed::Mark& mark) {
  // Cannot fail: the mark lies within what is kept.
  feed_.RestoreTo(mark).IgnoreError();
  stale_ = true;
  poison_ = absl::OkStatus();
}

void Session::UpdateKeep() {
  Feed::Mark keep = base_;
  for (const SavepointMark& mark : marks_) {
    if (mark.mark.end.bytes > keep.end.bytes) keep = mark.mark;
  }
  feed_.set_keep(keep.end);
}

void Session::Detach() {
  applier_.reset();
  state_.reset();
}

}  // namespace deltamirror::mirror
