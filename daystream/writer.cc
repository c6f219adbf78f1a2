#include "daystream/writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "daystream/files.h"
#include "daystream/lock.h"
#include "daystream/unconfirmed.h"
#include "deltaflood/format.h"
#include "deltaflood/record.h"
#include "status/status_macros.h"
#include "types/lsn.h"

namespace deltamirror::daystream {
namespace {

constexpr mode_t kFileMode = 0666;
constexpr mode_t kDirectoryMode = 0777;

// The directory that `path` is an entry of.
std::string ParentOf(absl::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos) return ".";
  return std::string(path.substr(0, std::max<size_t>(slash, 1)));
}

absl::Status MakeDirectory(const std::string& path, FileSystem* files) {
  if (mkdir(path.c_str(), kDirectoryMode) == 0) return SyncDirectory(ParentOf(path), files);
  const int error_number = errno;
  if (error_number != EEXIST) return FileError(error_number, "create directory", path);
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return FileError(errno, "open directory", path);
  if (S_ISDIR(status.st_mode)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("cannot write to daystream \"", path, "\": expected a directory, got a file"));
}

}  // namespace

Writer::Writer(const std::string& directory, const WriterOptions& options)
    : directory_(directory), options_(options), files_(options.files) {}

Writer::~Writer() = default;

absl::StatusOr<std::unique_ptr<Writer>> Writer::Open(absl::string_view destination, const SourceInfo& source,
                                                     const WriterOptions& options) {
  ASSIGN_OR_RETURN(const std::string directory, ResolveDestination(destination));
  RETURN_IF_ERROR(MakeDirectory(directory, options.files));
  auto writer = absl::WrapUnique(new Writer(directory, options));
  ASSIGN_OR_RETURN(writer->lock_, LockDirectory(directory, options.files));
  RETURN_IF_ERROR(writer->AdoptSource(source));
  RETURN_IF_ERROR(writer->Recover());
  return writer;
}

absl::Status Writer::AdoptSource(const SourceInfo& given) {
  absl::StatusOr<SourceInfo> kept = LoadSourceInfo(directory_);
  if (kept.ok()) {
    RETURN_IF_ERROR(CheckSameSource(directory_, *kept, given));
    source_ = given;
    source_.began = kept->began;
    if (kept->began_xid != 0) source_.began_xid = kept->began_xid;
    source_.confirmed_lsn = kept->confirmed_lsn;
    source_.confirmed_end = kept->confirmed_end;
    source_.checks = kept->checks;
    return source_ == *kept ? absl::OkStatus() : SaveSourceInfo(directory_, source_, files_);
  }
  if (!absl::IsNotFound(kept.status())) return kept.status();
  ASSIGN_OR_RETURN(const bool holds_lines, HoldsLines(directory_));
  if (holds_lines) {
    return absl::FailedPreconditionError(absl::StrCat("cannot write to daystream \"", directory_,
                                                      "\": it holds day files but no \"daystream.json\" ",
                                                      "that says where they come from. Give another directory"));
  }
  source_ = given;
  source_.checks = true;
  if (source_.began == 0) source_.began = Now();
  // As long as the file of the first day is there, nothing was removed: readers rely on it, also where the first line
  // comes days later. So it is there before daystream.json says that there is a daystream.
  RETURN_IF_ERROR(OpenFile(DayFileName(source_.began)));
  return SaveSourceInfo(directory_, source_, files_);
}

