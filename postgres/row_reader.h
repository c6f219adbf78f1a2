// The rows of a query as they come, one after the other.

#ifndef DELTAMIRROR_POSTGRES_ROW_READER_H_
#define DELTAMIRROR_POSTGRES_ROW_READER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "postgres/connection.h"

namespace deltamirror::postgres {

// No more than a row is held, whatever the size of the result. Until Next returned no row or an error, the connection
// can do nothing else.
//
//   ASSIGN_OR_RETURN(RowReader reader, RowReader::Begin(&connection, "SELECT * FROM flights"));
//   while (true) { ASSIGN_OR_RETURN(std::optional<Result> row, reader.Next()); if (!row) break; ... row->text(0, 0) ...
//   }
class RowReader {
 public:
  // One statement. `connection` must outlive the reader.
  static absl::StatusOr<RowReader> Begin(Connection* connection, const std::string& sql);
  // One or more statements, by the simple protocol; the rows of all of them.
  static absl::StatusOr<RowReader> BeginScript(Connection* connection, const std::string& sql);

  // A result of one row; nothing at the end.
  absl::StatusOr<std::optional<Result>> Next();

  // After the end: the rows that the last statement affected or gave, if it counts them.
  std::optional<int64_t> affected() const { return affected_; }

 private:
  explicit RowReader(Connection* connection) : connection_(connection) {}
  static absl::StatusOr<RowReader> Started(Connection* connection, int sent);
  Connection* connection_;
  std::optional<int64_t> affected_;
};

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_ROW_READER_H_
