// pg_query(conninfo, query): the rows of a query on the server, as JSON.

#ifndef DELTAMIRROR_VTAB_PG_QUERY_H_
#define DELTAMIRROR_VTAB_PG_QUERY_H_

#include "sqlite/api.h"

namespace deltamirror::vtab {

// Registers the module. DIRECTONLY.
int RegisterPgQuery(sqlite3* db);

}  // namespace deltamirror::vtab

#endif  // DELTAMIRROR_VTAB_PG_QUERY_H_
