// COPY ... FROM STDIN, written in blocks.

#ifndef DELTAMIRROR_POSTGRES_COPY_IN_H_
#define DELTAMIRROR_POSTGRES_COPY_IN_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "postgres/connection.h"

namespace deltamirror::postgres {

// Waits, when the server does not keep up, with the connection's interrupt check. After an error, or without a Finish,
// the connection is of no more use: to close it takes back what was written.
//
//   ASSIGN_OR_RETURN(CopyIn copy, CopyIn::Begin(&connection, "COPY t (a, b) FROM STDIN"));
//   RETURN_IF_ERROR(copy.Write("1\tfox\n"));
//   ASSIGN_OR_RETURN(const int64_t rows, copy.Finish());
class CopyIn {
 public:
  // `connection` must outlive the CopyIn.
  static absl::StatusOr<CopyIn> Begin(Connection* connection, const std::string& sql);

  // Any part of the data; rows may be cut anywhere. Best some 64 KiB at a time.
  absl::Status Write(absl::string_view data);

  // Ends the data and returns the rows that the server took. Its errors come here, with its message.
  absl::StatusOr<int64_t> Finish();

 private:
  explicit CopyIn(Connection* connection) : connection_(connection) {}
  absl::Status Flush();
  Connection* connection_;
};

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_COPY_IN_H_
