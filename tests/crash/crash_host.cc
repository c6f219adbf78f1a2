// A SQLite host that can be held at a named moment (points.h).
//
//   crash_host DATABASE SQL     loads the extension (DELTAMIRROR_EXTENSION), runs the SQL; 1 and a message if it fails

#include <sqlite3.h>

#include <cstdio>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "tests/crash/points.h"
#include "tests/lab/artefacts.h"

namespace deltamirror::crash {
namespace {

void Begins(absl::string_view sql) {
  if (sql == "COMMIT") {
    Reached("commit");
    SetCommitting(true);
  } else if (absl::StartsWith(sql, "UPDATE") && absl::StrContains(sql, "m_state\" SET identity")) {
    Reached("position");
  } else if (absl::StartsWith(sql, "CREATE TABLE")) {
    Reached(kCreatePoint);
  } else if ((absl::StartsWith(sql, "INSERT") || absl::StartsWith(sql, "UPDATE") || absl::StartsWith(sql, "DELETE")) &&
             !absl::StrContains(sql, "\"m_")) {
    Reached("row");
  }
}

void Ends(absl::string_view sql) {
  if (sql != "COMMIT") return;
  SetCommitting(false);
  Reached("committed");
}

int OnStatement(unsigned event, void*, void* statement, void*) {
  const char* sql = sqlite3_sql(static_cast<sqlite3_stmt*>(statement));
  if (sql == nullptr) return 0;
  event == SQLITE_TRACE_STMT ? Begins(sql) : Ends(sql);
  return 0;
}

// Each connection of the process, the extension's own too.
int OnConnection(sqlite3* db, const char**, const void*) {
  return sqlite3_trace_v2(db, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, OnStatement, nullptr);
}

int Fail(const char* message) {
  std::fprintf(stderr, "%s\n", message);
  return 1;
}

int Run(const char* database, const char* sql) {
  SetDatabase(database);
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(OnConnection));
  sqlite3* db = nullptr;
  if (sqlite3_open(database, &db) != SQLITE_OK) return Fail(sqlite3_errmsg(db));
  sqlite3_busy_timeout(db, 5000);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, nullptr);
  char* message = nullptr;
  if (sqlite3_load_extension(db, lab::ExtensionPath().c_str(), nullptr, &message) != SQLITE_OK) return Fail(message);
  const bool done = sqlite3_exec(db, sql, nullptr, nullptr, &message) == SQLITE_OK;
  const int status = done ? 0 : Fail(message);
  sqlite3_close(db);
  return status;
}

}  // namespace
}  // namespace deltamirror::crash

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: %s DATABASE SQL\n", arguments[0]);
    return 2;
  }
  return deltamirror::crash::Run(arguments[1], arguments[2]);
}
