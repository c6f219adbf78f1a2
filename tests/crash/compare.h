// Whether two databases hold the same rows.

#ifndef DELTAMIRROR_TESTS_CRASH_COMPARE_H_
#define DELTAMIRROR_TESTS_CRASH_COMPARE_H_

#include <sqlite3.h>

#include <map>
#include <string>

#include "tests/lab/cluster.h"

namespace deltamirror::crash {

// Of each table of kTables, all rows, sorted.
using Content = std::map<std::string, lab::Rows>;

Content ContentOf(const lab::Cluster& cluster);
Content ContentOf(sqlite3* db);

// "" if they are the same; else how many rows differ in which table, and the first of them.
std::string Difference(const Content& expected, const Content& got);

// A plain connection, without the extension. A failure, a locked database apart, is a failure of the test.
class PlainDatabase {
 public:
  explicit PlainDatabase(const std::string& file);
  ~PlainDatabase() { sqlite3_close_v2(db_); }
  PlainDatabase(const PlainDatabase&) = delete;
  PlainDatabase& operator=(const PlainDatabase&) = delete;

  sqlite3* db() { return db_; }
  // Of one row; empty if there is none, or the database is locked.
  std::vector<std::string> Row(const std::string& sql);

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace deltamirror::crash

#endif  // DELTAMIRROR_TESTS_CRASH_COMPARE_H_
