// The table-valued function pg_schema(conninfo [, tables]).

#ifndef DELTAMIRROR_VTAB_PG_SCHEMA_H_
#define DELTAMIRROR_VTAB_PG_SCHEMA_H_

#include "sqlite/api.h"

namespace deltamirror::vtab {

// DIRECTONLY.
int RegisterPgSchema(sqlite3* db);

}  // namespace deltamirror::vtab

#endif  // DELTAMIRROR_VTAB_PG_SCHEMA_H_
