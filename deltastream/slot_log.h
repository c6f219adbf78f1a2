// Puts what a slot sends into a daystream, and knows from which LSN on the server must keep its WAL.

#ifndef DELTAMIRROR_DELTASTREAM_SLOT_LOG_H_
#define DELTAMIRROR_DELTASTREAM_SLOT_LOG_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "daystream/confirmed_end.h"
#include "daystream/writer.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "deltastream/batch.h"
#include "deltastream/sync_schedule.h"

namespace deltamirror::deltastream {

// The rules that nothing is lost and nothing comes twice:
// * A transaction that the daystream already holds whole, known by its commit LSN, is dropped.
// * An LSN may be confirmed only when every transaction that ends before it is durable, and none of it is under way.
class SlotLog {
 public:
  // `confirmed`: from where the server sends. `sync`: whether durable means fsync, or only written.
  SlotLog(std::unique_ptr<daystream::Writer> writer, uint64_t confirmed, bool sync);

  // One message of the plugin: lines of one transaction. `lsn`: the message's WAL position, for the message that ends
  // with the commit line the end of the transaction. After an error of the writer nothing was taken.
  absl::Status Take(absl::string_view lines, uint64_t lsn);

  // A keepalive: the server has sent every transaction that ends before `lsn`.
  void Pass(uint64_t lsn);

  // Readers see what was taken.
  absl::Status Flush() { return writer_->Flush(); }

  // What was taken becomes durable.
  absl::Status Sync();

  // Writes the durable LSN, and where the last durable transaction ends, into the daystream, for the next start's
  // checks. To be done before the server is told.
  absl::Status SaveConfirmed();

  // Everything that ends before it was taken / is durable / was saved.
  uint64_t complete_lsn() const { return complete_; }
  uint64_t durable_lsn() const { return durable_; }
  uint64_t saved_lsn() const { return saved_; }

  bool in_transaction() const { return state_ != State::kBetween; }
  const SyncSchedule& schedule() const { return schedule_; }

  // What became durable since the last call; records is 0 if nothing did.
  Batch TakeBatch();

 private:
  enum class State : uint8_t { kBetween, kTaking, kDropping };

  absl::Status Begin(absl::string_view lines);

  const std::unique_ptr<daystream::Writer> writer_;
  const bool sync_;
  State state_ = State::kBetween;
  bool may_be_resent_;  // until the first transaction that the daystream does not hold
  uint64_t complete_;
  uint64_t durable_;
  uint64_t saved_;
  std::optional<daystream::ConfirmedEnd> durable_end_;  // of the last transaction that is durable
  SyncSchedule schedule_;
  Batch pending_;  // counts of what is not durable yet
  Batch done_;     // counts of what is
  deltaflood::Parser parser_;
  deltaflood::Record record_;
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_SLOT_LOG_H_
