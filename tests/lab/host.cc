#include "tests/lab/host.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/lab/artefacts.h"

namespace deltamirror::lab {
namespace {

std::vector<std::string> ReadRow(sqlite3_stmt* statement) {
  std::vector<std::string> row;
  for (int column = 0; column < sqlite3_column_count(statement); ++column) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
    row.push_back(text == nullptr ? "NULL" : std::string(text, sqlite3_column_bytes(statement, column)));
  }
  return row;
}

}  // namespace

Host::Host(const std::string& file) {
  EXPECT_EQ(sqlite3_open(file.c_str(), &db_), SQLITE_OK) << sqlite3_errmsg(db_);
  sqlite3_busy_timeout(db_, 5000);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, nullptr);
  char* message = nullptr;
  EXPECT_EQ(sqlite3_load_extension(db_, ExtensionPath().c_str(), nullptr, &message), SQLITE_OK)
      << (message == nullptr ? "" : message);
  sqlite3_free(message);
}

Host::~Host() {
  sqlite3_close_v2(db_);
}

void Host::Exec(const std::string& sql) {
  EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db_) << "\n" << sql;
}

Rows Host::Query(const std::string& sql) {
  Rows rows;
  sqlite3_stmt* statement = nullptr;
  int rc = sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr);
  EXPECT_EQ(rc, SQLITE_OK) << sqlite3_errmsg(db_) << "\n" << sql;
  if (rc != SQLITE_OK) return rows;
  while ((rc = sqlite3_step(statement)) == SQLITE_ROW) rows.push_back(ReadRow(statement));
  EXPECT_EQ(rc, SQLITE_DONE) << sqlite3_errmsg(db_) << "\n" << sql;
  sqlite3_finalize(statement);
  return rows;
}

std::string Host::Value(const std::string& sql) {
  const Rows rows = Query(sql);
  if (rows.size() == 1 && rows[0].size() == 1) return rows[0][0];
  ADD_FAILURE() << "expected one value of: " << sql << "\nbut got " << rows.size() << " rows";
  return "";
}

std::string Host::Error(const std::string& sql) {
  EXPECT_NE(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << "expected an error of: " << sql;
  return sqlite3_errmsg(db_);
}

std::string Literal(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'");
}

}  // namespace deltamirror::lab
