// deltamirror_bootstrap().

#ifndef DELTAMIRROR_EXT_DELTAMIRROR_BOOTSTRAP_H_
#define DELTAMIRROR_EXT_DELTAMIRROR_BOOTSTRAP_H_

#include "sqlite/api.h"

namespace deltamirror::ext {

// deltamirror_bootstrap(mirror, conninfo, tables [, options]) -> integer: the rows copied. Options: indexes, again,
// margin, types, progress (see docs/sql.md).
void DeltamirrorBootstrap(sqlite3_context* context, int count, sqlite3_value** values);

}  // namespace deltamirror::ext

#endif  // DELTAMIRROR_EXT_DELTAMIRROR_BOOTSTRAP_H_
