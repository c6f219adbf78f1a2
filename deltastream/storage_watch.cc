#include "deltastream/storage_watch.h"

#include <algorithm>

#include "deltaflood/format.h"
#include "deltaflood/record.h"
#include "status/status_macros.h"

namespace deltamirror::deltastream {
namespace {

using deltaflood::Action;

// Each costs 8 bytes; those of the last looks are needed.
constexpr size_t kKeptTruncates = 1000;
// An older xid makes false alarms likelier, and nothing worse.
constexpr std::chrono::seconds kSaveEvery{60};

Action ActionOf(Suspicion::Kind kind) {
  switch (kind) {
    case Suspicion::Kind::kTruncated:
      return Action::kTruncate;
    case Suspicion::Kind::kDetached:
      return Action::kDetach;
    case Suspicion::Kind::kDropped:
      return Action::kDrop;
    default:
      return Action::kGap;
  }
}

void AppendLine(const Suspicion& one, const pgoutput::Begin& begin, std::string* lines) {
  deltaflood::Record record;
  record.table = one.table;
  if (one.schema != "public") record.schema = one.schema;
  record.action = ActionOf(one.kind);
  record.has_xid = true;
  record.xid = begin.xid;
  record.has_lsn = true;
  record.lsn = begin.final_lsn;
  if (record.action == Action::kTruncate || record.action == Action::kDetach) record.partition = one.partition_name;
  if (record.action != Action::kTruncate) {
    record.has_relid = true;
    record.relid = record.action == Action::kDetach ? one.partition : one.relid;
  }
  if (record.action == Action::kGap) record.reason = one.reason;
  deltaflood::AppendRecord(record, lines);
  lines->push_back('\n');
}

}  // namespace

absl::Status StorageWatch::Load(postgres::Connection& connection) {
  absl::StatusOr<StorageRecord> kept = LoadStorage(options_.directory);
  first_ = absl::IsNotFound(kept.status());
  if (!first_) {
    RETURN_IF_ERROR(kept.status());
    known_ = *std::move(kept);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const uint32_t xid, FirstXidOf(connection, options_.slot));
  known_.emplace();
  known_->xid = xid;
  changed_ = true;
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> StorageWatch::Look(postgres::Connection& connection) {
  if (next_.has_value()) return 0;
  const Clock::time_point begin = Clock::now();
  if (!known_.has_value()) RETURN_IF_ERROR(Load(connection));
  ASSIGN_OR_RETURN(StorageLook look, LookAtStorage(connection, options_.publication, known_->xid));
  if (first_) {
    // Tables that are older than the slot are copied before anybody follows them.
    for (const auto& [relid, one] : look.tables) {
      if (!one.made) known_->tables.emplace(relid, one);
    }
    first_ = false;
  }
  std::vector<Suspicion> found = CompareStorage(
      known_->tables, look.tables,
      [this](absl::string_view schema, absl::string_view table) { return options_.tables.Matches(schema, table); });
  RETURN_IF_ERROR(LookInto(connection, &found));
  const Clock::time_point end = Clock::now();
  due_ = end + std::max<Clock::duration>(kEvery, kCostFactor * (end - begin));
  if (found.empty()) {
    Adopt(std::move(look));
    return 0;
  }
  next_ = std::move(look);
  suspicions_ = std::move(found);
  return MakeTransaction(connection);
}

// Those that were dropped stay: the stream may not have come to that yet.
void StorageWatch::KeepHidden(StorageMap* tables) const {
  for (auto& [relid, one] : *tables) {
    for (const int number : HiddenColumns(relid).value_or(std::set<int>())) {
      if (one.shown.count(number) == 0) one.hidden.insert(number);
    }
  }
}

void StorageWatch::Adopt(StorageLook look) {
  KeepHidden(&look.tables);
  const Clock::time_point now = Clock::now();
  if (known_->tables != look.tables || now >= saved_at_ + kSaveEvery) changed_ = true;
  known_->xid = look.xid;
  known_->tables = std::move(look.tables);
}

void StorageWatch::NoteTruncate(uint32_t relid, uint32_t xid) {
  if (!known_.has_value()) return;
  known_->truncated.emplace_back(relid, xid);
  if (known_->truncated.size() > kKeptTruncates) known_->truncated.pop_front();
  changed_ = true;
}

void StorageWatch::NoteGone(const pgoutput::RelationMessage& message) {
  if (!known_.has_value()) return;
  Storage one;
  one.relid = one.root = message.relid;
  one.schema = message.schema;
  one.table = message.table;
  if (known_->tables.count(message.relid) > 0) return;
  StorageMap& tables = next_.has_value() ? next_->tables : known_->tables;
  if (tables.emplace(message.relid, std::move(one)).second) changed_ = true;
}

std::optional<std::set<int>> StorageWatch::HiddenColumns(uint32_t relid) const {
  if (!known_.has_value()) return std::nullopt;
  const auto found = known_->tables.find(relid);
  if (found == known_->tables.end()) return std::nullopt;
  return found->second.hidden;
}

bool StorageWatch::IsExplained(const Suspicion& one) const {
  if (one.explained_by == 0) return false;
  const auto& truncated = known_->truncated;
  return std::find(truncated.begin(), truncated.end(), std::pair(one.relid, one.explained_by)) != truncated.end();
}

bool StorageWatch::AppendLines(const pgoutput::Begin& begin, const pgoutput::Commit& commit, std::string* lines) {
  // What the look saw had been committed before its LSN, and comes in that order.
  if (!next_.has_value() || commit.end_lsn <= next_->lsn) return false;
  const size_t before = lines->size();
  for (const Suspicion& one : suspicions_) {
    if (!IsExplained(one)) AppendLine(one, begin, lines);
  }
  suspicions_.clear();
  Adopt(*std::move(next_));
  next_.reset();
  told_at_ = commit.end_lsn;
  return lines->size() > before;
}

absl::Status StorageWatch::Save(uint64_t durable) {
  if (!known_.has_value() || !changed_ || durable < told_at_) return absl::OkStatus();
  RETURN_IF_ERROR(SaveStorage(options_.directory, *known_));
  changed_ = false;
  saved_at_ = Clock::now();
  return absl::OkStatus();
}

}  // namespace deltamirror::deltastream
