// The incremental fetch: only rows above the largest value that was imported before.

#ifndef DELTAMIRROR_COPY_SINCE_H_
#define DELTAMIRROR_COPY_SINCE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "copy/source.h"
#include "copy/target.h"
#include "postgres/connection.h"
#include "sqlite/api.h"

namespace deltamirror::copy {

// Keeps the value, as PostgreSQL prints it, in the target's database:
//   deltamirror_import(target, column, value, PRIMARY KEY (target, column))
// Narrow and Save belong in the SQLite transaction that holds the rows.
class Since {
 public:
  Since(sqlite3* db, Target target, std::string column)
      : db_(db), target_(std::move(target)), column_(std::move(column)) {}

  // Looks up the value kept, changes the source's query so that it gives only rows above it, and asks the server (in
  // the caller's transaction, which must be REPEATABLE READ) for the largest value among those.
  absl::Status Narrow(postgres::Connection* connection, Source* source);

  // Keeps that value. Nothing new: what was kept stays.
  absl::Status Save();

 private:
  std::string StateTable() const;
  absl::StatusOr<std::optional<std::string>> Load();

  sqlite3* db_;
  Target target_;
  std::string column_;
  std::optional<std::string> largest_;
};

}  // namespace deltamirror::copy

#endif  // DELTAMIRROR_COPY_SINCE_H_
