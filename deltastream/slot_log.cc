#include "deltastream/slot_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "deltastream/transaction_end.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::deltastream {

SlotLog::SlotLog(std::unique_ptr<daystream::Writer> writer, uint64_t confirmed, bool sync)
    : writer_(std::move(writer)),
      sync_(sync),
      may_be_resent_(writer_->last_commit_lsn() > 0),
      complete_(confirmed),
      durable_(confirmed),
      saved_(confirmed),
      durable_end_(writer_->last_end()) {}  // opening has synced it

absl::Status SlotLog::Begin(absl::string_view lines) {
  if (!may_be_resent_) {
    state_ = State::kTaking;
    return absl::OkStatus();
  }
  const absl::string_view first = lines.substr(0, lines.find('\n'));
  RETURN_IF_ERROR(Named("invalid line from the slot", parser_.ParseHead(first, &record_)));
  if (!record_.has_lsn) {
    return absl::DataLossError("invalid line from the slot: it has no \"_lsn\", which plugin option \"mirror\" brings");
  }
  // Transactions come in the order of their commits: behind the first new one all are new.
  may_be_resent_ = record_.lsn <= writer_->last_commit_lsn();
  state_ = may_be_resent_ ? State::kDropping : State::kTaking;
  return absl::OkStatus();
}

absl::Status SlotLog::Take(absl::string_view lines, uint64_t lsn) {
  if (lines.empty()) return absl::OkStatus();
  if (state_ == State::kBetween) RETURN_IF_ERROR(Begin(lines));
  const bool ends = EndsTransaction(lines);
  if (state_ == State::kTaking) {
    RETURN_IF_ERROR(writer_->Append(lines));
    schedule_.Wrote(Clock::now());
    pending_.records += std::count(lines.begin(), lines.end(), '\n') + (lines.back() == '\n' ? 0 : 1);
    pending_.transactions += ends ? 1 : 0;
    pending_.bytes += static_cast<int64_t>(lines.size());
  }
  if (!ends) return absl::OkStatus();
  state_ = State::kBetween;
  Pass(lsn);
  return absl::OkStatus();
}

void SlotLog::Pass(uint64_t lsn) {
  // The server has read the WAL further than it has sent of a transaction that is under way.
  if (state_ != State::kBetween) return;
  complete_ = std::max(complete_, lsn);
  if (!schedule_.pending()) durable_ = complete_;
}

absl::Status SlotLog::Sync() {
  if (schedule_.pending()) {
    const Clock::time_point begin = Clock::now();
    RETURN_IF_ERROR(sync_ ? writer_->Sync() : writer_->Flush());
    schedule_.Synced(begin, Clock::now());
    durable_end_ = writer_->last_end();
    done_.records += pending_.records;
    done_.transactions += pending_.transactions;
    done_.bytes += pending_.bytes;
    pending_ = Batch();
  }
  durable_ = complete_;
  return absl::OkStatus();
}

absl::Status SlotLog::SaveConfirmed() {
  if (saved_ == durable_) return absl::OkStatus();
  RETURN_IF_ERROR(writer_->SaveConfirmed(durable_, durable_end_));
  saved_ = durable_;
  return absl::OkStatus();
}

Batch SlotLog::TakeBatch() {
  Batch batch = std::exchange(done_, Batch());
  batch.position = writer_->last_position();
  batch.lsn = durable_;
  return batch;
}

}  // namespace deltamirror::deltastream
