#include "postgres/wal_end_watch.h"

#include <libpq-fe.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "types/lsn.h"

namespace deltamirror::postgres {
namespace {

constexpr absl::Duration kAskEvery = absl::Seconds(1);
constexpr absl::Duration kConnectEvery = absl::Seconds(60);
// The stream stands still while this connects; and an answer that takes longer never comes.
constexpr absl::Duration kPatience = absl::Seconds(5);

constexpr char kQuestion[] =
    "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END";

}  // namespace

WalEndWatch::WalEndWatch(std::string conninfo, InterruptCheck interrupt)
    : conninfo_(std::move(conninfo)), interrupt_(std::move(interrupt)), next_(absl::Now() + kAskEvery) {}

uint64_t WalEndWatch::Latest() {
  if (connection_.has_value()) TakeAnswer();
  if (asked_ && absl::Now() >= next_ + kPatience) Forget();
  if (!asked_ && absl::Now() >= next_) Ask();
  return latest_;
}

void WalEndWatch::Ask() {
  next_ = absl::Now() + kAskEvery;
  if (!connection_.has_value()) {
    absl::StatusOr<Connection> opened = Connection::Open(conninfo_, {.interrupt = interrupt_, .silence = kPatience});
    if (!opened.ok()) {
      next_ = absl::Now() + kConnectEvery;
      return;
    }
    connection_.emplace(*std::move(opened));
  }
  asked_ = PQsendQuery(connection_->handle(), kQuestion) != 0;
  if (!asked_) connection_.reset();
}

void WalEndWatch::Forget() {
  connection_.reset();
  asked_ = false;
}

void WalEndWatch::TakeAnswer() {
  if (PQconsumeInput(connection_->handle()) == 0) return Forget();
  while (asked_ && PQisBusy(connection_->handle()) == 0) {
    const absl::StatusOr<std::optional<Result>> result = connection_->NextResult();
    asked_ = result.ok() && result->has_value();
    if (!asked_ || (*result)->rows() != 1) continue;
    const absl::StatusOr<uint64_t> lsn = types::ParseLsn((*result)->text(0, 0));
    if (lsn.ok()) latest_ = std::max(latest_, *lsn);
  }
}

}  // namespace deltamirror::postgres
