// What an INSERT or UPDATE of a daystream_apply table means: a line to be applied, or a table to be left out.

#ifndef DELTAMIRROR_VTAB_DAYSTREAM_APPLY_WRITE_H_
#define DELTAMIRROR_VTAB_DAYSTREAM_APPLY_WRITE_H_

#include "absl/status/status.h"
#include "mirror/session.h"
#include "mirror/status.h"
#include "sqlite/api.h"

namespace deltamirror::vtab {

// The columns of the table are mirror::StatusColumn, and behind them:
inline constexpr int kColLine = mirror::kStatusColumnCount;

// What xUpdate is called with; `values`: old rowid, new rowid, columns. `is_mirror`: not plain daystream_apply, which
// has no tables of its own to be named. InvalidArgument for anything else than what the head says.
absl::Status WriteRow(mirror::Session& session, bool is_mirror, int count, sqlite3_value** values);

}  // namespace deltamirror::vtab

#endif  // DELTAMIRROR_VTAB_DAYSTREAM_APPLY_WRITE_H_
