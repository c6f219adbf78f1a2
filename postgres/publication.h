// Publications: which tables, columns and rows a stream of pgoutput has.

#ifndef DELTAMIRROR_POSTGRES_PUBLICATION_H_
#define DELTAMIRROR_POSTGRES_PUBLICATION_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "postgres/connection.h"
#include "postgres/schema.h"
#include "types/table_filters.h"
#include "types/table_list.h"

namespace deltamirror::postgres {

// A table under whose name changes are published: of a partitioned one either itself or its partitions.
struct PublishedTable {
  std::string schema;
  std::string table;
  uint32_t relid = 0;
  std::optional<std::set<int>> columns;  // numbers; nothing: all, of those that are generated see PublicationOptions
  std::string where;                     // an SQL expression; empty: all rows
};

// Versions, as Connection::server_version gives them.
constexpr int kPublicationFiltersSince = 150000;    // column lists, row filters, TABLES IN SCHEMA
constexpr int kPublicationGeneratedSince = 180000;  // publish_generated_columns

struct PublicationOptions {
  bool via_root = false;              // publish_via_partition_root
  bool with_generated = false;        // publish_generated_columns = stored
  std::vector<std::string> left_out;  // of "insert", "update", "delete", "truncate"
};

// Nothing if there is no such publication.
absl::StatusOr<std::optional<PublicationOptions>> ReadPublicationOptions(Connection& connection,
                                                                         const std::string& name);

struct Publication {
  std::string name;
  PublicationOptions options;
  std::vector<PublishedTable> tables;  // by schema and name

  // Null if it is not published under its own name.
  const PublishedTable* Find(uint32_t relid) const;
};

// As the connection's transaction sees it. NotFound if there is none.
absl::StatusOr<Publication> ReadPublication(Connection& connection, const std::string& name);

// Whether it names columns of the table, which then come without the others.
absl::StatusOr<bool> HasColumnList(Connection& connection, const std::string& publication, uint32_t relid);

// Takes what the publication leaves out of the table away from it: columns, and rows (`where`). FailedPrecondition if
// rows cannot be told apart by what is left.
absl::Status KeepPublished(const PublicationOptions& options, const PublishedTable& published, CatalogTable* table);

// CREATE PUBLICATION, with partitions' changes under their root's name, and with stored generated columns where the
// server can publish them. FailedPrecondition for what the server cannot
// publish, and for filters by which it would refuse updates and deletes of the tables afterwards. Works on a connection
// for replication, too, outside of a transaction.
absl::Status CreatePublication(Connection& connection, const std::string& name, const types::TableList& tables,
                               const types::TableFilters& filters);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_PUBLICATION_H_
