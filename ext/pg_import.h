// pg_import(conninfo, query, table [, options]) -> rows imported.

#ifndef DELTAMIRROR_EXT_PG_IMPORT_H_
#define DELTAMIRROR_EXT_PG_IMPORT_H_

#include "sqlite/api.h"

namespace deltamirror::ext {

// A PostgreSQL query, or the table of that name, into a SQLite table: docs/sql.md, "Copying".
//   SELECT pg_import('dbname=prod', 'SELECT * FROM flights WHERE day = current_date', 'flights');
// NULL for the query or the table is an error; NULL options are none. DIRECTONLY.
void PgImport(sqlite3_context* context, int count, sqlite3_value** values);

}  // namespace deltamirror::ext

#endif  // DELTAMIRROR_EXT_PG_IMPORT_H_
