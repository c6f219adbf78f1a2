// The rows in PostgreSQL's binary COPY format (its documentation, COPY, "Binary Format").

#ifndef DELTAMIRROR_COPY_BINARY_ROWS_H_
#define DELTAMIRROR_COPY_BINARY_ROWS_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace deltamirror::copy {

// A field as it stands in the block: a view, or NULL (data() == nullptr).
using Fields = std::vector<absl::string_view>;

// Walks the rows of blocks that hold whole rows each. Every length is checked against the block.
//
//   BinaryRows rows(/*columns=*/2);
//   rows.SetBlock(block);
//   while (*rows.Next(&fields)) ... fields[0] ...
class BinaryRows {
 public:
  explicit BinaryRows(size_t columns) : columns_(columns) {}

  // The next block, which must stay where it is while its rows are used. The first one begins with the header.
  void SetBlock(absl::string_view block) { rest_ = block; }

  // Fills in the next row of the block; false at the block's end, or at the end of the data.
  absl::StatusOr<bool> Next(Fields* fields);

  // The trailer was seen: the data is complete.
  bool complete() const { return complete_; }

 private:
  absl::Status SkipHeader();

  const size_t columns_;
  absl::string_view rest_;
  bool header_seen_ = false;
  bool complete_ = false;
};

}  // namespace deltamirror::copy

#endif  // DELTAMIRROR_COPY_BINARY_ROWS_H_
