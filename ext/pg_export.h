// pg_export(conninfo, query, table [, options]) -> rows exported.

#ifndef DELTAMIRROR_EXT_PG_EXPORT_H_
#define DELTAMIRROR_EXT_PG_EXPORT_H_

#include "sqlite/api.h"

namespace deltamirror::ext {

// A SQLite query, or the table of that name, into a PostgreSQL table: docs/sql.md, "Copying".
//   SELECT pg_export('dbname=prod', 'SELECT * FROM corrections', 'ops.corrections');
// NULL for the query or the table is an error; NULL options are none. DIRECTONLY.
void PgExport(sqlite3_context* context, int count, sqlite3_value** values);

}  // namespace deltamirror::ext

#endif  // DELTAMIRROR_EXT_PG_EXPORT_H_
