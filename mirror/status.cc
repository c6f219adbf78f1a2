#include "mirror/status.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "daystream/reader.h"
#include "mirror/state.h"
#include "status/status_macros.h"
#include "types/lsn.h"
#include "types/table_list.h"

namespace deltamirror::mirror {
namespace {

types::Value TextOrNull(const std::string& text) {
  return text.empty() ? types::Value() : types::Value::Text(text);
}

types::Value IntegerOrNull(const std::optional<int64_t>& number) {
  return number.has_value() ? types::Value::Integer(*number) : types::Value();
}

// Whether the source holds lines behind the position.
absl::StatusOr<bool> IsBehind(const std::string& source, daystream::Position position) {
  daystream::ReaderOptions options;
  options.start_must_be_kept = false;
  if (position != daystream::kBeforeAll) {
    options.start = position;
    options.after = true;
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<daystream::Reader> reader, daystream::Reader::Open(source, options));
  daystream::Line line;
  return reader->Next(&line);
}

StatusRow RowOf(const State& state, const TableState& table, const std::optional<double>& lag) {
  const Progress& progress = state.progress();
  // A mirror that was set back for another table's sake is still ahead with this one.
  const daystream::Position position = std::max(progress.position, table.from);
  StatusRow row;
  row.table = types::TargetName(table.schema, table.name);
  row.counters = table.counters;
  row.state = std::string(StatusName(table.status));
  if (table.status == TableStatus::kCopied) return row;
  if (position != daystream::kBeforeAll) {
    row.clock = position.clock;
    row.seq = position.seq;
  }
  if (progress.lsn != 0) row.lsn = types::FormatLsn(progress.lsn);
  row.commit_time = CommitTimeText(progress.commit_time);
  row.lag_seconds = lag;
  row.last_error = table.last_error.empty() ? state.last_error() : table.last_error;
  const bool stopped = !row.last_error.empty() && table.status != TableStatus::kDetached;
  if (stopped) row.state = std::string(StatusName(TableStatus::kError));
  return row;
}

}  // namespace

types::Value StatusRow::Column(int column) const {
  switch (column) {
    case kStatusTable:
      return types::Value::Text(table);
    case kStatusInserts:
      return types::Value::Integer(counters.inserts);
    case kStatusUpdates:
      return types::Value::Integer(counters.updates);
    case kStatusDeletes:
      return types::Value::Integer(counters.deletes);
    case kStatusTruncates:
      return types::Value::Integer(counters.truncates);
    case kStatusSkipped:
      return types::Value::Integer(counters.skipped);
    case kStatusClock:
      return IntegerOrNull(clock);
    case kStatusSeq:
      return IntegerOrNull(seq);
    case kStatusLsn:
      return TextOrNull(lsn);
    case kStatusCommitTime:
      return TextOrNull(commit_time);
    case kStatusLagSeconds:
      return lag_seconds.has_value() ? types::Value::Real(*lag_seconds) : types::Value();
    case kStatusState:
      return types::Value::Text(state);
    case kStatusLastError:
      return TextOrNull(last_error);
    default:
      return types::Value();
  }
}

absl::StatusOr<std::vector<StatusRow>> ReadStatus(sqlite3* db, const MirrorName& name) {
  ASSIGN_OR_RETURN(const State state, State::Load(db, name));
  const Progress& progress = state.progress();
  const std::optional<double> lag = LagSeconds(state.settings().source, progress.position, progress.commit_time);
  std::vector<StatusRow> rows;
  for (const TableState& table : state.tables()) rows.push_back(RowOf(state, table, lag));
  return rows;
}

std::optional<double> LagSeconds(const std::string& source, daystream::Position position, int64_t commit_time) {
  if (source.empty()) return std::nullopt;
  const absl::StatusOr<bool> behind = IsBehind(source, position);
  if (!behind.ok()) return std::nullopt;
  if (!*behind) return 0.0;
  if (commit_time == 0) return std::nullopt;
  // Two clocks, the server's and ours: a commit of the future is one of now.
  return std::max(0.0, absl::ToDoubleSeconds(absl::Now() - absl::FromUnixMicros(commit_time)));
}

std::string CommitTimeText(int64_t commit_time) {
  if (commit_time == 0) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M:%E6S+00:00", absl::FromUnixMicros(commit_time), absl::UTCTimeZone());
}

}  // namespace deltamirror::mirror