absl::Status Writer::Recover() {
  // Before anything is mended: that would take what is missing for something that comes again.
  if (source_.confirmed_end.has_value()) RETURN_IF_ERROR(CheckConfirmedEnd(directory_, *source_.confirmed_end));
  ASSIGN_OR_RETURN(const std::vector<std::string> days, ListDayFiles(directory_));
  // From a slot alone what is cut off comes again.
  if (!days.empty() && !source_.slot.empty()) {
    const absl::StatusOr<uint64_t> confirmed = types::ParseLsn(source_.confirmed_lsn);
    RETURN_IF_ERROR(MendUnconfirmed(Path(days.back()), confirmed.value_or(0), files_));
  }
  ASSIGN_OR_RETURN(const Tail tail, ReadTail(directory_, !source_.slot.empty()));
  if (tail.file.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(running_, ReadRunningCheck(directory_, tail, source_.began));
  RETURN_IF_ERROR(OpenFile(tail.file));
  last_ = tail.last;
  last_commit_lsn_ = tail.last_commit_lsn;
  if (tail.end.has_value()) last_end_ = tail.end->line;
  file_size_ = tail.size;
  torn_ = tail.torn;
  if (torn_) RETURN_IF_ERROR(CutTornLine());
  // A writer that was killed may have left lines that are only in memory. They count as written from here on, so they
  // must be on the disk.
  RETURN_IF_ERROR(SyncFile());
  if (tail.open.has_value()) return CloseTransaction(*tail.open);
  return absl::OkStatus();
}

absl::Status Writer::CutTornLine() {
  if (files_->Truncate(file_.get(), static_cast<off_t>(file_size_)) != 0) {
    return FileError(errno, "cut the incomplete line off file", Path(file_name_));
  }
  torn_ = false;
  synced_ = false;
  return absl::OkStatus();
}

absl::Status Writer::CloseTransaction(const OpenTransaction& open) {
  deltaflood::Record rollback;
  rollback.has_xid = true;
  rollback.xid = open.xid;
  rollback.has_lsn = open.lsn.has_value();
  rollback.lsn = open.lsn.value_or(0);
  rollback.action = deltaflood::Action::kRollback;
  std::string line;
  deltaflood::AppendRecord(rollback, &line);
  RETURN_IF_ERROR(Append(line));
  return Sync();
}

absl::Status Writer::Append(absl::string_view lines) {
  RETURN_IF_ERROR(broken_);
  if (buffer_.size() >= options_.buffer_size) RETURN_IF_ERROR(Flush());
  // Positions only grow, also where the clock jumps back, or jumped back since the open file was begun.
  const int64_t clock = std::max({Now(), last_.clock, file_day_ * kSecondsPerDay});
  RETURN_IF_ERROR(RotateTo(clock));
  Stamp(clock, lines);
  return absl::OkStatus();
}

void Writer::Stamp(int64_t clock, absl::string_view lines) {
  int64_t seq = clock == last_.clock ? last_.seq + 1 : 0;
  // The prefix up to the sequence is the same for all of them.
  char prefix[64] = "_c\t";
  char* end = std::to_chars(prefix + 3, prefix + sizeof(prefix), clock).ptr;
  memcpy(end, "\t_s\t", 4);
  char* const number = end + 4;
  // What running_ does not cover yet.
  size_t unchecked = buffer_.size();
  uint64_t unchecked_lines = 0;
  while (!lines.empty()) {
    const void* const found = memchr(lines.data(), '\n', lines.size());
    const size_t size = found == nullptr ? lines.size() : static_cast<const char*>(found) - lines.data();
    if (size > 0) {
      end = std::to_chars(number, prefix + sizeof(prefix), seq++).ptr;
      *end++ = '\t';
      const size_t begin = buffer_.size();
      buffer_.append(prefix, end - prefix);
      if (const absl::string_view line = lines.substr(0, size); ends_.IsEnd(line).value_or(false)) {
        running_.Add(absl::string_view(buffer_).substr(unchecked, begin - unchecked), unchecked_lines);
        AppendCheckedEnd(line, begin, &running_, &buffer_);
        const absl::string_view end_line(buffer_.data() + begin, buffer_.size() - begin - 1);
        last_end_ = MakeConfirmedEnd({clock, seq - 1}, file_size_ + begin, end_line);
        unchecked = buffer_.size();
        unchecked_lines = 0;
      } else {
        buffer_.append(line.data(), line.size());
        buffer_.push_back('\n');
        ++unchecked_lines;
      }
    }
    lines.remove_prefix(std::min(size + 1, lines.size()));
  }
  running_.Add(absl::string_view(buffer_).substr(unchecked), unchecked_lines);
  if (seq > 0) last_ = {clock, seq - 1};
}

absl::Status Writer::Flush() {
  RETURN_IF_ERROR(broken_);
  if (torn_) RETURN_IF_ERROR(CutTornLine());
  size_t written = 0;
  while (written < buffer_.size()) {
    const ssize_t size = files_->Write(file_.get(), buffer_.data() + written, buffer_.size() - written);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return WriteFailed(size < 0 ? errno : ENOSPC, written);
    written += size;
    synced_ = false;
  }
  file_size_ += buffer_.size();
  buffer_.clear();
  return written == 0 ? absl::OkStatus() : CheckFile();
}

// Complete lines stay where they are: a reader may have read them, and must not meet others in their place.
absl::Status Writer::WriteFailed(int error_number, size_t written) {
  const size_t line_feed = written == 0 ? std::string::npos : buffer_.rfind('\n', written - 1);
  const size_t complete = line_feed == std::string::npos ? 0 : line_feed + 1;
  file_size_ += complete;
  buffer_.erase(0, complete);
  absl::Status status = FileError(error_number, "write file", Path(file_name_));
  // Also where nothing was written, as far as we were told: a file system may fail after it has taken a part.
  torn_ = true;
  // If this fails too, the next Flush tries again before it writes.
  const absl::Status cut = CutTornLine();
  return cut.ok() ? status : absl::Status(status.code(), absl::StrCat(status.message(), "; ", cut.message()));
}

absl::Status Writer::Sync() {
  RETURN_IF_ERROR(Flush());
  return synced_ ? absl::OkStatus() : SyncFile();
}

absl::Status Writer::SyncFile() {
  if (files_->DataSync(file_.get()) != 0) {
    // The system may have dropped what it could not write and call the next sync a success.
    broken_ = FileError(errno, "sync file", Path(file_name_));
    return broken_;
  }
  synced_ = true;
  return absl::OkStatus();
}

absl::Status Writer::RotateTo(int64_t clock) {
  if (clock / kSecondsPerDay == file_day_) return absl::OkStatus();
  // A reader that sees the next file takes the one before as complete.
  if (file_.is_open()) RETURN_IF_ERROR(Sync());
  const std::string name = DayFileName(clock);
  RETURN_IF_ERROR(OpenFile(name));
  return absl::OkStatus();
}

absl::Status Writer::OpenFile(const std::string& name) {
  const std::string path = Path(name);
  FileDescriptor file(files_->Open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kFileMode));
  if (!file.is_open()) return FileError(errno, "open file", path);
  struct stat status;
  if (fstat(file.get(), &status) != 0) return FileError(errno, "open file", path);
  RETURN_IF_ERROR(SyncDirectory(directory_, files_));
  file_ = std::move(file);
  file_name_ = name;
  file_day_ = *DayFileStart(name) / kSecondsPerDay;
  file_size_ = status.st_size;
  synced_ = true;
  return absl::OkStatus();
}

