// The table-valued function deltamirror.

#ifndef DELTAMIRROR_VTAB_DELTAMIRROR_H_
#define DELTAMIRROR_VTAB_DELTAMIRROR_H_

#include "sqlite/api.h"

namespace deltamirror::vtab {

int RegisterDeltamirror(sqlite3* db);

}  // namespace deltamirror::vtab

#endif  // DELTAMIRROR_VTAB_DELTAMIRROR_H_
