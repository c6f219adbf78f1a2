// From deltaflood lines in a file or a pipe into a daystream: what pg_recvlogical prints.

#ifndef DELTAMIRROR_DELTASTREAM_FILE_MOVER_H_
#define DELTAMIRROR_DELTASTREAM_FILE_MOVER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "daystream/file.h"
#include "daystream/writer.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "deltastream/batch.h"
#include "deltastream/sync_schedule.h"

namespace deltamirror::deltastream {

struct FileMoverOptions {
  std::string path;  // a file, a named pipe, or /dev/stdin
  std::string destination;
  bool sync = true;  // false: durable means handed to the operating system
  InterruptCheck interrupt;
};

// Lines of both kinds are taken: the original plugin's, and ours with an end for each transaction; of the latter, a
// transaction that the daystream holds already is dropped. Each line must be a deltaflood line without a position; the
// first that is not ends the work with an error that names file and line, after the lines before it were made durable.
// A last line without LF is not taken. The work ends at the file's end; a pipe's is when its last writer has closed it.
class FileMover : public Mover {
 public:
  static absl::StatusOr<std::unique_ptr<FileMover>> Open(FileMoverOptions options);

  absl::StatusOr<bool> Next(Batch* batch) override;

 private:
  FileMover(FileMoverOptions options, daystream::FileDescriptor file, std::unique_ptr<daystream::Writer> writer);

  absl::StatusOr<bool> Work(Batch* batch);
  absl::StatusOr<bool> Wait();
  absl::Status Fill();
  absl::Status TakeLines();
  absl::Status TakeLine(absl::string_view line);
  void CountTransactions();
  absl::Status CheckInterrupt();
  absl::Status Sync(Batch* batch);

  const FileMoverOptions options_;
  const daystream::FileDescriptor file_;
  const std::unique_ptr<daystream::Writer> writer_;
  std::string buffer_;   // what was read; a line that is not complete is kept
  size_t used_ = 0;      // of buffer_
  size_t searched_ = 0;  // of buffer_: no LF before it
  int64_t line_ = 0;     // number of the line that was taken last
  bool end_ = false;     // of the file
  absl::Status failed_;
  SyncSchedule schedule_;
  Batch pending_;
  uint64_t held_;  // largest commit LSN in the daystream
  bool has_xid_ = false;
  uint32_t xid_ = 0;  // of the last line, in a stream without ends of transactions
  Clock::time_point checked_at_;
  deltaflood::Parser parser_;
  deltaflood::Record record_;
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_FILE_MOVER_H_
