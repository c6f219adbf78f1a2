// A test program that is SQLite's host, and uses rooms that are written for an extension.

#ifndef DELTAMIRROR_TESTS_SQLITE_HOST_H_
#define DELTAMIRROR_TESTS_SQLITE_HOST_H_

#include "sqlite/api.h"

// What the program takes from SQLite before the extension's routines are known comes from the library itself.
#undef sqlite3_auto_extension
#undef sqlite3_initialize
#undef sqlite3_open

namespace deltamirror {

// To be called before a connection is opened: it brings the routines.
inline void CaptureSqliteApi() {
  constexpr auto kCapture = [](sqlite3*, char**, const sqlite3_api_routines* api) {
    return sqlite::InitializeApi(api) ? SQLITE_OK : SQLITE_ERROR;
  };
  int (*const capture)(sqlite3*, char**, const sqlite3_api_routines*) = kCapture;
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(capture));
}

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_SQLITE_HOST_H_
