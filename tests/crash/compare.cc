#include "tests/crash/compare.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/crash/source.h"

namespace deltamirror::crash {
namespace {

constexpr int kBusyTimeout = 5000;

bool IsLocked(int rc) {
  return (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED;
}

lab::Rows RowsOf(sqlite3* db, const std::string& sql) {
  lab::Rows rows;
  sqlite3_stmt* statement = nullptr;
  int rc = sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr);
  while (rc == SQLITE_OK || rc == SQLITE_ROW) {
    rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW) break;
    std::vector<std::string>& row = rows.emplace_back();
    for (int column = 0; column < sqlite3_column_count(statement); ++column) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      row.push_back(text == nullptr ? "NULL" : text);
    }
  }
  EXPECT_TRUE(rc == SQLITE_DONE || IsLocked(rc)) << sqlite3_errmsg(db) << "\n" << sql;
  sqlite3_finalize(statement);
  return rows;
}

std::string SelectAll(const Table& table) {
  return absl::StrCat("SELECT ", table.columns, " FROM ", table.name);
}

std::string FirstOf(const lab::Rows& rows, const char* where) {
  if (rows.empty()) return "";
  return absl::StrCat(", first only ", where, ": (", absl::StrJoin(rows[0], ", ").substr(0, 200), ")");
}

}  // namespace

Content ContentOf(const lab::Cluster& cluster) {
  Content content;
  lab::Session session(cluster);
  session.Exec("BEGIN ISOLATION LEVEL REPEATABLE READ");
  for (const Table& table : kTables) {
    lab::Rows rows = session.Query(SelectAll(table));
    std::sort(rows.begin(), rows.end());
    content[table.name] = std::move(rows);
  }
  return content;
}

Content ContentOf(sqlite3* db) {
  Content content;
  for (const Table& table : kTables) {
    lab::Rows rows = RowsOf(db, SelectAll(table));
    std::sort(rows.begin(), rows.end());
    content[table.name] = std::move(rows);
  }
  return content;
}

std::string Difference(const Content& expected, const Content& got) {
  std::string text;
  for (const auto& [table, rows] : expected) {
    const auto found = got.find(table);
    const lab::Rows& others = found == got.end() ? lab::Rows() : found->second;
    if (rows == others) continue;
    lab::Rows missing;
    lab::Rows extra;
    std::set_difference(rows.begin(), rows.end(), others.begin(), others.end(), std::back_inserter(missing));
    std::set_difference(others.begin(), others.end(), rows.begin(), rows.end(), std::back_inserter(extra));
    absl::StrAppend(&text, "table ", table, ": ", missing.size(), " rows are missing", FirstOf(missing, "expected"),
                    "; ", extra.size(), " rows are too many", FirstOf(extra, "got"), "\n");
  }
  return text;
}

PlainDatabase::PlainDatabase(const std::string& file) {
  EXPECT_EQ(sqlite3_open(file.c_str(), &db_), SQLITE_OK) << sqlite3_errmsg(db_);
  sqlite3_busy_timeout(db_, kBusyTimeout);
}

std::vector<std::string> PlainDatabase::Row(const std::string& sql) {
  const lab::Rows rows = RowsOf(db_, sql);
  return rows.empty() ? std::vector<std::string>() : rows[0];
}

}  // namespace deltamirror::crash
