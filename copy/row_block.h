// A block of a running COPY, decoded: by the thread that reads it, for the one that inserts its rows.

#ifndef DELTAMIRROR_COPY_ROW_BLOCK_H_
#define DELTAMIRROR_COPY_ROW_BLOCK_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "copy/binary_rows.h"
#include "copy/source.h"
#include "types/decoder.h"
#include "types/value.h"

namespace deltamirror::copy {

// Owns what its values point to. To be moved, and used again and again: Clear keeps the memory, but for what very large
// values needed.
class RowBlock {
 public:
  // What the server sent, whole rows: to be filled before Decode.
  std::string& bytes() { return bytes_; }

  // Decodes all rows. `null`: a text that means NULL. What cannot be decoded ends the block: its rows are those before
  // it, and status() says what it was.
  void Decode(const std::vector<Field>& fields, const std::optional<std::string>& null, BinaryRows* walker);

  size_t rows() const { return rows_; }
  // The values of a row, one for each field.
  const types::Value* Row(size_t index) const { return values_.data() + index * columns_; }
  const absl::Status& status() const { return status_; }

  void Clear();

 private:
  absl::StatusOr<bool> DecodeRow(const std::vector<Field>& fields, const std::optional<std::string>& null,
                                 BinaryRows* walker);
  types::Value Keep(const types::Value& value);

  std::string bytes_;
  // Values that do not stand in bytes_; none is ever moved within its memory.
  std::vector<std::string> rooms_;
  size_t room_ = 0;  // the one that is being filled; those behind it are empty
  std::vector<std::string> large_;
  types::Scratch scratch_;
  Fields row_;
  std::vector<types::Value> values_;  // row by row; more of them than there are
  size_t columns_ = 0;
  size_t rows_ = 0;
  absl::Status status_;
};

}  // namespace deltamirror::copy

#endif  // DELTAMIRROR_COPY_ROW_BLOCK_H_
