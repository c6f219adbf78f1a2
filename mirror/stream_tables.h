// What a mirror's daystream has of the server's tables: which of them, and which of their columns and rows.

#ifndef DELTAMIRROR_MIRROR_STREAM_TABLES_H_
#define DELTAMIRROR_MIRROR_STREAM_TABLES_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daystream/source.h"
#include "postgres/connection.h"
#include "postgres/publication.h"
#include "postgres/schema.h"
#include "types/table_filters.h"
#include "types/table_list.h"

namespace deltamirror::mirror {

// A slot of deltaflood is asked for tables and filters, which daystream.json has; one of pgoutput for a publication, of
// which the server tells. A first copy must take the same, and a comparison must expect it.
//
//   ASSIGN_OR_RETURN(const StreamTables stream, StreamTables::Read(connection, source, info));
//   ASSIGN_OR_RETURN(const std::vector<postgres::CatalogTable> tables, stream.Choose(connection, list));
class StreamTables {
 public:
  // As the connection's transaction sees the publication. `info`: what the daystream `source` tells of itself; nothing:
  // it is taken to have all. NotFound if the publication is gone.
  static absl::StatusOr<StreamTables> Read(postgres::Connection& connection, const std::string& source,
                                           const std::optional<daystream::SourceInfo>& info);

  // The same of what the daystream alone tells, whose server may not have the tables any more: not of a publication.
  static absl::StatusOr<StreamTables> Recorded(const std::string& source,
                                               const std::optional<daystream::SourceInfo>& info);

  // The tables of a list, without the columns that the stream does not bring (see postgres::ReadTables). A wildcard
  // takes those of a publication. FailedPrecondition, naming the table, if the daystream does not have one; or if the
  // publication leaves out some kind of change, so that no mirror of it could stay equal.
  absl::StatusOr<std::vector<postgres::CatalogTable>> Choose(postgres::Connection& connection,
                                                             const types::TableList& list) const;

  // Takes away from tables what the stream does not bring; the same errors, but for those of the publication.
  absl::Status Restrict(std::vector<postgres::CatalogTable>* tables) const;

  // All that the daystream has.
  absl::StatusOr<std::vector<postgres::CatalogTable>> All(postgres::Connection& connection) const;

  // Takes away from the table what the stream does not bring: columns, and rows (`where`).
  absl::Status KeepStreamed(postgres::CatalogTable* table) const;

 private:
  explicit StreamTables(std::string source) : source_(std::move(source)) {}

  absl::Status CheckCovered(const postgres::CatalogTable& table) const;
  absl::StatusOr<types::TableList> Named(const types::TableList& list) const;

  std::string source_;
  std::string asked_;  // the tables, as the user wrote them; empty: all
  types::TableList tables_;
  types::TableFilters filters_;
  std::optional<postgres::Publication> publication_;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_STREAM_TABLES_H_
