#include "daystream/confirmed_end.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "daystream/crc32c.h"
#include "daystream/file.h"
#include "daystream/files.h"
#include "status/status_macros.h"

namespace deltamirror::daystream {
namespace {

constexpr size_t kBlockSize = 4096;
// Lines that end a transaction have a hundred bytes or so.
constexpr size_t kLongestEnd = size_t{1} << 20;

// The line that begins at `offset`, with its LF; shorter than that where the file ends before.
absl::StatusOr<std::string> ReadLineAt(int file, const std::string& path, uint64_t offset) {
  std::string line;
  while (line.size() < kLongestEnd) {
    const size_t size = line.size();
    line.resize(size + kBlockSize);
    const ssize_t got = ReadAt(file, line.data() + size, kBlockSize, offset + size);
    if (got < 0) return FileError(errno, "read file", path);
    line.resize(size + static_cast<size_t>(got));
    const size_t line_feed = line.find('\n', size);
    if (line_feed != std::string::npos) {
      line.resize(line_feed + 1);
      return line;
    }
    if (got == 0) return line;
  }
  return line;
}

}  // namespace

ConfirmedEnd MakeConfirmedEnd(Position position, uint64_t offset, absl::string_view text) {
  return {position, offset, ExtendCrc32c(ExtendCrc32c(0, text), "\n")};
}

absl::Status CheckConfirmedEnd(const std::string& directory, const ConfirmedEnd& end) {
  const std::string path = absl::StrCat(directory, "/", DayFileName(end.position.clock));
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string found = "the file is not there any more";
  if (file.is_open()) {
    struct stat status;
    if (fstat(file.get(), &status) != 0) return FileError(errno, "look at file", path);
    ASSIGN_OR_RETURN(const std::string line, ReadLineAt(file.get(), path, end.offset));
    const bool whole = !line.empty() && line.back() == '\n';
    if (whole && ExtendCrc32c(0, line) == end.crc) return absl::OkStatus();
    found =
        whole ? "what is there is not what was written" : absl::StrCat("the file has only ", status.st_size, " bytes");
  } else if (errno != ENOENT) {
    return FileError(errno, "open file", path);
  }
  return absl::DataLossError(absl::StrCat("cannot go on writing to daystream \"", directory,
                                          "\": the server was told that the transactions up to position ",
                                          ToString(end.position), ", at offset ", end.offset, " of file \"", path,
                                          "\", are safe, but ", found,
                                          ", and the server does not send them again. Bring the file back from a copy "
                                          "that holds them, or give a new, empty "
                                          "folder as the destination and bootstrap the mirrors again"));
}

}  // namespace deltamirror::daystream
