// What a mirror tells of itself: a row for each of its tables. SELECT * FROM mirror and deltamirror_status show the
// same.

#ifndef DELTAMIRROR_MIRROR_STATUS_H_
#define DELTAMIRROR_MIRROR_STATUS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mirror/name.h"
#include "mirror/table_state.h"
#include "sqlite/api.h"
#include "types/value.h"

namespace deltamirror::mirror {

// In the order of the columns of kStatusColumns.
enum StatusColumn {
  kStatusTable,    // as PostgreSQL names it: "flights", "ops.crew"
  kStatusInserts,  // records applied since the table came into the mirror
  kStatusUpdates,
  kStatusDeletes,
  kStatusTruncates,
  kStatusSkipped,  // records passed over by a policy of the user's
  kStatusClock,    // the position up to which the table is equal to its source
  kStatusSeq,
  kStatusLsn,         // of the last commit up to there, as text; NULL where the stream tells none
  kStatusCommitTime,  // of the same, as text in UTC; NULL likewise
  kStatusLagSeconds,  // 0 when nothing is left to read, else the age of that commit; NULL where it cannot be told
  kStatusState,       // live, handover, error, detached, absent
  kStatusLastError,   // NULL when there is none
};

inline constexpr char kStatusColumns[] =
    "\"table\" TEXT, inserts INTEGER, updates INTEGER, deletes INTEGER, truncates INTEGER, skipped INTEGER, clock "
    "INTEGER, "
    "seq INTEGER, lsn TEXT, commit_time TEXT, lag_seconds REAL, state TEXT, last_error TEXT";
inline constexpr int kStatusColumnCount = kStatusLastError + 1;

struct StatusRow {
  std::string table;
  Counters counters;
  std::optional<int64_t> clock;  // nothing: before everything
  std::optional<int64_t> seq;
  std::string lsn;
  std::string commit_time;
  std::optional<double> lag_seconds;
  std::string state;
  std::string last_error;

  // The value of a column; its text lives as long as the row.
  types::Value Column(int column) const;
};

// The tables of one mirror in the order in which they came into it. Looks into the source for the lag, without reading
// it through.
absl::StatusOr<std::vector<StatusRow>> ReadStatus(sqlite3* db, const MirrorName& name);

// Seconds by which a mirror at this point is behind its source: 0 where the source holds nothing behind `position`,
// else the age of the last commit (`commit_time`, microseconds since 1970). Nothing where there is no source, it cannot
// be read, or no commit is known.
std::optional<double> LagSeconds(const std::string& source, daystream::Position position, int64_t commit_time);

// Microseconds since 1970 as types/ writes a timestamptz: "2026-11-22 15:39:00.123456+00:00"; "" for 0.
std::string CommitTimeText(int64_t commit_time);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_STATUS_H_
