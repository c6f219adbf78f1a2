// The statements that make a table in SQLite follow one in PostgreSQL: run, or told to the user.

#ifndef DELTAMIRROR_MIRROR_TABLE_STEPS_H_
#define DELTAMIRROR_MIRROR_TABLE_STEPS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "sqlite/api.h"

namespace deltamirror::mirror {

struct TableStep {
  std::string sql;
  bool legacy = false;  // ALTER TABLE is to take its legacy form for it
};

// All but PRAGMAs, which stand there for the user: legacy_alter_table is set here by other means.
absl::Status RunSteps(sqlite3* db, const std::vector<TableStep>& steps);

// FailedPrecondition: `table`, the name in SQLite, changed, and `why` the statements must be run by the user.
absl::Status StepsMustBeRun(absl::string_view table, absl::string_view why, const std::vector<TableStep>& steps);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_TABLE_STEPS_H_
