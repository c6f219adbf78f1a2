// One table in SQLite and the changes that lines bring to it: the apply rules.

#ifndef DELTAMIRROR_MIRROR_MIRRORED_TABLE_H_
#define DELTAMIRROR_MIRROR_MIRRORED_TABLE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deltaflood/record.h"
#include "mirror/key_moves.h"
#include "mirror/owned_columns.h"
#include "mirror/plan.h"
#include "mirror/row_statement.h"
#include "mirror/run_memory.h"
#include "mirror/settings.h"
#include "mirror/waiting_rows.h"
#include "sqlite/api.h"

namespace deltamirror::mirror {

// Applies changes with prepared statements inside whatever transaction is open. Made anew when the table's shape
// changes. After an error the caller must roll back: a change may be half done.
class MirroredTable {
 public:
  enum class Outcome : uint8_t {
    kApplied,
    kSkipped,  // by on_conflict or on_missing
  };

  // The memory, which tables may share, must outlive it.
  MirroredTable(sqlite3* db, Plan plan, const Settings& settings, RunMemory* memory);
  MirroredTable(const MirroredTable&) = delete;
  MirroredTable& operator=(const MirroredTable&) = delete;

  const Plan& plan() const { return plan_; }

  // Inserts, updates and deletes may wait, with others, until they must be made, or for Flush.
  absl::StatusOr<Outcome> Insert(const deltaflood::Record& record);
  // Of the row that a Replace right before described, or else of the one whose key is among the columns.
  absl::StatusOr<Outcome> Update(const deltaflood::Record& record);
  // Describes the row, by its old values, that the next Update is for.
  absl::Status Replace(const RowColumns& columns);
  absl::StatusOr<Outcome> Delete(const deltaflood::Record& record);
  absl::Status Truncate();

  // To be called at the end of the source's transaction. Rows still may wait.
  absl::Status EndTransaction();

  // Makes the changes that wait. On an error, failed() is the record that could not be applied; null means the record
  // that made the call necessary.
  absl::Status Flush();
  const deltaflood::Record* failed() const { return failed_ ? &waiting_.current() : nullptr; }

  // To be called before a commit that is not at such an end: a Replace may still wait for its Update.
  absl::Status Settle();

  // "(a=fox61)": the key among `columns`, or all of them without a key; long values are cut.
  std::string Describe(const RowColumns& columns) const;

 private:
  absl::StatusOr<bool> Wait(const deltaflood::Record& record);
  absl::Status ChangeOne(const deltaflood::Record& record);
  absl::StatusOr<Outcome> InsertOne(const RowColumns& columns);
  absl::StatusOr<Outcome> UpdateByKey(const RowColumns& columns);
  absl::StatusOr<Outcome> DeleteOne(const RowColumns& columns);
  absl::StatusOr<Outcome> Move(const RowColumns& columns);
  absl::StatusOr<int> MoveRow(const RowColumns& columns);
  absl::StatusOr<Outcome> UpdateMissing(const RowColumns& columns, bool complete);
  bool KeyStays(const RowColumns& columns) const;
  absl::Status CheckNoReplace(absl::string_view action) const;

  sqlite3* db_;
  const Plan plan_;
  const OnMissing on_missing_;
  const OnConflict on_conflict_;
  RowStatements statements_;
  KeyMoves moves_;
  WaitingRows waiting_;
  bool failed_ = false;  // the one that waiting_ gave last could not be applied
  bool has_old_ = false;
  OwnedColumns old_;  // of the Replace
  const RowColumns none_;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_MIRRORED_TABLE_H_
