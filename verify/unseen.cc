#include "verify/unseen.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "daystream/reader.h"
#include "mirror/qualified_name.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::verify {
namespace {

using deltaflood::Action;
using deltaflood::Record;

constexpr int kLinesBetweenChecks = 4096;

// Takes the lines of a daystream one by one, and keeps those that are wanted.
class Collector {
 public:
  Collector(const UnseenRange& range, mirror::HeldLines* lines)
      : range_(range), filter_(range.snapshot), lines_(lines), begin_(lines->mark()) {}

  absl::Status Take(const daystream::Line& line) {
    RETURN_IF_ERROR(parser_.ParseHead(line.record_text, &record_));
    if (!record_.has_xid || (!record_.has_lsn && record_.action != Action::kRollback)) {
      return absl::FailedPreconditionError(
          "the daystream does not tell the ends of transactions, expected one that deltastream writes from a slot");
    }
    if (!filter_.EndsAt(record_.lsn) && filter_.SnapshotSaw(record_.xid)) return absl::OkStatus();
    if (record_.action == Action::kCommit) return Commit(line);
    if (record_.action == Action::kRollback) return lines_->TruncateTo(begin_);
    // A shape cannot have changed: the tables are locked.
    if (record_.action == Action::kRelation || !IsWanted(line.position)) return absl::OkStatus();
    return lines_->Append(line.position, line.record_text);
  }

 private:
  absl::Status Commit(const daystream::Line& line) {
    const bool resent = record_.lsn <= last_commit_;
    last_commit_ = std::max(last_commit_, record_.lsn);
    if (resent) return lines_->TruncateTo(begin_);
    if (lines_->count() != begin_.count) RETURN_IF_ERROR(lines_->Append(line.position, line.record_text));
    begin_ = lines_->mark();
    return absl::OkStatus();
  }

  bool IsWanted(daystream::Position position) const {
    const absl::string_view schema = mirror::SchemaOf(record_);
    return std::any_of(range_.tables.begin(), range_.tables.end(), [&](const UnseenTable& wanted) {
      return wanted.table == record_.table && wanted.schema == schema && position <= wanted.until;
    });
  }

  const UnseenRange& range_;
  const mirror::HandoverFilter filter_;
  mirror::HeldLines* const lines_;
  mirror::HeldLines::Mark begin_;  // of the transaction under way
  uint64_t last_commit_ = 0;
  deltaflood::Parser parser_;
  Record record_;
};

}  // namespace

absl::StatusOr<Unseen> Unseen::Read(const UnseenRange& range, const Interrupt& interrupt) {
  Unseen unseen;
  daystream::Position until = daystream::kBeforeAll;
  for (const UnseenTable& table : range.tables) until = std::max(until, table.until);
  daystream::ReaderOptions options;
  options.start = range.start;
  ASSIGN_OR_RETURN(const std::unique_ptr<daystream::Reader> reader, daystream::Reader::Open(range.source, options));
  Collector collector(range, &unseen.lines_);
  daystream::Line line;
  for (int64_t count = 0;; ++count) {
    if (interrupt && count % kLinesBetweenChecks == 0) RETURN_IF_ERROR(interrupt());
    ASSIGN_OR_RETURN(const bool got, reader->Next(&line));
    if (!got || line.position > until) return unseen;
    if (const absl::Status taken = collector.Take(line); !taken.ok()) {
      return Extended(taken, absl::StrCat(", ", reader->Where()));
    }
  }
}

absl::Status Unseen::ForEach(absl::string_view schema, absl::string_view table,
                             absl::FunctionRef<absl::Status(const Record&)> visit) {
  deltaflood::Parser parser;
  Record record;
  return lines_.ForEach([&](daystream::Position position, absl::string_view line) -> absl::Status {
    RETURN_IF_ERROR(parser.ParseHead(line, &record));
    if (record.action != Action::kCommit && (record.table != table || mirror::SchemaOf(record) != schema)) {
      return absl::OkStatus();
    }
    if (const absl::Status status = parser.Parse(line, &record); !status.ok()) {
      return Named(absl::StrCat("cannot read the line at position ", daystream::ToString(position)), status);
    }
    return visit(record);
  });
}

}  // namespace deltamirror::verify
