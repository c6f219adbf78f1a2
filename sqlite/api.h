// SQLite's extension API. The library is the host's: every sqlite3_... call goes through the routines that the host
// hands over at load, so nothing here links against SQLite. All other code includes this header instead of
// sqlite3ext.h.

#ifndef DELTAMIRROR_SQLITE_API_H_
#define DELTAMIRROR_SQLITE_API_H_

#include <sqlite3ext.h>

extern "C" {
extern const sqlite3_api_routines* sqlite3_api;
}

namespace deltamirror::sqlite {

// The oldest SQLite that can be a host: RETURNING, DROP COLUMN's forerunners and generated columns are taken for
// granted.
inline constexpr int kOldestVersion = 3035000;

// To be called first, with what the entry point was given. Returns false when the host is older than kOldestVersion.
bool InitializeApi(const sqlite3_api_routines* api);

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_API_H_
