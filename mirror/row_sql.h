// The SQL text of a row statement.

#ifndef DELTAMIRROR_MIRROR_ROW_SQL_H_
#define DELTAMIRROR_MIRROR_ROW_SQL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mirror/plan.h"
#include "mirror/row_action.h"
#include "mirror/settings.h"

namespace deltamirror::mirror {

// `columns` and `old` are indexes into plan.columns; parameters count from 1, `columns` first. InvalidArgument, naming
// table and column, if what came does not find a row.
//
//   RowSql(zzz, kUpdate, kReplace, {a, b}, {})   UPDATE "main"."zzz" SET "b"=?2 WHERE "a"=?1
//   RowSql(zzz, kMove, kReplace, {a, b}, {a})    UPDATE "main"."zzz" SET "a"=?1,"b"=?2 WHERE "a"=?3
absl::StatusOr<std::string> RowSql(const Plan& plan, RowAction action, OnConflict policy,
                                   const std::vector<int>& columns, const std::vector<int>& old);

// What one statement does for all rows of a sqlite::RowSource, its parameter 1, whose columns are `columns`.
enum class RunKind : uint8_t {
  kWrite,   // a row whose key is there already takes the place of that one
  kDelete,  // the key must be among the columns
};

// A row that cannot be written ends it, and those before it stay: without OR FAIL SQLite would save each page before it
// changes it, to be able to take all of the run back.
//
//   RunSql(zzz, kWrite, {a, b})   INSERT OR FAIL INTO "main"."zzz"("a","b") SELECT c0,c1 FROM deltamirror_rows(?1)
//                                 WHERE true ON CONFLICT("a") DO UPDATE SET "b"=excluded."b"
//   RunSql(zzz, kDelete, {a})     DELETE FROM "main"."zzz" WHERE "a" IN (SELECT c0 FROM deltamirror_rows(?1))
std::string RunSql(const Plan& plan, RunKind kind, const std::vector<int>& columns);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_ROW_SQL_H_
