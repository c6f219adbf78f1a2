// pg_schema_save().

#ifndef DELTAMIRROR_EXT_PG_SCHEMA_SAVE_H_
#define DELTAMIRROR_EXT_PG_SCHEMA_SAVE_H_

#include "sqlite/api.h"

namespace deltamirror::ext {

// pg_schema_save(conninfo [, tables]) -> integer: how many tables' shapes were saved into deltamirror.saved_table and
// deltamirror.saved_column on the server. tables: default `*`.
void PgSchemaSave(sqlite3_context* context, int count, sqlite3_value** values);

}  // namespace deltamirror::ext

#endif  // DELTAMIRROR_EXT_PG_SCHEMA_SAVE_H_
