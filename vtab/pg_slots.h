// pg_slots(conninfo): the replication slots of a server.

#ifndef DELTAMIRROR_VTAB_PG_SLOTS_H_
#define DELTAMIRROR_VTAB_PG_SLOTS_H_

#include "sqlite/api.h"

namespace deltamirror::vtab {

int RegisterPgSlots(sqlite3* db);

}  // namespace deltamirror::vtab

#endif  // DELTAMIRROR_VTAB_PG_SLOTS_H_
