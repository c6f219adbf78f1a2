// What a mirror keeps: where it reads, how far it came, and its tables.
//
// It lives in two shadow tables beside the mirror m, in the same database: m_state (one row) and m_table (a row a
// table). They are changed with ordinary statements inside the transaction that changes the mirrored rows, so rows and
// position commit or roll back together, and nothing here needs an undo of its own: after a rollback, Load again.

#ifndef DELTAMIRROR_MIRROR_STATE_H_
#define DELTAMIRROR_MIRROR_STATE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "daystream/position.h"
#include "daystream/source.h"
#include "mirror/coverage.h"
#include "mirror/name.h"
#include "mirror/settings.h"
#include "mirror/table_state.h"
#include "sqlite/api.h"
#include "sqlite/statement.h"

namespace deltamirror::mirror {

// How far the mirror came.
struct Progress {
  // Everything at or before it has been applied, or was not for this mirror. Always at the end of a transaction of the
  // source, once the stream is known to have commit records.
  daystream::Position position = daystream::kBeforeAll;
  uint64_t lsn = 0;          // of the last commit record passed; 0: none yet
  int64_t commit_time = 0;   // of the same, microseconds since 1970; 0: none yet
  bool has_commits = false;  // whether the stream says where transactions end
  // Of the transaction that ended at `position`, as its daystream counts them (see daystream/check.h); 0: not known.
  uint64_t number = 0;

  bool operator==(const Progress&) const = default;
};

// The state of one mirror in memory. Setters change memory alone until the Save... that writes it. For one connection
// and thread; pointers to tables are valid as long as no table is added or removed.
//
//   ASSIGN_OR_RETURN(const MirrorName name, FindMirror(db, "aux.m"));
//   ASSIGN_OR_RETURN(Scope scope, Scope::Begin(db));              // the state must not change between Load and Save
//   ASSIGN_OR_RETURN(State state, State::Load(db, name));
//   state.SetBack(daystream::Position{clock, 0});                 // read on from here, for the new table's sake
//   TableState table;
//   table.schema = "public"; table.name = "flights"; table.target = "flights"; table.relation = shape;
//   table.bootstrapped = true; table.status = TableStatus::kHandover; table.handover = json;
//   RETURN_IF_ERROR(state.AddTable(table).status());
//   RETURN_IF_ERROR(state.SaveAll());
//   return scope.Commit();
class State {
 public:
  // Makes the shadow tables (xCreate).
  static absl::StatusOr<State> Create(sqlite3* db, const MirrorName& name, const Settings& settings);

  // Reads them. NotFound if they are not there; DataLoss, naming table and column, if they cannot be understood.
  static absl::StatusOr<State> Load(sqlite3* db, const MirrorName& name);

  // Drops them (xDestroy). The mirrored tables stay.
  static absl::Status Drop(sqlite3* db, const MirrorName& name);

  // Renames them (xRename).
  static absl::Status Rename(sqlite3* db, const MirrorName& name, absl::string_view new_name);

  State(State&&) noexcept = default;
  State& operator=(State&&) noexcept = default;

  const MirrorName& name() const { return name_; }
  const Settings& settings() const { return settings_; }

  // The daystream's own account of itself, once one with a daystream.json was read.
  const std::optional<daystream::SourceInfo>& identity() const { return identity_; }
  void set_identity(daystream::SourceInfo identity) { identity_ = std::move(identity); }

  const Progress& progress() const { return progress_; }
  Progress& mutable_progress() { return progress_; }

  // What stopped the mirror, if it was nothing of one table: a line that could not be read, another source.
  const std::string& last_error() const { return last_error_; }
  void set_last_error(absl::string_view error) { last_error_ = std::string(error); }

  // In the order in which they came into the mirror.
  std::vector<TableState>& tables() { return tables_; }
  const std::vector<TableState>& tables() const { return tables_; }

  // By its name in PostgreSQL ("" is "public"); null if the mirror has no such table.
  TableState* FindTable(absl::string_view schema, absl::string_view name);
  // By its OID there; null if none of the mirror's has it, or it is 0, which stands for one that is not known.
  TableState* FindRelid(uint32_t relid);

  // Of tables that the mirror does not have: everything up to this position was not for it. And what first copies say
  // of them.
  daystream::Position met_all_until() const { return met_all_until_; }
  const Coverage& coverage() const { return coverage_; }
  Coverage& mutable_coverage() { return coverage_; }

  // Adds the table and writes its row, or takes the place of the one with the same PostgreSQL name. The result is valid
  // until the next call.
  absl::StatusOr<TableState*> AddTable(TableState table);

  // Reading begins again at `start` (inclusive) if that is not what comes next anyway. Tables that are there now take
  // nothing up to where the mirror had come. Call it before AddTable. In memory: SaveAll writes it.
  void SetBack(daystream::Position start);

  // Write m_state; one row of m_table; all of both.
  absl::Status SaveProgress();
  absl::Status SaveTable(const TableState& table);
  absl::Status SaveAll();
  // Writes what every batch changes in a table's row: counters, position, lsn, state, last_error, from, handover.
  absl::Status SaveCounters(const TableState& table);

  // Counts what other code must notice: a table that came, went or changed its shape, a position that was set back.
  // Grows with every AddTable and SetBack.
  int64_t generation() const { return generation_; }

  // The generation and the position in the database now, to be compared with what is in memory.
  absl::StatusOr<bool> IsCurrent();

 private:
  State(sqlite3* db, MirrorName name) : db_(db), name_(std::move(name)) {}

  absl::Status LoadRow();
  absl::Status LoadTables();
  absl::Status InsertTable(TableState* table);

  sqlite3* db_;
  MirrorName name_;
  Settings settings_;
  std::optional<daystream::SourceInfo> identity_;
  Progress progress_;
  Progress saved_progress_;  // as it is in the database
  std::string last_error_;
  int64_t generation_ = 0;
  daystream::Position met_all_until_ = daystream::kBeforeAll;
  Coverage coverage_;
  std::vector<TableState> tables_;

  // Prepared at the first use.
  sqlite::Statement save_progress_;
  sqlite::Statement save_counters_;
  sqlite::Statement probe_;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_STATE_H_
