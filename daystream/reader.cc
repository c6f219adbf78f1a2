#include "daystream/reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "daystream/files.h"
#include "daystream/seek.h"
#include "daystream/source.h"
#include "status/status_macros.h"

namespace deltamirror::daystream {
namespace {

constexpr size_t kMaxLineSize = size_t{1} << 30;

// A reader that begins within a transaction larger than this gives its lines unverified.
constexpr uint64_t kMostToVerify = uint64_t{1} << 20;

// A directory's time of change moves in steps, of the kernel's ticks or, where a file system keeps nothing finer, of
// one or two seconds: only a change that is this old tells that nothing happened since.
absl::Duration ClockStep(absl::Time change) {
  const bool is_fine = absl::FromUnixSeconds(absl::ToUnixSeconds(change)) != change;
  return is_fine ? absl::Milliseconds(100) : absl::Seconds(2);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Reader>> Reader::Open(absl::string_view source, const ReaderOptions& options) {
  auto reader = absl::WrapUnique(new Reader(options));
  RETURN_IF_ERROR(reader->OpenSource(source));
  return reader;
}

Reader::~Reader() = default;

absl::Status Reader::OpenSource(absl::string_view source) {
  ASSIGN_OR_RETURN(const Location location, ResolveSource(source));
  source_ = location.path;
  position_ = options_.start.value_or(kBeforeAll);
  if (location.is_directory) {
    directory_ = location.path;
    return Seek();
  }
  uint64_t offset = 0;
  Seeker seeker(&block_reads_);
  if (const absl::Status status = seeker.First(location.path).status(); !status.ok()) {
    // The first line tells whether the file is a daystream at all.
    return absl::IsDataLoss(status) ? absl::InvalidArgumentError(status.message()) : status;
  }
  if (options_.start.has_value()) {
    ASSIGN_OR_RETURN(offset, seeker.Find(location.path, *options_.start));
    ASSIGN_OR_RETURN(const Place place, TurnBack({location.path}, {0, offset}, kMostToVerify));
    offset = place.offset;
  }
  verifier_.Begin(Verifier::From::kAnywhere, /*required=*/false);
  return OpenFile(location.path, offset);
}

absl::Status Reader::Seek() {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDayFiles(directory_));
  RETURN_IF_ERROR(LoadInfo());
  if (names.empty()) return absl::OkStatus();
  Place place;
  if (options_.start.has_value()) {
    RETURN_IF_ERROR(CheckStartIsKept(names.front()));
    ASSIGN_OR_RETURN(place.file, FileOfStart(names));
    ASSIGN_OR_RETURN(place.offset, Seeker(&block_reads_).Find(Path(names[place.file]), *options_.start));
  }
  return BeginAt(names, place);
}

// What the daystream knows of itself, if it does.
absl::Status Reader::LoadInfo() {
  absl::StatusOr<SourceInfo> info = LoadSourceInfo(directory_);
  if (!info.ok()) return absl::IsNotFound(info.status()) ? absl::OkStatus() : info.status();
  info_ = *std::move(info);
  return absl::OkStatus();
}

absl::Status Reader::BeginAt(const std::vector<std::string>& names, Place place) {
  const bool checks = info_.has_value() && info_->checks;
  if (checks) {
    std::vector<std::string> paths;
    for (const std::string& name : names) paths.push_back(Path(name));
    ASSIGN_OR_RETURN(place, TurnBack(paths, place, kMostToVerify));
  }
  const bool nothing_before =
      checks && place.file == 0 && place.offset == 0 && *DayFileStart(names.front()) <= info_->began;
  verifier_.Begin(nothing_before ? Verifier::From::kBeginning : Verifier::From::kAnywhere, checks);
  name_ = names[place.file];
  return OpenFile(Path(name_), place.offset);
}

// Old files may be removed to make room. Whoever needs them must hear of it.
absl::Status Reader::CheckStartIsKept(const std::string& oldest) {
  if (!options_.start_must_be_kept) return absl::OkStatus();
  // Where nobody wrote down when it began, a reader that goes on behind a position has read that one here.
  const bool had_less = info_.has_value() ? *DayFileStart(oldest) <= info_->began : !options_.after;
  if (had_less) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::optional<Position> first, Seeker(&block_reads_).First(Path(oldest)));
  const Position kept_from = first.value_or(Position{*DayFileStart(oldest), 0});
  const Position needed = options_.after ? Behind(*options_.start) : *options_.start;
  if (needed >= kept_from) return absl::OkStatus();
  const std::string start =
      *options_.start == Position() ? "the beginning" : absl::StrCat("position ", ToString(*options_.start));
  return absl::OutOfRangeError(
      absl::StrCat(start, " is no longer in daystream \"", directory_, "\", which begins at ", ToString(kept_from)));
}

// The last file that begins at or before the start: the first line that is asked for is in it, or is the first of a
// later file.
absl::StatusOr<size_t> Reader::FileOfStart(const std::vector<std::string>& names) {
  Seeker seeker(&block_reads_);
  size_t low = 0;
  size_t high = names.size();
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    ASSIGN_OR_RETURN(const std::optional<Position> first, seeker.First(Path(names[middle])));
    // A file may be empty yet; then its name tells.
    const Position begin = first.value_or(Position{*DayFileStart(names[middle]), 0});
    (begin <= *options_.start ? low : high) = middle;
  }
  // Where a file of an earlier day goes on into this one's, it may have the line.
  for (; low > 0; --low) {
    ASSIGN_OR_RETURN(const bool has_line, seeker.HasLine(Path(names[low])));
    if (has_line) break;
  }
  return low;
}

