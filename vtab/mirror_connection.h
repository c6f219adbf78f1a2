// The connection on which a mirror is worked on for long.

#ifndef DELTAMIRROR_VTAB_MIRROR_CONNECTION_H_
#define DELTAMIRROR_VTAB_MIRROR_CONNECTION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mirror/name.h"
#include "sqlite/api.h"
#include "sqlite/companion.h"
#include "sqlite/interrupt.h"

namespace deltamirror::vtab {

struct MirrorConnection {
  std::unique_ptr<sqlite::Companion> companion;  // null: it is the host's
  sqlite3* db = nullptr;
  mirror::MirrorName mirror;
};

// A companion of the host's connection (sqlite/companion.h says why), if it has the mirror `name` and can prepare all
// `statements`, in which "$table" stands for each of the mirrored tables: a trigger, an index or a generated column may
// need what only the host's own connection has. Else the host's connection. An interrupt of the host ends statements of
// the companion, too; the probe, which is the host's, must outlive it.
absl::StatusOr<MirrorConnection> ConnectToMirror(sqlite3* host, absl::string_view name, sqlite::InterruptProbe* probe,
                                                 const std::vector<std::string>& statements);

}  // namespace deltamirror::vtab

#endif  // DELTAMIRROR_VTAB_MIRROR_CONNECTION_H_
