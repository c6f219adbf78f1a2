// The virtual table daystream_apply: see daystream_apply.cc.

#ifndef DELTAMIRROR_VTAB_DAYSTREAM_APPLY_H_
#define DELTAMIRROR_VTAB_DAYSTREAM_APPLY_H_

#include "sqlite/api.h"

namespace deltamirror::vtab {

int RegisterDaystreamApply(sqlite3* db);

}  // namespace deltamirror::vtab

#endif  // DELTAMIRROR_VTAB_DAYSTREAM_APPLY_H_
