// ALTER TABLE that does not mind what else the schema holds.

#ifndef DELTAMIRROR_SQLITE_LEGACY_ALTER_H_
#define DELTAMIRROR_SQLITE_LEGACY_ALTER_H_

#include "sqlite/api.h"

namespace deltamirror::sqlite {

// As long as it lives, ALTER TABLE neither looks at views and triggers nor rewrites them: one that names a table or a
// column that is gone is the user's to mend, and no reason to stop. The connection must outlive it.
class LegacyAlter {
 public:
  explicit LegacyAlter(sqlite3* db) : db_(db) {
    sqlite3_db_config(db_, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, -1, &before_);
    sqlite3_db_config(db_, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 1, nullptr);
  }
  LegacyAlter(const LegacyAlter&) = delete;
  LegacyAlter& operator=(const LegacyAlter&) = delete;
  ~LegacyAlter() { sqlite3_db_config(db_, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, before_, nullptr); }

 private:
  sqlite3* db_;
  int before_ = 0;
};

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_LEGACY_ALTER_H_
