// Applies records to the tables of a mirror.

#ifndef DELTAMIRROR_MIRROR_APPLIER_H_
#define DELTAMIRROR_MIRROR_APPLIER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deltaflood/record.h"
#include "mirror/admission.h"
#include "mirror/ddl.h"
#include "mirror/decode_ahead.h"
#include "mirror/handover.h"
#include "mirror/mirrored_table.h"
#include "mirror/run_memory.h"
#include "mirror/settings.h"
#include "mirror/state.h"
#include "mirror/table_map.h"
#include "mirror/table_state.h"
#include "sqlite/api.h"
#include "types/relation.h"

namespace deltamirror::mirror {

// Which tables it takes, and which records of them: those behind the table's own start that the copy's snapshot did not
// see. All that it writes goes into whatever transaction is open; after an error that must be rolled back, and Forget
// called.
class Applier {
 public:
  // `state` may be null (plain daystream_apply): then all records are for tables that are there, and nothing is kept.
  // `ahead`: who decodes rows before they come, or null.
  Applier(sqlite3* db, Settings settings, State* state, DecodeAhead* ahead = nullptr);
  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;

  // A record with an action on a table. Its position is used if it has one. The error names action, table, row and
  // position.
  absl::Status Apply(const deltaflood::Record& record);

  // The end of a source transaction; `commit_lsn` 0 if the stream does not tell it.
  absl::Status EndTransaction(uint64_t commit_lsn);

  // Before a commit that is not at such an end (plain daystream_apply, a stream without commit lines).
  absl::Status Settle();

  // Rows may wait in memory, for one statement to write many. Afterwards all that was applied is in the tables.
  absl::Status Flush();

  // To be called when a SQLite transaction begins: notices that a table was altered.
  absl::Status Refresh();

  // Drops all that it knows of tables: the state was loaded anew, or a transaction was rolled back.
  void Forget();

  // Flushes, and writes the state of the tables that were touched since.
  absl::Status SaveTouched();

  // Of all tables, since it was made.
  const Counters& totals() const { return totals_; }
  // The table whose record failed last, as far as the mirror keeps tables; nothing if it was none's.
  const std::optional<TableState>& failed_table() const { return failed_table_; }

 private:
  struct Table {
    std::string schema;  // in PostgreSQL
    std::string name;
    std::string target;           // in SQLite
    bool taken = true;            // false: not for this mirror
    int state = -1;               // index into the state's tables, or -1
    bool touched = false;         // since SaveTouched
    bool waits = false;           // changes of it may wait
    bool in_transaction = false;  // changed by the source transaction that is under way
    std::optional<HandoverFilter> handover;
    types::Relation shape;                 // where there is no state to hold it
    std::unique_ptr<MirroredTable> table;  // made at the first change
  };

  // Null for a record of a table that is gone.
  absl::StatusOr<Table*> Find(const deltaflood::Record& record);
  absl::StatusOr<Admission> Resolve(Table* table, const deltaflood::Record& record);
  absl::StatusOr<Table*> FindKnown(const TableState& state);
  absl::StatusOr<bool> IsWanted(Table* table, const deltaflood::Record& record);
  absl::Status Open(Table* table);
  absl::Status Close(Table* table);
  absl::Status LoadHandovers();
  absl::StatusOr<bool> ApplyToNames(const deltaflood::Record& record);
  absl::Status ApplyTo(Table* table, const deltaflood::Record& record);
  absl::StatusOr<MirroredTable::Outcome> Change(Table* table, const deltaflood::Record& record);
  absl::Status ApplyRelation(Table* table, const deltaflood::Record& record);
  absl::Status ApplyDrop(const deltaflood::Record& record);
  absl::Status ApplyAttach(Table* root, bool wanted, const deltaflood::Record& record);
  absl::Status FollowNames(const deltaflood::Record& record);
  absl::StatusOr<bool> IsOldName(const TableState& state, const deltaflood::Record& record) const;
  absl::Status Renamed(TableState* state, absl::FunctionRef<absl::Status()> rename);
  absl::StatusOr<bool> IsToCome(const deltaflood::Record& record, const std::string& target);
  std::string Remedy(const Table& table);
  void NoteFailed(const Table& table);
  void Count(Table* table, const deltaflood::Record& record, MirroredTable::Outcome outcome);
  void EndHandover(Table* table);
  void ClearError(Table* table);
  TableState* StateOf(const Table& table);
  absl::Status MakeWay(Table* table);
  bool MayLeaveOut(const Table& table, const deltaflood::Record& record);
  absl::Status LeaveOut(Table* table, const absl::Status& why);
  absl::Status Failed(const Table& table, const deltaflood::Record& record, const absl::Status& status);

  sqlite3* db_;
  const Settings settings_;
  State* const state_;
  DecodeAhead* const ahead_;
  Ddl ddl_;
  int64_t schema_version_ = -1;
  RunMemory run_memory_;  // of all tables
  TableMap<std::unique_ptr<Table>> tables_;
  Table* last_ = nullptr;
  std::vector<Table*> changed_;  // those with in_transaction
  std::vector<Table*> waiting_;  // those with waits: one, or several of which each stands alone
  bool loaded_handovers_ = false;
  int handovers_ = 0;  // tables with one
  Counters totals_;
  std::optional<TableState> failed_table_;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_APPLIER_H_