absl::Status Reader::OpenFile(const std::string& path, uint64_t offset) {
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return FileError(errno, "open file", path);
  file_ = std::move(file);
  path_ = path;
  begin_ = searched_ = end_ = 0;
  tail_is_stale_ = false;
  begin_offset_ = offset;
  line_offset_ = offset;
  return absl::OkStatus();
}

absl::StatusOr<bool> Reader::Next(Line* line) {
  RETURN_IF_ERROR(broken_);
  absl::StatusOr<bool> got = Advance(line);
  if (!got.ok()) broken_ = got.status();
  return got;
}

absl::StatusOr<bool> Reader::Advance(Line* line) {
  absl::string_view text;
  while (true) {
    ASSIGN_OR_RETURN(bool found, FindLine(&text));
    if (!found && !directory_.empty()) {
      ASSIGN_OR_RETURN(const std::string next, NextFileName());
      if (next.empty()) return false;
      // The writer may have appended here before it began the next file; from then on it does not.
      ASSIGN_OR_RETURN(found, FindLine(&text));
      if (!found) {
        RETURN_IF_ERROR(MoveTo(next));
        continue;
      }
    }
    if (!found) return false;
    RETURN_IF_ERROR(TakeLine(text, line));
    RETURN_IF_ERROR(verifier_.Take(*line, path_));
    if (IsBeforeStart(line->position)) continue;
    position_ = line->position;
    return true;
  }
}

bool Reader::IsBeforeStart(Position position) const {
  if (!options_.start.has_value()) return false;
  return options_.after ? position <= *options_.start : position < *options_.start;
}

absl::Status Reader::TakeLine(absl::string_view text, Line* line) {
  line->offset = line_offset_;
  if (!SplitLine(text, line)) return NoPrefixError(path_, line_offset_, text);
  if (line->position <= previous_) {
    return absl::DataLossError(absl::StrCat("cannot read the line at offset ", line_offset_, " of file \"", path_,
                                            "\": expected a position behind ", ToString(previous_), ", got ",
                                            ToString(line->position)));
  }
  previous_ = line->position;
  return absl::OkStatus();
}

// The next line of the open file, or false if there is no complete one (yet).
absl::StatusOr<bool> Reader::FindLine(absl::string_view* text) {
  if (!file_.is_open()) return false;
  for (bool filled = false;; filled = true) {
    const void* const line_feed =
        searched_ < end_ ? memchr(buffer_.data() + searched_, '\n', end_ - searched_) : nullptr;
    if (line_feed != nullptr) {
      const size_t size = static_cast<const char*>(line_feed) - (buffer_.data() + begin_);
      *text = absl::string_view(buffer_.data() + begin_, size);
      line_offset_ = begin_offset_;
      begin_offset_ += size + 1;
      begin_ += size + 1;
      searched_ = begin_;
      return true;
    }
    searched_ = end_;
    if (tail_is_stale_) {
      if (filled) return false;
      end_ = searched_ = begin_;
    }
    ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) return false;
  }
}

