#include "daystream/unconfirmed.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "daystream/backward_reader.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "status/status_macros.h"

namespace deltamirror::daystream {
namespace {

constexpr size_t kBlockSize = size_t{256} << 10;

struct Unconfirmed {
  uint64_t begin = 0;            // of the first line
  uint64_t end = 0;              // of the last complete one
  std::optional<uint64_t> lost;  // where the first line with a NUL begins
};

absl::StatusOr<Unconfirmed> Find(const std::string& path, uint64_t confirmed) {
  ASSIGN_OR_RETURN(const std::unique_ptr<BackwardReader> reader, BackwardReader::Open(path));
  Unconfirmed found = {reader->size(), reader->size(), std::nullopt};
  deltaflood::Parser parser;
  deltaflood::Record record;
  absl::string_view text;
  while (true) {
    ASSIGN_OR_RETURN(const bool got, reader->Previous(&text, &found.begin));
    if (!got) return found;
    if (text.find('\0') != absl::string_view::npos) {
      found.lost = found.begin;
      continue;
    }
    // A line that is damaged in another way is for those who read it to complain of.
    if (!parser.ParseHead(text, &record).ok() || record.action != deltaflood::Action::kCommit) continue;
    if (!record.has_lsn || record.lsn >= confirmed) continue;
    found.begin += text.size() + 1;
    return found;
  }
}

absl::Status WriteAgain(int file, const std::string& path, uint64_t begin, uint64_t end, FileSystem* files) {
  std::string block;
  while (begin < end) {
    block.resize(std::min<uint64_t>(kBlockSize, end - begin));
    const ssize_t got = ReadAt(file, block.data(), block.size(), begin);
    if (got < 0) return FileError(errno, "read file", path);
    if (got == 0) return absl::DataLossError(absl::StrCat("could not read file \"", path, "\": it became shorter"));
    const ssize_t put = files->WriteAt(file, block.data(), static_cast<size_t>(got), static_cast<off_t>(begin));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return FileError(put < 0 ? errno : ENOSPC, "write file", path);
    begin += static_cast<uint64_t>(put);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MendUnconfirmed(const std::string& path, uint64_t confirmed, FileSystem* files) {
  ASSIGN_OR_RETURN(const Unconfirmed found, Find(path, confirmed));
  if (found.begin >= found.end) return absl::OkStatus();
  // Not for appending: Linux would append, whatever the offset.
  const FileDescriptor file(files->Open(path.c_str(), O_RDWR | O_CLOEXEC, 0));
  if (!file.is_open()) return FileError(errno, "open file", path);
  if (found.lost.has_value() && files->Truncate(file.get(), static_cast<off_t>(*found.lost)) != 0) {
    return FileError(errno, "cut lost lines off file", path);
  }
  return WriteAgain(file.get(), path, found.begin, found.lost.value_or(found.end), files);
}

}  // namespace deltamirror::daystream
