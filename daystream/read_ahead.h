// Reads a daystream as Reader does, a backlog on a thread of its own: lines are found, checked, taken apart and decoded
// there while the caller is busy with those before.

#ifndef DELTAMIRROR_DAYSTREAM_READ_AHEAD_H_
#define DELTAMIRROR_DAYSTREAM_READ_AHEAD_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "daystream/check.h"
#include "daystream/line.h"
#include "daystream/line_batch.h"
#include "daystream/position.h"
#include "daystream/reader.h"
#include "daystream/row_decoder.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "threads/queue.h"

namespace deltamirror::daystream {

// What comes line by line is read by the caller's thread, without a detour; the other thread begins once kBacklog bytes
// were read without a pause, and ends at the present end of the source. Its memory: some batches of kBatchSize.
//
// For one thread. What the methods return is what Reader's would; their order is the same, too.
class ReadAhead {
 public:
  static constexpr size_t kBacklog = 256 << 10;
  static constexpr size_t kBatchSize = 128 << 10;

  // `decoder`: for the rows that the other thread reads, or null. It must outlive this.
  static absl::StatusOr<std::unique_ptr<ReadAhead>> Open(absl::string_view source, const ReaderOptions& options,
                                                         RowDecoder* decoder = nullptr);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  absl::StatusOr<bool> Next(Line* line);
  // The record of that line, valid as long as its texts, if the other thread has taken it apart; else null.
  const deltaflood::Record* record() const { return thread_.joinable() ? batch_->RecordOf(given_ - 1) : nullptr; }
  // If it has a record(): its check.
  std::optional<Check> check() const { return batch_->CheckOf(given_ - 1); }
  // Whether the line has a record(), and the end of its transaction has been read and is a commit. If not, it may be.
  bool CommitIsAhead() const { return thread_.joinable() && batch_->CommitIsBehind(given_ - 1); }
  // To be called when Next has said that there is nothing more.
  absl::Status WaitForData(absl::Duration timeout) { return reader_->WaitForData(timeout); }
  Position last_read() const;
  std::string Where() const;

  bool TEST_is_ahead() const { return thread_.joinable(); }

 private:
  ReadAhead(std::unique_ptr<Reader> reader, RowDecoder* decoder) : decoder_(decoder), reader_(std::move(reader)) {}

  void Start();
  void Stop();
  void Run();
  absl::StatusOr<bool> Fill(LineBatch* batch);
  bool NextBatch();

  RowDecoder* const decoder_;       // may be null
  std::unique_ptr<Reader> reader_;  // the thread's while there is one
  deltaflood::Parser parser_;       // likewise
  size_t in_a_row_ = 0;             // bytes that Next gave since it last had none
  std::thread thread_;
  std::optional<Queue<std::unique_ptr<LineBatch>>> queue_;
  std::unique_ptr<LineBatch> batch_;  // null before the first
  size_t given_ = 0;                  // how many of its lines
};

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_READ_AHEAD_H_