// Reads what follows in the open file into the buffer; false if nothing does.
absl::StatusOr<bool> Reader::Fill() {
  RETURN_IF_ERROR(MakeRoom());
  const size_t room = buffer_.size() - end_;
  const uint64_t offset = begin_offset_ + (end_ - begin_);
  const ssize_t size = ReadAt(file_.get(), buffer_.data() + end_, room, offset);
  if (size < 0) return FileError(errno, "read file", path_);
  ++block_reads_;
  end_ += size;
  // What stands at the file's end without LF may be cut off by a writer that starts anew, and other lines be written in
  // its place: it is read again the next time.
  tail_is_stale_ = static_cast<size_t>(size) < room;
  if (size > 0) return true;
  struct stat status;
  if (fstat(file_.get(), &status) != 0) return FileError(errno, "read file", path_);
  if (static_cast<uint64_t>(status.st_size) >= begin_offset_) return false;
  return absl::DataLossError(absl::StrCat("cannot read on at offset ", begin_offset_, " of file \"", path_,
                                          "\": it is only ", status.st_size, " bytes long now"));
}

absl::Status Reader::MakeRoom() {
  if (begin_ > 0) {
    memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    searched_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ < buffer_.size()) return absl::OkStatus();
  if (buffer_.size() >= kMaxLineSize) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot read the line at offset ", begin_offset_, " of file \"",
                                                     path_, "\": it is longer than ", kMaxLineSize, " bytes"));
  }
  buffer_.resize(std::max(options_.block_size, buffer_.size() * 2));
  return absl::OkStatus();
}

// The day file behind the open one; empty if there is none yet.
absl::StatusOr<std::string> Reader::NextFileName() {
  struct stat status;
  if (stat(directory_.c_str(), &status) != 0) return FileError(errno, "open directory", directory_);
  const absl::Time change = absl::TimeFromTimespec(status.st_mtim);
  const absl::Time now = absl::Now();
  if (change == listed_change_ && listed_at_ - change > ClockStep(change)) return std::string();
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDayFiles(directory_));
  const auto next = std::upper_bound(names.begin(), names.end(), name_);
  if (next == names.end()) {
    listed_change_ = change;
    listed_at_ = now;
    return std::string();
  }
  // Files go oldest first: where this one went, others behind it may have gone too.
  if (!name_.empty() && !std::binary_search(names.begin(), names.end(), name_)) {
    return absl::OutOfRangeError(absl::StrCat("position ", ToString(position_), " is no longer in daystream \"",
                                              directory_, "\": file \"", path_, "\" was removed while it was read"));
  }
  return *next;
}

absl::Status Reader::MoveTo(const std::string& name) {
  if (end_ > begin_) {
    return absl::DataLossError(absl::StrCat("cannot read the line at offset ", begin_offset_, " of file \"", path_,
                                            "\": expected a line feed at its end, got the end of the file, though \"",
                                            name, "\" follows"));
  }
  if (name_.empty()) {
    // The first file of a daystream that had none.
    RETURN_IF_ERROR(LoadInfo());
    return BeginAt({name}, Place());
  }
  RETURN_IF_ERROR(OpenFile(Path(name), 0));
  name_ = name;
  return absl::OkStatus();
}

absl::Status Reader::WaitForData(absl::Duration timeout) {
  if (watch_ == nullptr) {
    // What came before the watch was there would be missed: the caller looks once more.
    watch_ = std::make_unique<Watch>(source_);
    return absl::OkStatus();
  }
  watch_->Wait(timeout);
  return absl::OkStatus();
}

std::string Reader::Where() const {
  return PlaceText(line_offset_, path_);
}

absl::StatusOr<uint64_t> Reader::BytesBehind() const {
  uint64_t bytes = 0;
  struct stat status;
  if (file_.is_open()) {
    if (fstat(file_.get(), &status) != 0) return FileError(errno, "read file", path_);
    bytes = std::max<int64_t>(status.st_size - static_cast<int64_t>(begin_offset_), 0);
  }
  if (directory_.empty()) return bytes;
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDayFiles(directory_));
  for (auto name = std::upper_bound(names.begin(), names.end(), name_); name != names.end(); ++name) {
    if (stat(Path(*name).c_str(), &status) == 0) bytes += status.st_size;
  }
  return bytes;
}

std::string Reader::Path(absl::string_view name) const {
  return absl::StrCat(directory_, "/", name);
}

}  // namespace deltamirror::daystream
