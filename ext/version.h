// deltamirror_version() and deltamirror_debug().

#ifndef DELTAMIRROR_EXT_VERSION_H_
#define DELTAMIRROR_EXT_VERSION_H_

#include "sqlite/api.h"

namespace deltamirror::ext {

// SemVer of the SQL surface: names, arguments, columns.
inline constexpr char kVersion[] = "0.1.0";

// deltamirror_version() -> text: kVersion.
void DeltamirrorVersion(sqlite3_context* context, int count, sqlite3_value** values);

// deltamirror_debug() -> text: version, commit, compiler, SQLite (built with, running), libpq, a line each.
void DeltamirrorDebug(sqlite3_context* context, int count, sqlite3_value** values);

}  // namespace deltamirror::ext

#endif  // DELTAMIRROR_EXT_VERSION_H_
