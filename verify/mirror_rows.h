// The rows that a mirror has.

#ifndef DELTAMIRROR_VERIFY_MIRROR_ROWS_H_
#define DELTAMIRROR_VERIFY_MIRROR_ROWS_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "sqlite/api.h"
#include "verify/compared_table.h"
#include "verify/digest.h"

namespace deltamirror::verify {

// Reads the compared columns of the table once, in SQLite's own order.
//   heartbeat: asked every few thousand rows, with the rows so far.
absl::Status ForEachMirrorRow(sqlite3* db, const ComparedTable& table,
                              const std::function<absl::Status(int64_t rows)>& heartbeat, RowVisitor visit);

}  // namespace deltamirror::verify

#endif  // DELTAMIRROR_VERIFY_MIRROR_ROWS_H_
