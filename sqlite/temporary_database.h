// A private database for intermediate results that may be larger than memory.

#ifndef DELTAMIRROR_SQLITE_TEMPORARY_DATABASE_H_
#define DELTAMIRROR_SQLITE_TEMPORARY_DATABASE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "sqlite/api.h"

namespace deltamirror::sqlite {

// Some MiB of it are in memory, the rest in a file without a name in SQLite's temporary folder (SQLITE_TMPDIR, TMPDIR).
// Nothing of it is ever rolled back: after an error it is of no more use.
//
//   ASSIGN_OR_RETURN(const std::unique_ptr<TemporaryDatabase> temporary, TemporaryDatabase::Open());
//   RETURN_IF_ERROR(Execute(temporary->db(), "CREATE TABLE seen (k PRIMARY KEY)"));
class TemporaryDatabase {
 public:
  static absl::StatusOr<std::unique_ptr<TemporaryDatabase>> Open();

  ~TemporaryDatabase();
  TemporaryDatabase(const TemporaryDatabase&) = delete;
  TemporaryDatabase& operator=(const TemporaryDatabase&) = delete;

  sqlite3* db() const { return db_; }

 private:
  TemporaryDatabase() = default;
  sqlite3* db_ = nullptr;
};

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_TEMPORARY_DATABASE_H_
