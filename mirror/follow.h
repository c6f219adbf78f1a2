// How a table in SQLite follows a change of its shape in PostgreSQL.

#ifndef DELTAMIRROR_MIRROR_FOLLOW_H_
#define DELTAMIRROR_MIRROR_FOLLOW_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mirror/settings.h"
#include "mirror/target_table.h"
#include "sqlite/api.h"
#include "types/decoder.h"
#include "types/relation.h"

namespace deltamirror::mirror {

// One statement of the way from the old shape to the new one.
struct FollowStep {
  std::string sql;
  // What ?1 is, as PostgreSQL prints it, and what decodes it; nothing: the statement has no parameter.
  std::optional<std::string> text;
  types::Decoder decoder = nullptr;
};

// The steps that make `target` fit `after`. Columns are matched by attnum where `before` is known, by name where it is
// not (no columns). What the table has already needs no step, so a change made by hand is taken as done.
//   added: ADD COLUMN, and the value that PostgreSQL gives to the rows that are there;
//   dropped: DROP COLUMN, or nothing with OnDdl::kKeep;  renamed: RENAME COLUMN;
//   another declared type: a new column, filled from the old one, takes its place.
// FailedPrecondition, saying what changed and what to do, for what ALTER TABLE cannot do: another key; a dropped or
// retyped column that is part of a key or an index; and, with OnDdl::kStop, for every change (the statement to run).
absl::StatusOr<std::vector<FollowStep>> FollowSteps(const TargetTable& target, const types::Relation& before,
                                                    const types::Relation& after,
                                                    const std::vector<std::pair<std::string, std::string>>& overrides,
                                                    OnDdl policy);

absl::Status RunSteps(sqlite3* db, const std::vector<FollowStep>& steps);

// Whether the two differ in what a mirror must follow: `missing`, which is about rows of long ago, is not.
bool SameShape(const types::Relation& a, const types::Relation& b);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_FOLLOW_H_
