// A SQLite host with the extension loaded.

#ifndef DELTAMIRROR_TESTS_LAB_HOST_H_
#define DELTAMIRROR_TESTS_LAB_HOST_H_

#include <sqlite3.h>

#include <string>

#include "tests/lab/cluster.h"

namespace deltamirror::lab {

// A connection to a SQLite database, opened by the constructor. What fails is a failure of the test, with SQLite's
// message. Values are text, as sqlite3_column_text gives them; a NULL is "NULL".
//
//   lab::Host host(dir.File("cache.db"));
//   host.Exec(absl::StrCat("SELECT pg_import('", cluster.conninfo(), "', 'zzz', 'zzz')"));
//   EXPECT_EQ(host.Query("SELECT a, b FROM zzz"), (lab::Rows{{"fox", "hen"}}));
//   EXPECT_THAT(host.Error("SELECT pg_import('', 'zzz')"), HasSubstr("..."));
class Host {
 public:
  explicit Host(const std::string& file = ":memory:");
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // One or more statements.
  void Exec(const std::string& sql);
  // One statement. The rows that came before an error are kept.
  Rows Query(const std::string& sql);
  // The only value of the only row.
  std::string Value(const std::string& sql);
  // The message of a statement (or several) that must fail.
  std::string Error(const std::string& sql);

  sqlite3* db() { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

// 'text' as an SQL literal.
std::string Literal(const std::string& text);

}  // namespace deltamirror::lab

#endif  // DELTAMIRROR_TESTS_LAB_HOST_H_
