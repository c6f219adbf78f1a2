// What the stream says of tables themselves, done to the tables in SQLite and to what the mirror keeps of them.

#ifndef DELTAMIRROR_MIRROR_DDL_H_
#define DELTAMIRROR_MIRROR_DDL_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mirror/settings.h"
#include "mirror/state.h"
#include "mirror/table_state.h"
#include "sqlite/api.h"
#include "types/relation.h"

namespace deltamirror::mirror {

// Each call changes SQLite and saves the table's state, inside whatever transaction is open; after an error that must
// be rolled back. With OnDdl::kStop a change that was not made by hand already is an error with the statement to run.
class Ddl {
 public:
  // `state` must outlive it, and be the one that the tables are of.
  Ddl(sqlite3* db, const Settings& settings, State* state) : db_(db), settings_(settings), state_(state) {}

  // Makes the table of an entry that has none (kAbsent). One of no columns, of which SQLite knows none, waits until it
  // has some.
  absl::Status Make(TableState* table, const types::Relation& shape);

  absl::Status Follow(TableState* table, const types::Relation& shape);

  // Gives it another name in PostgreSQL, and so in SQLite.
  absl::Status Rename(TableState* table, absl::string_view schema, absl::string_view name);
  // The same, to a name that no other table can have: another one has taken its own.
  absl::Status SetAside(TableState* table);

  // The entry stays, as kAbsent: the table may come again. What was left out before it was made here (see HasTable) is
  // left alone by this and by Rename.
  absl::Status Drop(TableState* table);

  // A table has become a partition of another: its rows are the other's now.
  absl::Status Attach(TableState* partition, const TableState& root);

  // The sentence that says how to copy a table again.
  static std::string CopyAgain(const State& state, const TableState& table);

 private:
  absl::Status CheckColumns(const types::Relation& shape, const TableState& table) const;
  absl::Status DropTable(const TableState& table);

  sqlite3* db_;
  const Settings& settings_;
  State* state_;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_DDL_H_
