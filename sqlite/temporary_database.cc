#include "sqlite/temporary_database.h"

#include "sqlite/error.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"

namespace deltamirror::sqlite {

absl::StatusOr<std::unique_ptr<TemporaryDatabase>> TemporaryDatabase::Open() {
  auto temporary = std::unique_ptr<TemporaryDatabase>(new TemporaryDatabase());
  const int rc = sqlite3_open_v2("", &temporary->db_,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_PRIVATECACHE, nullptr);
  RETURN_IF_ERROR(StatusFrom(temporary->db_, rc, "could not open a temporary database"));
  // One transaction for all of its life: no journal, and pages go to the file only when the cache is full.
  RETURN_IF_ERROR(Execute(temporary->db_, "PRAGMA journal_mode = OFF; PRAGMA cache_size = -8192; BEGIN"));
  return temporary;
}

TemporaryDatabase::~TemporaryDatabase() {
  sqlite3_close_v2(db_);
}

}  // namespace deltamirror::sqlite
