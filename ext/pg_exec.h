// pg_exec(conninfo, sql) -> rows affected, or NULL.

#ifndef DELTAMIRROR_EXT_PG_EXEC_H_
#define DELTAMIRROR_EXT_PG_EXEC_H_

#include "sqlite/api.h"

namespace deltamirror::ext {

// One or more statements on the server, in one transaction unless they say otherwise. The rows that the last one
// affected (or, a SELECT, gave: they are thrown away); NULL if it counts none (CREATE TABLE).
//   SELECT pg_exec('dbname=prod', 'UPDATE flights SET gate = NULL WHERE landed');
// NULL for the statement is an error. DIRECTONLY.
void PgExec(sqlite3_context* context, int count, sqlite3_value** values);

}  // namespace deltamirror::ext

#endif  // DELTAMIRROR_EXT_PG_EXEC_H_
