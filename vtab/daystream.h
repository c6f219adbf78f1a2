// daystream(source [, clock, seq]): reads a daystream.

#ifndef DELTAMIRROR_VTAB_DAYSTREAM_H_
#define DELTAMIRROR_VTAB_DAYSTREAM_H_

#include "sqlite/api.h"

namespace deltamirror::vtab {

int RegisterDaystream(sqlite3* db);

}  // namespace deltamirror::vtab

#endif  // DELTAMIRROR_VTAB_DAYSTREAM_H_
