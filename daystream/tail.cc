#include "daystream/tail.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "daystream/backward_reader.h"
#include "daystream/check.h"
#include "daystream/file.h"
#include "daystream/files.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "status/status_macros.h"

namespace deltamirror::daystream {
namespace {

using deltaflood::Action;
using deltaflood::Record;

constexpr size_t kBlockSize = size_t{256} * 1024;

bool IsEnd(const Record& record) {
  return record.action == Action::kCommit || record.action == Action::kRollback;
}

uint64_t NumberOf(const Record& end) {
  const std::optional<Check> check = ParseCheck(end.check);
  return check.has_value() ? check->number : 0;
}

// Goes through the lines from the last one backwards, and stops as soon as it knows.
class TailReader {
 public:
  TailReader(const std::string& directory, bool from_slot, Tail* tail)
      : directory_(directory), from_slot_(from_slot), tail_(tail) {}

  absl::Status Read(const std::vector<std::string>& files) {
    for (auto file = files.rbegin(); file != files.rend() && !done_; ++file) RETURN_IF_ERROR(ReadFile(*file));
    tail_->read_all = !done_;
    // Down to the very first line: the one transaction there is.
    if (!done_ && candidate_.has_value() && from_slot_) tail_->open = candidate_;
    return absl::OkStatus();
  }

 private:
  absl::Status ReadFile(const std::string& name) {
    const std::string path = absl::StrCat(directory_, "/", name);
    ASSIGN_OR_RETURN(const std::unique_ptr<BackwardReader> reader, BackwardReader::Open(path));
    if (tail_->file.empty()) {
      tail_->file = name;
      tail_->size = reader->size();
      tail_->torn = reader->file_size() > reader->size();
    }
    absl::string_view text;
    uint64_t offset = 0;
    while (!done_) {
      ASSIGN_OR_RETURN(const bool got, reader->Previous(&text, &offset));
      if (!got) break;
      RETURN_IF_ERROR(ParseLine(path, offset, text));
      if (IsEnd(record_) && record_.table.empty() && !tail_->end) {
        const Position position = PositionOf(record_);
        tail_->end =
            TailEnd{name, offset + text.size() + 1, NumberOf(record_), MakeConfirmedEnd(position, offset, text)};
      }
      Look();
    }
    return absl::OkStatus();
  }

  absl::Status ParseLine(const std::string& path, uint64_t offset, absl::string_view text) {
    absl::Status status = parser_.ParseHead(text, &record_);
    if (status.ok() && !record_.has_position) {
      status = absl::InvalidArgumentError("expected \"_c\" and \"_s\" in front, got none");
    }
    if (status.ok()) return status;
    return absl::DataLossError(absl::StrCat("cannot write behind the line at offset ", offset, " of file \"", path,
                                            "\": ", status.message(),
                                            ". Cut the file off there if the rest is damaged"));
  }

  // `record_` is the line before those that were looked at.
  void Look() {
    const bool is_last = !seen_any_;
    seen_any_ = true;
    if (is_last) tail_->last = PositionOf(record_);
    if (IsEnd(record_)) {
      if (candidate_.has_value()) tail_->open = std::exchange(candidate_, std::nullopt);
      seen_end_ = true;
      if (record_.action == Action::kCommit && record_.has_lsn) {
        tail_->last_commit_lsn = record_.lsn;
        done_ = true;
      }
      return;
    }
    // Behind an end that was found already: only the last commit is still looked for.
    if (seen_end_) return;
    if (is_last && record_.has_xid) {
      candidate_ = OpenTransaction{record_.xid, std::nullopt};
      if (record_.has_lsn) candidate_->lsn = record_.lsn;
      return;
    }
    // Another transaction, and nothing between that ended it: a stream without commit lines.
    done_ = !candidate_.has_value() || !record_.has_xid || record_.xid != candidate_->xid;
  }

  const std::string& directory_;
  const bool from_slot_;
  Tail* const tail_;
  deltaflood::Parser parser_;
  Record record_;
  std::optional<OpenTransaction> candidate_;  // of the last lines, while their end is looked for
  bool seen_any_ = false;
  bool seen_end_ = false;
  bool done_ = false;
};

// Adds the file's bytes from `begin` to `end` (nothing: its end), all of them complete lines.
absl::Status AddLines(const std::string& path, uint64_t begin, std::optional<uint64_t> end, RunningCheck* running) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return FileError(errno, "open file", path);
  std::string block(kBlockSize, '\0');
  while (!end.has_value() || begin < *end) {
    const size_t wanted = end.has_value() ? std::min<uint64_t>(kBlockSize, *end - begin) : kBlockSize;
    const ssize_t size = ReadAt(file.get(), block.data(), wanted, begin);
    if (size < 0) return FileError(errno, "read file", path);
    if (size == 0) break;
    const absl::string_view bytes(block.data(), size);
    running->Add(bytes, std::count(bytes.begin(), bytes.end(), '\n'));
    begin += size;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Tail> ReadTail(const std::string& directory, bool from_slot) {
  ASSIGN_OR_RETURN(const std::vector<std::string> files, ListDayFiles(directory));
  Tail tail;
  RETURN_IF_ERROR(TailReader(directory, from_slot, &tail).Read(files));
  return tail;
}

absl::StatusOr<RunningCheck> ReadRunningCheck(const std::string& directory, const Tail& tail, int64_t began) {
  ASSIGN_OR_RETURN(const std::vector<std::string> files, ListDayFiles(directory));
  RunningCheck running;
  if (files.empty()) return running;
  TailEnd begin = {files.front(), 0, 0};
  if (tail.end.has_value()) {
    begin = *tail.end;
  } else if (!tail.read_all || *DayFileStart(files.front()) > began) {
    running.whole = false;
    return running;
  }
  running.number = begin.number;
  for (auto file = std::lower_bound(files.begin(), files.end(), begin.file); file != files.end(); ++file) {
    const std::optional<uint64_t> end = *file == tail.file ? std::optional<uint64_t>(tail.size) : std::nullopt;
    RETURN_IF_ERROR(
        AddLines(absl::StrCat(directory, "/", *file), *file == begin.file ? begin.offset : 0, end, &running));
  }
  return running;
}

}  // namespace deltamirror::daystream
