#include "daystream/tail.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "daystream/backward_reader.h"
#include "daystream/files.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "status/status_macros.h"

namespace deltamirror::daystream {
namespace {

using deltaflood::Action;
using deltaflood::Record;

bool IsEnd(const Record& record) {
  return record.action == Action::kCommit || record.action == Action::kRollback;
}

// Goes through the lines from the last one backwards, and stops as soon as it knows.
class TailReader {
 public:
  TailReader(const std::string& directory, bool from_slot, Tail* tail)
      : directory_(directory), from_slot_(from_slot), tail_(tail) {}

  absl::Status Read(const std::vector<std::string>& files) {
    for (auto file = files.rbegin(); file != files.rend() && !done_; ++file) RETURN_IF_ERROR(ReadFile(*file));
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
    if (is_last) tail_->last = {record_.clock, record_.seq};
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

}  // namespace

absl::StatusOr<Tail> ReadTail(const std::string& directory, bool from_slot) {
  ASSIGN_OR_RETURN(const std::vector<std::string> files, ListDayFiles(directory));
  Tail tail;
  RETURN_IF_ERROR(TailReader(directory, from_slot, &tail).Read(files));
  return tail;
}

}  // namespace deltamirror::daystream
