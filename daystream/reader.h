// Reads a daystream, a directory or a single file, from any position on, and
// follows it as it grows.
//
//   ReaderOptions options;
//   options.start = Position{1507507200, 3};
//   options.after = true;  // the mirror has seen that one
//   ASSIGN_OR_RETURN(std::unique_ptr<Reader> reader,
//   Reader::Open("/var/lib/daystream", options)); Line line; while (true) {
//     ASSIGN_OR_RETURN(const bool got, reader->Next(&line));
//     if (got) Apply(line.record_text);  // deltaflood::Parser reads this
//     else RETURN_IF_ERROR(reader->WaitForData(absl::Milliseconds(100)));  //
//     then look for interrupts
//   }

#ifndef DELTAMIRROR_DAYSTREAM_READER_H_
#define DELTAMIRROR_DAYSTREAM_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "daystream/file.h"
#include "daystream/line.h"
#include "daystream/position.h"
#include "daystream/source.h"
#include "daystream/turn_back.h"
#include "daystream/verifier.h"
#include "daystream/watch.h"

namespace deltamirror::daystream {

struct ReaderOptions {
  // Where to begin: at the first line at or behind this position. Without it,
  // at the first line there is.
  std::optional<Position> start;
  bool after = false;  // begin behind `start` instead of at it

  // Whether it is an error (OutOfRange) if lines at or behind `start` were
  // there once but have been removed. Off, reading begins at the oldest line
  // that is left.
  bool start_must_be_kept = true;

  size_t block_size = size_t{256} * 1024;
};

// For one thread. Memory: a block, or the longest line (at most 1 GiB) if that
// is longer.
class Reader {
 public:
  // NotFound if nothing is there; InvalidArgument if a single file is not a
  // daystream; OutOfRange as above. A start behind the last line is no error:
  // the reader waits there.
  static absl::StatusOr<std::unique_ptr<Reader>> Open(absl::string_view source, const ReaderOptions& options);

  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // The next complete line, its texts valid until the next call, or false at
  // the present end: later calls look again. A last line without LF is not there yet. An error (DataLoss: a line
  // without a prefix, positions that do not grow, a transaction whose lines are
  // not those that were written, a removed file) names file, offset and
  // position, and stays: each further call returns it. Whether a transaction's
  // lines are all there and right is known when its last line, with the commit
  // or the rollback, is given.
  absl::StatusOr<bool> Next(Line* line);

  // Returns when there may be more to read, and after `timeout` at the latest.
  absl::Status WaitForData(absl::Duration timeout);

  // Of the last line that Next gave; the start position, or kBeforeAll, before
  // the first.
  Position position() const { return position_; }

  // Of the last line that was read, also one before the start that was passed
  // over to get there; kBeforeAll before the first.
  Position last_read() const { return previous_; }

  // Path of the file that is being read; empty in a directory without files.
  const std::string& file() const { return path_; }

  // "at offset 120 of file \"/var/lib/daystream/20171009.daystream\"", of the
  // line that Next gave last, for a caller's message about what is in it.
  std::string Where() const;

  // Bytes that lie in the source behind the line that Next gave last, as far as
  // files are there now.
  absl::StatusOr<uint64_t> BytesBehind() const;

  // How many times a block was read from a file.
  int64_t TEST_block_reads() const { return block_reads_; }

 private:
  explicit Reader(const ReaderOptions& options) : options_(options) {}

  absl::Status OpenSource(absl::string_view source);
  absl::Status Seek();
  absl::Status BeginAt(const std::vector<std::string>& names, Place place);
  absl::Status LoadInfo();
  absl::Status CheckStartIsKept(const std::string& oldest);
  absl::StatusOr<size_t> FileOfStart(const std::vector<std::string>& names);
  absl::Status OpenFile(const std::string& path, uint64_t offset);
  absl::StatusOr<bool> Advance(Line* line);
  absl::StatusOr<bool> FindLine(absl::string_view* text);
  absl::StatusOr<bool> Fill();
  absl::Status MakeRoom();
  absl::StatusOr<std::string> NextFileName();
  absl::Status MoveTo(const std::string& name);
  absl::Status TakeLine(absl::string_view text, Line* line);
  bool IsBeforeStart(Position position) const;
  std::string Path(absl::string_view name) const;

  const ReaderOptions options_;
  std::string source_;     // path of the directory or of the single file
  std::string directory_;  // empty for a single file
  std::optional<SourceInfo> info_;
  std::string name_;  // of the day file
  std::string path_;
  FileDescriptor file_;
  std::unique_ptr<Watch> watch_;
  absl::Time listed_at_ = absl::InfinitePast();      // when the directory was last looked through
  absl::Time listed_change_ = absl::InfinitePast();  // the directory's own time of change then

  std::vector<char> buffer_;
  size_t begin_ = 0;            // the next line in buffer_
  size_t searched_ = 0;         // there is no LF between begin_ and here
  size_t end_ = 0;              // end of what was read
  bool tail_is_stale_ = false;  // what lies behind begin_ was read at the file's end, and may be cut off since
  uint64_t begin_offset_ = 0;   // where begin_ is in the file

  uint64_t line_offset_ = 0;  // of the line given last
  Verifier verifier_;
  Position previous_ = kBeforeAll;  // of the last line read, given or passed over
  Position position_ = kBeforeAll;
  absl::Status broken_;
  int64_t block_reads_ = 0;
};

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_READER_H_
