// Appends deltaflood lines to a daystream directory. One writer at a time.
//
//   SourceInfo source = {...};
//   ASSIGN_OR_RETURN(std::unique_ptr<Writer> writer,
//   Writer::Open("/var/lib/daystream", source));
//   RETURN_IF_ERROR(writer->Append("_table\tzzz\t_xid\t1\t_action\tinsert\ta\tfox\n_xid\t1\t_lsn\t0/9\t_action\tcommit\n"));
//   RETURN_IF_ERROR(writer->Sync());            // from here on it is durable
//   RETURN_IF_ERROR(writer->SaveConfirmed(9, writer->last_end()));  // for the next start

#ifndef DELTAMIRROR_DAYSTREAM_WRITER_H_
#define DELTAMIRROR_DAYSTREAM_WRITER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "daystream/check.h"
#include "daystream/confirmed_end.h"
#include "daystream/file.h"
#include "daystream/position.h"
#include "daystream/source.h"
#include "daystream/tail.h"

namespace deltamirror::daystream {

struct WriterOptions {
  // Unix seconds; the system's clock if empty. It may jump back: the stamps do
  // not.
  std::function<int64_t()> clock;
  size_t buffer_size = size_t{256} * 1024;
  FileSystem* files = FileSystem::Default();
};

class Writer {
 public:
  // Makes the directory if it is missing (its parent must be there), and takes
  // the lock: Unavailable, with the owner's process and host, if another writer
  // has it. FailedPrecondition if the directory belongs to another source (see
  // CheckSameSource), or holds lines without a daystream.json. DataLoss if it
  // no longer holds what SaveConfirmed was told last. Then mends
  // the end of the log: a last line without LF is cut off; a transaction
  // without its end, in a stream that has commit lines, is closed with a
  // rollback line; everything there is synced. A last line that is not a
  // daystream line is DataLoss, naming file and offset.
  //
  // `source`: began, began_xid and confirmed_lsn are taken only for a new
  // directory (began: 0 means now; began_xid also where the directory has
  // none); timeline, plugin and tables are taken as given.
  static absl::StatusOr<std::unique_ptr<Writer>> Open(absl::string_view destination, const SourceInfo& source,
                                                      const WriterOptions& options = {});

  // Gives the lock back. What was not flushed is gone, as after a crash.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Stamps each of `lines` (one or more, LF between them, at the end or not;
  // without _c, _s and _check; empty ones are passed over) with clock and
  // sequence, the ends of transactions with a check too, and puts them into
  // the buffer. The clock is read once. At a new UTC day the old
  // file is flushed and synced, and a new one begun. A full buffer is written
  // first. On an error nothing of `lines` was taken: the same call may be made
  // again.
  absl::Status Append(absl::string_view lines);

  // Hands the buffer to the system: readers see it. After an error (a full
  // disk) the file ends with a complete line, the rest is still in the buffer,
  // and Flush may be called again.
  absl::Status Flush();

  // Flush, and wait until it is on the disk. If the disk's own sync fails,
  // nobody knows what it holds: from then on every call returns that error, and
  // only a new Open, which looks at the file, helps.
  absl::Status Sync();

  // Writes `lsn` into daystream.json as confirmed_lsn, and `end`, unless it is
  // nothing, as confirmed_end: the next Open demands it. What they stand for
  // must have been synced. DataLoss if the open file was removed, replaced or
  // changed by someone else: then Flush, Sync and this fail from there on.
  absl::Status SaveConfirmed(uint64_t lsn, const std::optional<ConfirmedEnd>& end);

  // Of the last line that ends a transaction and was appended, here or before;
  // nothing if none was met.
  const std::optional<ConfirmedEnd>& last_end() const { return last_end_; }

  // Of the last line that was appended, here or before; kBeforeAll in an empty
  // daystream.
  Position last_position() const { return last_; }

  // The largest LSN of a commit line that the log held when it was opened
  // (Append does not look into its lines); 0 if there was none. A transaction
  // that comes again with a commit LSN up to this one is to be dropped.
  uint64_t last_commit_lsn() const { return last_commit_lsn_; }

  // As in daystream.json.
  const SourceInfo& source() const { return source_; }

  // Bytes that lie in the buffer.
  size_t buffered() const { return buffer_.size(); }

 private:
  Writer(const std::string& directory, const WriterOptions& options);

  absl::Status AdoptSource(const SourceInfo& given);
  absl::Status Recover();
  absl::Status CutTornLine();
  absl::Status CloseTransaction(const OpenTransaction& open);
  absl::Status OpenFile(const std::string& name);
  absl::Status RotateTo(int64_t clock);
  absl::Status WriteFailed(int error_number, size_t written);
  absl::Status SyncFile();
  absl::Status CheckFile();
  int64_t Now() const;
  void Stamp(int64_t clock, absl::string_view lines);
  std::string Path(absl::string_view name) const;

  const std::string directory_;
  const WriterOptions options_;
  FileSystem* const files_;
  FileDescriptor lock_;
  SourceInfo source_;
  std::string file_name_;  // of the open day file; empty before the first
  FileDescriptor file_;
  int64_t file_day_ = -1;   // days since 1970
  uint64_t file_size_ = 0;  // bytes of complete lines in the file
  bool torn_ = false;       // the file holds bytes behind file_size_, which go before the next write
  bool synced_ = true;      // nothing was written since the last sync
  std::string buffer_;
  Position last_ = kBeforeAll;
  std::optional<ConfirmedEnd> last_end_;
  RunningCheck running_;  // of all lines up to that one
  EndFinder ends_;
  uint64_t last_commit_lsn_ = 0;
  absl::Status broken_;  // the disk's sync failed, or the file is not ours any more
};

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_WRITER_H_
