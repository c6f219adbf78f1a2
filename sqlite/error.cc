#include "sqlite/error.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace deltamirror::sqlite {
namespace {

// The result code travels with the status, so that a caller of the host's API sees SQLITE_BUSY, SQLITE_FULL, ... as
// they were.
constexpr char kResultCodeUrl[] = "deltamirror/sqlite_result_code";

absl::StatusCode CodeFor(int rc) {
  switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kUnavailable;
    case SQLITE_INTERRUPT:
      return absl::StatusCode::kCancelled;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::StatusCode::kPermissionDenied;
    case SQLITE_CONSTRAINT:
      return absl::StatusCode::kFailedPrecondition;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

absl::Status StatusFrom(sqlite3* db, int rc, absl::string_view what) {
  if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE) return absl::OkStatus();
  const char* reason = (rc & 0xff) == SQLITE_INTERRUPT || db == nullptr ? sqlite3_errstr(rc) : sqlite3_errmsg(db);
  absl::Status status(CodeFor(rc), absl::StrCat(what, ": ", reason));
  status.SetPayload(kResultCodeUrl, absl::Cord(absl::StrCat(rc)));
  return status;
}

int ToResultCode(const absl::Status& status) {
  if (status.ok()) return SQLITE_OK;
  int rc = 0;
  if (auto payload = status.GetPayload(kResultCodeUrl); payload && absl::SimpleAtoi(std::string(*payload), &rc))
    return rc;
  return status.code() == absl::StatusCode::kCancelled ? SQLITE_INTERRUPT : SQLITE_ERROR;
}

bool IsRowError(const absl::Status& status) {
  switch (ToResultCode(status) & 0xff) {
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return !status.ok();
    default:
      return false;
  }
}

bool KeepsRowsBefore(sqlite3* db) {
  switch (sqlite3_extended_errcode(db)) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_ROWID:
    case SQLITE_CONSTRAINT_NOTNULL:
    case SQLITE_CONSTRAINT_CHECK:
      return true;
    default:
      return false;
  }
}

void ResultError(sqlite3_context* context, const absl::Status& status) {
  const std::string message(status.message());
  sqlite3_result_error(context, message.data(), static_cast<int>(message.size()));
  sqlite3_result_error_code(context, ToResultCode(status));
}

int VtabError(sqlite3_vtab* table, const absl::Status& status) {
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = nullptr;
  if (status.ok()) return SQLITE_OK;
  table->zErrMsg = sqlite3_mprintf("%s", std::string(status.message()).c_str());
  return ToResultCode(status);
}

int ConnectError(char** message, const absl::Status& status) {
  sqlite3_free(*message);
  *message = status.ok() ? nullptr : sqlite3_mprintf("%s", std::string(status.message()).c_str());
  return ToResultCode(status);
}

}  // namespace deltamirror::sqlite
