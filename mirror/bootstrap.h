// deltamirror_bootstrap: the first copy of a mirror's tables, and the hand-over to its daystream.

#ifndef DELTAMIRROR_MIRROR_BOOTSTRAP_H_
#define DELTAMIRROR_MIRROR_BOOTSTRAP_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mirror/bootstrap_options.h"
#include "postgres/connection.h"
#include "sqlite/api.h"

namespace deltamirror::mirror {

// Copies the tables of the list, all on one snapshot of the server, into tables that it makes in the mirror's database,
// and notes in the mirror's state what each looks like and which transactions of the stream it has already: all in one
// transaction of `db`, so that after an error, an interrupt or a crash nothing of it is there. Returns the rows copied.
// Tables that the mirror has already are not disturbed: the mirror reads some of the daystream again for the new ones'
// sake, and passes over what the others had.
//
// Messages begin as if the function were called deltamirror_bootstrap. Needs SELECT on the tables, and no other right;
// where it may not see when other roles' transactions began, it waits for those that run to end (see
// postgres/snapshot.h).
//   interrupt: asked on the calling thread; may be null.
absl::StatusOr<int64_t> Bootstrap(sqlite3* db, absl::string_view mirror, const std::string& conninfo,
                                  absl::string_view tables, const BootstrapOptions& options,
                                  const postgres::InterruptCheck& interrupt);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_BOOTSTRAP_H_
