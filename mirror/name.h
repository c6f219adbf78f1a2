// The name of a mirror, as a user types it and as SQL needs it.

#ifndef DELTAMIRROR_MIRROR_NAME_H_
#define DELTAMIRROR_MIRROR_NAME_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sqlite/api.h"

namespace deltamirror::mirror {

struct MirrorName {
  std::string schema;  // the database that it is in: "main", or the name of an attached one
  std::string name;

  // "schema"."name<suffix>", quoted for SQL.
  std::string Quoted(absl::string_view suffix = "") const;
  // As a user writes it: m, or aux.m where the database is not main.
  std::string Text() const;

  bool operator==(const MirrorName&) const = default;
};

// The mirror that `text` names: "m", looked for in all databases of the connection, or "aux.m". NotFound, with the
// statement that makes one, if there is none.
absl::StatusOr<MirrorName> FindMirror(sqlite3* db, absl::string_view text);

// All mirrors of all databases of the connection, by database and name.
absl::StatusOr<std::vector<MirrorName>> ListMirrors(sqlite3* db);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_NAME_H_
