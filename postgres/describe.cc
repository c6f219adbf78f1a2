#include "postgres/describe.h"

#include <libpq-fe.h>

#include <optional>
#include <utility>

#include "status/status_macros.h"

namespace deltamirror::postgres {
namespace {

// The only result of what was sent, with everything behind it read, so that the connection can be used again.
absl::StatusOr<Result> OnlyResult(Connection& connection) {
  absl::StatusOr<std::optional<Result>> first = connection.NextResult();
  while (true) {
    if (!first.ok() && PQstatus(connection.handle()) == CONNECTION_BAD) return first.status();
    absl::StatusOr<std::optional<Result>> next = connection.NextResult();
    if (next.ok() && !next->has_value()) break;
    if (!next.ok() && SqlState(next.status()).empty()) return next.status();
  }
  if (!first.ok()) return first.status();
  if (!first->has_value()) return connection.Failed("the server sent no result");
  return *std::move(*first);
}

}  // namespace

absl::StatusOr<std::vector<ResultColumn>> Describe(Connection& connection, const std::string& sql) {
  if (PQsendPrepare(connection.handle(), "", sql.c_str(), 0, nullptr) == 0) {
    return connection.Failed("could not send the query");
  }
  RETURN_IF_ERROR(OnlyResult(connection).status());
  if (PQsendDescribePrepared(connection.handle(), "") == 0) return connection.Failed("could not send the query");
  ASSIGN_OR_RETURN(const Result result, OnlyResult(connection));
  std::vector<ResultColumn> columns;
  for (int i = 0; i < result.columns(); ++i) {
    columns.push_back({result.column_name(i), result.column_type(i), PQfmod(result.raw(), i)});
  }
  return columns;
}

}  // namespace deltamirror::postgres
