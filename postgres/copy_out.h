// COPY ... TO STDOUT, read in blocks.

#ifndef DELTAMIRROR_POSTGRES_COPY_OUT_H_
#define DELTAMIRROR_POSTGRES_COPY_OUT_H_

#include <atomic>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "postgres/connection.h"

namespace deltamirror::postgres {

// Begin is called on the thread that the connection's interrupt check belongs to; from then on one other thread may
// Read, until it returned false or an error. Only then may the connection be used for something else.
//
//   ASSIGN_OR_RETURN(CopyOut copy, CopyOut::Begin(&connection, "COPY t TO STDOUT (FORMAT binary)"));
//   while (*copy.Read(kBlockSize, stop, &block)) ...
class CopyOut {
 public:
  // `connection` must outlive the CopyOut.
  static absl::StatusOr<CopyOut> Begin(Connection* connection, const std::string& sql);

  // Appends whole messages, each of which is a row, to `block` until it holds at least `size` bytes or the data ends.
  // Returns false at the end. A message is never cut: a row of 200 MB makes a block of that size.
  // Once `stop` is set, what is left is read and thrown away, for a few seconds at most; to make it short, Cancel
  // first.
  absl::StatusOr<bool> Read(size_t size, const std::atomic<bool>& stop, std::string* block);

 private:
  explicit CopyOut(Connection* connection) : connection_(connection) {}
  absl::Status WaitForData(const std::atomic<bool>& stop);
  absl::StatusOr<bool> Finish();
  Connection* connection_;
  int waits_after_stop_ = 0;
};

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_COPY_OUT_H_
