// What the names in filters mean, from the catalog.

#ifndef DELTAMIRROR_POSTGRES_FILTER_NAMES_H_
#define DELTAMIRROR_POSTGRES_FILTER_NAMES_H_

#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "postgres/connection.h"
#include "postgres/schema.h"
#include "types/table_filters.h"

namespace deltamirror::postgres {

// Notes each table's OID and the numbers of its columns, so that the filters hold when something is renamed. NotFound
// for a table or a listed column that is not there; FailedPrecondition for a partition, whose changes have its root's
// filter. Works on a connection for replication, too.
absl::Status FixFilterNames(Connection& connection, types::TableFilters* filters);

// Takes the columns that have none of these numbers out of the table. FailedPrecondition if its replica identity would
// be incomplete.
absl::Status KeepColumns(const std::set<int>& numbers, CatalogTable* table);

// The same for those that the filter does not list, whatever they are called now.
absl::Status KeepFilteredColumns(const types::TableFilter& filter, CatalogTable* table);

// The filter's expression in terms of the names that the table and its columns have now, to stand in parentheses; "" if
// it has none. `relation`: with all of its columns.
std::string FilterCondition(const types::TableFilter& filter, const types::Relation& relation);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_FILTER_NAMES_H_
