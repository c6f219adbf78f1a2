#include "postgres/row_reader.h"

#include <libpq-fe.h>

#include <utility>

#include "status/status_macros.h"

namespace deltamirror::postgres {

absl::StatusOr<RowReader> RowReader::Started(Connection* connection, int sent) {
  if (sent == 0 || PQsetSingleRowMode(connection->handle()) == 0) {
    return connection->Failed("could not send the query");
  }
  return RowReader(connection);
}

absl::StatusOr<RowReader> RowReader::Begin(Connection* connection, const std::string& sql) {
  return Started(connection, PQsendQueryParams(connection->handle(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr,
                                               /*resultFormat=*/0));
}

absl::StatusOr<RowReader> RowReader::BeginScript(Connection* connection, const std::string& sql) {
  return Started(connection, PQsendQuery(connection->handle(), sql.c_str()));
}

absl::StatusOr<std::optional<Result>> RowReader::Next() {
  while (true) {
    ASSIGN_OR_RETURN(std::optional<Result> result, connection_->NextResult());
    if (!result) return std::optional<Result>();
    switch (PQresultStatus(result->raw())) {
      case PGRES_SINGLE_TUPLE:
        return result;
      case PGRES_COPY_IN:
      case PGRES_COPY_OUT:
      case PGRES_COPY_BOTH:
        return absl::InvalidArgumentError(
            "COPY from STDIN or to STDOUT is not possible here. Use pg_import or "
            "pg_export");
      default:
        affected_ = result->affected();
    }
  }
}

}  // namespace deltamirror::postgres
