#include "deltastream/file_mover.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "daystream/source.h"
#include "status/status_macros.h"

namespace deltamirror::deltastream {
namespace {

constexpr size_t kBlockSize = size_t{256} << 10;
constexpr size_t kLongestLine = size_t{1} << 30;
constexpr int kPollMs = 50;
constexpr std::chrono::milliseconds kInterruptEvery{50};

absl::StatusOr<daystream::FileDescriptor> OpenSource(const std::string& path) {
  // Without waiting for a writer, for which nothing could be interrupted.
  daystream::FileDescriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  // A socket cannot be opened by its name.
  if (!file.is_open() && errno == ENXIO && path == "/dev/stdin") file.Reset(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
  struct stat status;
  if (!file.is_open() || fstat(file.get(), &status) != 0) return daystream::FileError(errno, "open file", path);
  if (S_ISDIR(status.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", path, "\" is a folder, expected a file or a pipe"));
  }
  return file;
}

}  // namespace

FileMover::FileMover(FileMoverOptions options, daystream::FileDescriptor file,
                     std::unique_ptr<daystream::Writer> writer)
    : options_(std::move(options)),
      file_(std::move(file)),
      writer_(std::move(writer)),
      held_(writer_->last_commit_lsn()) {}

absl::StatusOr<std::unique_ptr<FileMover>> FileMover::Open(FileMoverOptions options) {
  ASSIGN_OR_RETURN(daystream::FileDescriptor file, OpenSource(options.path));
  ASSIGN_OR_RETURN(std::unique_ptr<daystream::Writer> writer,
                   daystream::Writer::Open(options.destination, daystream::SourceInfo()));
  return std::unique_ptr<FileMover>(new FileMover(std::move(options), std::move(file), std::move(writer)));
}

absl::StatusOr<bool> FileMover::Next(Batch* batch) {
  *batch = Batch();
  RETURN_IF_ERROR(failed_);
  absl::StatusOr<bool> got = Work(batch);
  if (!got.ok()) {
    failed_ = got.status();
    Sync(batch).IgnoreError();
  }
  return got;
}

// True for a batch, false at the end of the file.
absl::StatusOr<bool> FileMover::Work(Batch* batch) {
  while (true) {
    RETURN_IF_ERROR(CheckInterrupt());
    if (!end_) {
      ASSIGN_OR_RETURN(const bool ready, Wait());
      if (ready) RETURN_IF_ERROR(Fill());
      RETURN_IF_ERROR(TakeLines());
    }
    if (schedule_.pending() && (end_ || Clock::now() >= schedule_.Due())) {
      RETURN_IF_ERROR(Sync(batch));
      return true;
    }
    if (end_) return false;
  }
}

// Whether there is something to read, after a moment at most. Readers see what was taken before we wait.
absl::StatusOr<bool> FileMover::Wait() {
  pollfd source = {file_.get(), POLLIN, 0};
  int ready = poll(&source, 1, 0);
  if (ready == 0) {
    RETURN_IF_ERROR(writer_->Flush());
    const auto due = std::chrono::duration_cast<std::chrono::milliseconds>(schedule_.Due() - Clock::now()).count();
    ready = poll(&source, 1, schedule_.pending() ? static_cast<int>(std::clamp<int64_t>(due, 0, kPollMs)) : kPollMs);
  }
  if (ready < 0 && errno != EINTR) return daystream::FileError(errno, "wait for file", options_.path);
  return ready > 0;
}

absl::Status FileMover::Fill() {
  if (buffer_.size() < used_ + kBlockSize) buffer_.resize(used_ + kBlockSize);
  const ssize_t size = read(file_.get(), buffer_.data() + used_, kBlockSize);
  if (size > 0) {
    used_ += static_cast<size_t>(size);
  } else if (size == 0) {
    end_ = true;
  } else if (errno != EAGAIN && errno != EINTR) {
    return daystream::FileError(errno, "read file", options_.path);
  }
  return absl::OkStatus();
}

absl::Status FileMover::TakeLines() {
  size_t begin = 0;
  absl::Status taken;
  while (taken.ok()) {
    const auto* found = static_cast<const char*>(std::memchr(buffer_.data() + searched_, '\n', used_ - searched_));
    if (found == nullptr) break;
    const size_t end = static_cast<size_t>(found - buffer_.data());
    taken = TakeLine(absl::string_view(buffer_).substr(begin, end - begin));
    begin = searched_ = end + 1;
  }
  used_ -= begin;
  std::memmove(buffer_.data(), buffer_.data() + begin, used_);
  searched_ = used_;
  RETURN_IF_ERROR(taken);
  if (used_ <= kLongestLine) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("line ", line_ + 1, " of file \"", options_.path,
                                          "\" is longer than 1 GiB, expected deltaflood lines"));
}

absl::Status FileMover::TakeLine(absl::string_view line) {
  ++line_;
  if (line.empty()) return absl::OkStatus();
  if (const absl::Status parsed = parser_.Parse(line, &record_); !parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid line ", line_, " of file \"", options_.path, "\": ", parsed.message()));
  }
  if (record_.has_position || !record_.check.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid line ", line_, " of file \"", options_.path, "\": it ",
                     record_.has_position ? "begins with a position (_c, _s)" : "has a check (_check)",
                     " already, expected a line as the plugin prints it. A file with positions is a daystream itself"));
  }
  if (held_ > 0 && record_.has_lsn && record_.lsn <= held_) return absl::OkStatus();
  RETURN_IF_ERROR(writer_->Append(line));
  schedule_.Wrote(Clock::now());
  ++pending_.records;
  pending_.bytes += static_cast<int64_t>(line.size()) + 1;
  CountTransactions();
  return absl::OkStatus();
}

// Without ends of transactions, a change of the xid is one.
void FileMover::CountTransactions() {
  if (record_.action == deltaflood::Action::kCommit) {
    ++pending_.transactions;
    has_xid_ = false;
    if (record_.has_lsn) held_ = std::max(held_, record_.lsn);
  } else if (record_.has_xid) {
    if (has_xid_ && record_.xid != xid_) ++pending_.transactions;
    has_xid_ = true;
    xid_ = record_.xid;
  }
}

absl::Status FileMover::CheckInterrupt() {
  const Clock::time_point now = Clock::now();
  if (!options_.interrupt || now < checked_at_ + kInterruptEvery) return absl::OkStatus();
  checked_at_ = now;
  return options_.interrupt();
}

absl::Status FileMover::Sync(Batch* batch) {
  if (!schedule_.pending()) return absl::OkStatus();
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(options_.sync ? writer_->Sync() : writer_->Flush());
  schedule_.Synced(begin, Clock::now());
  if (end_ && has_xid_ && held_ == 0) ++pending_.transactions;
  *batch = std::exchange(pending_, Batch());
  batch->position = writer_->last_position();
  if (held_ > 0) batch->lsn = held_;
  return absl::OkStatus();
}

}  // namespace deltamirror::deltastream
