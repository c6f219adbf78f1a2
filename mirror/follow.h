// How a table in SQLite follows a change of its shape in PostgreSQL.

#ifndef DELTAMIRROR_MIRROR_FOLLOW_H_
#define DELTAMIRROR_MIRROR_FOLLOW_H_

#include <string>

#include "absl/status/status.h"
#include "mirror/settings.h"
#include "mirror/target_table.h"
#include "sqlite/api.h"
#include "types/mapping.h"
#include "types/relation.h"

namespace deltamirror::mirror {

struct FollowOptions {
  types::Overrides overrides;
  OnDdl policy = OnDdl::kFollow;
  std::string remedy;  // the sentence that says how to copy the table again
};

// Makes `target` fit `after`, inside whatever transaction is open. Columns are matched by attnum where `before` is
// known, by name where it is not (no columns). What the table has already needs nothing, so a change made by hand is
// taken as done.
//   added: ADD COLUMN, and the value that PostgreSQL gives to the rows that are there;
//   dropped: DROP COLUMN, or nothing with OnDdl::kKeep;  renamed: RENAME COLUMN;
//   another type, another key, NULL where it was not allowed, a dropped column with an index: the table is made anew
//   beside the old one, filled from it, and takes its place, with its indexes and triggers.
// FailedPrecondition, saying what changed and what to do: with OnDdl::kStop, for every change (the statements to run);
// for a table whose CREATE TABLE says what a new one would not (the same); for values that only PostgreSQL knows.
absl::Status FollowShape(sqlite3* db, const TargetTable& target, const types::Relation& before,
                         const types::Relation& after, const FollowOptions& options);

// Whether the two differ in what a mirror must follow: `missing`, which is about rows of long ago, is not.
bool SameShape(const types::Relation& a, const types::Relation& b);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_FOLLOW_H_
