// deltastream(conninfo, slot, destination [, options]): moves changes into a daystream.

#ifndef DELTAMIRROR_VTAB_DELTASTREAM_H_
#define DELTAMIRROR_VTAB_DELTASTREAM_H_

#include "sqlite/api.h"

namespace deltamirror::vtab {

int RegisterDeltastream(sqlite3* db);

}  // namespace deltamirror::vtab

#endif  // DELTAMIRROR_VTAB_DELTASTREAM_H_
