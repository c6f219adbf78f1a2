// The table-valued function deltamirror_status.

#ifndef DELTAMIRROR_VTAB_DELTAMIRROR_STATUS_H_
#define DELTAMIRROR_VTAB_DELTAMIRROR_STATUS_H_

#include "sqlite/api.h"

namespace deltamirror::vtab {

int RegisterDeltamirrorStatus(sqlite3* db);

}  // namespace deltamirror::vtab

#endif  // DELTAMIRROR_VTAB_DELTAMIRROR_STATUS_H_
