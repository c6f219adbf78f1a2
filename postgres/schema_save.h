// pg_schema_save: the shapes of tables, kept in PostgreSQL for future reference.

#ifndef DELTAMIRROR_POSTGRES_SCHEMA_SAVE_H_
#define DELTAMIRROR_POSTGRES_SCHEMA_SAVE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "postgres/connection.h"
#include "types/table_list.h"

namespace deltamirror::postgres {

// Adds a row for each table of the list to deltamirror.saved_table, with the time and the LSN, and a row for each of
// its columns to deltamirror.saved_column, in one transaction; returns the number of tables. What was saved before
// stays. The schema and the two tables are made if they are missing: that, and only that, needs the right to CREATE in
// the database.
absl::StatusOr<int64_t> SaveSchema(Connection& connection, const types::TableList& list);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_SCHEMA_SAVE_H_
