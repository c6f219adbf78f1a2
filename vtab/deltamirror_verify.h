// The table-valued function deltamirror_verify.

#ifndef DELTAMIRROR_VTAB_DELTAMIRROR_VERIFY_H_
#define DELTAMIRROR_VTAB_DELTAMIRROR_VERIFY_H_

#include "sqlite/api.h"

namespace deltamirror::vtab {

// Returns a SQLite result code.
int RegisterDeltamirrorVerify(sqlite3* db);

}  // namespace deltamirror::vtab

#endif  // DELTAMIRROR_VTAB_DELTAMIRROR_VERIFY_H_