// What is in a file that nobody finds, or that something else writes to, must not be confirmed.
absl::Status Writer::CheckFile() {
  RETURN_IF_ERROR(broken_);
  if (!file_.is_open()) return absl::OkStatus();
  const std::string path = Path(file_name_);
  struct stat open;
  struct stat named;
  if (fstat(file_.get(), &open) != 0) return FileError(errno, "look at file", path);
  const bool found = stat(path.c_str(), &named) == 0;
  if (!found && errno != ENOENT && errno != ENOTDIR) return FileError(errno, "look at file", path);
  std::string what;
  if (!found) {
    what = "was removed";
  } else if (open.st_ino != named.st_ino || open.st_dev != named.st_dev) {
    what = "was replaced by another file";
  } else if (const auto size = static_cast<uint64_t>(open.st_size);
             size < file_size_ || (size > file_size_ && !torn_)) {
    what = absl::StrCat("was changed: it has ", size, " bytes, expected ", file_size_);
  } else {
    return absl::OkStatus();
  }
  broken_ = absl::DataLossError(absl::StrCat(
      "cannot go on writing to daystream \"", directory_, "\": file \"", path, "\" ", what,
      " while it was written. Nothing was confirmed to the server since then. Bring the file back and start "
      "again"));
  return broken_;
}

absl::Status Writer::SaveConfirmed(uint64_t lsn, const std::optional<ConfirmedEnd>& end) {
  RETURN_IF_ERROR(CheckFile());
  SourceInfo info = source_;
  if (end.has_value()) info.confirmed_end = end;
  info.confirmed_lsn = types::FormatLsn(lsn);
  RETURN_IF_ERROR(SaveSourceInfo(directory_, info, files_));
  source_ = std::move(info);
  return absl::OkStatus();
}

int64_t Writer::Now() const {
  return options_.clock ? options_.clock() : time(nullptr);
}

std::string Writer::Path(absl::string_view name) const {
  return absl::StrCat(directory_, "/", name);
}

}  // namespace deltamirror::daystream
