// What a mirror knows of one of its tables.

#ifndef DELTAMIRROR_MIRROR_TABLE_STATE_H_
#define DELTAMIRROR_MIRROR_TABLE_STATE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "daystream/position.h"
#include "deltaflood/record.h"
#include "types/relation.h"

namespace deltamirror::mirror {

// Records applied, by kind, since the table came into the mirror.
struct Counters {
  int64_t inserts = 0;
  int64_t updates = 0;  // a replace and its update are one
  int64_t deletes = 0;
  int64_t truncates = 0;
  int64_t skipped = 0;  // by a policy that the user chose: never silently

  bool operator==(const Counters&) const = default;
};

// Where the table stands; SELECT * FROM mirror shows it as state.
//   live:     equal to its source as of the mirror's position
//   handover: just copied; what the copy's snapshot saw is still passed over
//   error:    the last change of this table could not be applied: last_error says why
//   detached: the table is left as it is, its changes are passed over, and counted; until it is copied again
//   absent:   dropped in PostgreSQL, or without columns there: there is no table here
//   copied:   a materialised view or a sequence: as it was when it was copied
enum class TableStatus : uint8_t { kLive, kHandover, kError, kDetached, kAbsent, kCopied };

// Whether the stream's changes are for the table: not in the last three states.
bool IsFollowed(TableStatus status);

// "live", "handover", "error", "detached", "absent", "copied".
absl::string_view StatusName(TableStatus status);
// And back; kError for any other text.
TableStatus StatusNamed(absl::string_view name);

struct TableState {
  int64_t id = 0;      // rowid in the shadow table; 0: not saved yet
  std::string schema;  // the name in PostgreSQL; "public" is written out
  std::string name;
  std::string target;  // the name of the table in SQLite, unquoted: "t", or "s.t"

  // Its shape in PostgreSQL; relid 0 and no columns where nobody told it (a stream of the original plugin).
  types::Relation relation;
  // The user's choice of types, as types::Overrides::Parse takes it.
  std::vector<std::pair<std::string, std::string>> overrides;
  // True: deltamirror_bootstrap brought the table. False: it was there, or the stream brought it.
  bool bootstrapped = false;

  TableStatus status = TableStatus::kLive;
  std::string last_error;
  Counters counters;

  // Of the last record that was applied to this table; kBeforeAll and 0 before the first.
  daystream::Position position = daystream::kBeforeAll;
  uint64_t lsn = 0;

  // Records at or before this position are not for this table: it had them already when the mirror was set back for
  // another table's sake.
  daystream::Position from = daystream::kBeforeAll;
  bool HasHad(const deltaflood::Record& record) const {
    return record.has_position && daystream::PositionOf(record) <= from;
  }
  // What HandoverFilter::FromJson reads; empty once the hand-over is over.
  std::string handover;
};

// Whether there is, or was, a table in SQLite that is the entry's. One that was left out (kDetached) before the mirror
// learned its shape has none: what bears its name is the user's, or the mirror's own m_state.
inline bool HasTable(const TableState& table) {
  return !table.relation.columns.empty();
}

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_TABLE_STATE_H_
