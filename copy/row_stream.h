// The rows of a running COPY, ready for INSERT ... SELECT: one thread reads from the server and decodes, the other
// inserts.

#ifndef DELTAMIRROR_COPY_ROW_STREAM_H_
#define DELTAMIRROR_COPY_ROW_STREAM_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "copy/row_block.h"
#include "copy/source.h"
#include "postgres/connection.h"
#include "postgres/copy_out.h"
#include "sqlite/row_source.h"
#include "threads/queue.h"
#include "types/value.h"

namespace deltamirror::copy {

// Called on SQLite's thread with the rows so far, for every block and at least every 50 ms: an error ends the copy.
using Heartbeat = std::function<absl::Status(int64_t rows)>;

// Between Start and Finish (or the destructor, which cancels what still runs) the connection belongs to the stream.
// Memory: some blocks of 256 KiB, or as much as the largest rows need.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<RowStream> stream, RowStream::Start(&connection, copy_sql, fields, options));
//   BindRowSource(insert, 1, stream.get());
//   insert.Run(); stream->Finish();
class RowStream : public sqlite::RowSource {
 public:
  struct Options {
    Heartbeat heartbeat;
    std::optional<std::string> null;  // a text that means NULL
  };

  // `sql` is what CopyStatement gave for `fields`.
  static absl::StatusOr<std::unique_ptr<RowStream>> Start(postgres::Connection* connection, const std::string& sql,
                                                          std::vector<Field> fields, Options options);
  ~RowStream() override;

  absl::StatusOr<const types::Value*> Next() override;

  // Next says "end" after so many more rows; the next run goes on from there.
  void SetLimit(int64_t rows) { left_ = rows; }
  // The data has ended, not just the limit.
  bool at_end() const { return at_end_; }
  int64_t rows() const { return rows_; }

  // The error that the stream itself met; OK if there was none (then a failed INSERT is SQLite's).
  const absl::Status& status() const { return status_; }

  // Waits for the reading thread. An error if the data was not complete.
  absl::Status Finish();

 private:
  RowStream(postgres::Connection* connection, postgres::CopyOut copy, std::vector<Field> fields, Options options);
  void ReadBlocks();
  absl::StatusOr<const types::Value*> NextRow();
  absl::StatusOr<bool> NextBlock();
  void Stop();

  postgres::Connection* const connection_;
  postgres::CopyOut copy_;
  const std::vector<Field> fields_;
  const Options options_;

  Queue<RowBlock> queue_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> complete_ = false;  // the reading thread has met the end of the data
  std::thread reader_;

  RowBlock block_;
  size_t given_ = 0;  // how many of its rows
  int64_t rows_ = 0;
  int64_t left_ = std::numeric_limits<int64_t>::max();
  bool at_end_ = false;
  absl::Status status_;
};

}  // namespace deltamirror::copy

#endif  // DELTAMIRROR_COPY_ROW_STREAM_H_
