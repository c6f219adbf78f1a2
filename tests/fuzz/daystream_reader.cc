// The bytes are the content of a daystream: a file, or a folder of three. Whatever is in it: the lines are the same
// however large the reader's blocks are; and from each position on they are those behind it.

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "daystream/position.h"
#include "daystream/reader.h"
#include "tests/fuzz/input.h"

namespace deltamirror::fuzz {
namespace {

using daystream::Position;

struct Found {
  Position position;
  std::string text;

  bool operator==(const Found&) const = default;
};

struct All {
  std::vector<Found> lines;
  bool ok = false;
};

All Read(const std::string& source, std::optional<Position> start, size_t block_size) {
  All all;
  daystream::ReaderOptions options;
  options.start = start;
  options.start_must_be_kept = false;
  options.block_size = block_size;
  const auto reader = daystream::Reader::Open(source, options);
  if (!reader.ok()) return all;
  daystream::Line line;
  while (true) {
    const absl::StatusOr<bool> got = (*reader)->Next(&line);
    all.ok = got.ok();
    if (!got.ok() || !*got) return all;
    Require(all.lines.empty() || all.lines.back().position < line.position, "positions grow");
    all.lines.push_back({line.position, std::string(line.text)});
  }
}

void Write(const std::string& path, absl::string_view content) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  Require(fd >= 0, "a file of the target's own can be written");
  while (!content.empty()) {
    const ssize_t n = write(fd, content.data(), content.size());
    Require(n > 0, "a file of the target's own can be written");
    content.remove_prefix(static_cast<size_t>(n));
  }
  close(fd);
}

// Of this process.
const std::string& Folder() {
  static const std::string& folder = *new std::string([] {
    std::string path = std::filesystem::is_directory("/dev/shm") ? "/dev/shm/fuzz.XXXXXX" : "/tmp/fuzz.XXXXXX";
    Require(mkdtemp(path.data()) != nullptr, "a folder of the target's own can be made");
    std::atexit([] { std::filesystem::remove_all(Folder()); });
    return path;
  }());
  return folder;
}

void Check(const std::string& source, uint8_t flags) {
  const size_t small = 1 + flags % 64;
  const All all = Read(source, std::nullopt, size_t{256} * 1024);
  const All same = Read(source, std::nullopt, small);
  Require(all.ok == same.ok && all.lines == same.lines, "the size of blocks changes nothing");
  if (!all.ok || all.lines.empty()) return;
  const size_t at = flags % all.lines.size();
  const All rest = Read(source, all.lines[at].position, small);
  Require(rest.ok, "a daystream that can be read can be read from within");
  Require(rest.lines == std::vector<Found>(all.lines.begin() + static_cast<std::ptrdiff_t>(at), all.lines.end()),
          "from a position on there is what lies behind it");
}

void Run(Input input) {
  const uint8_t flags = input.Byte();
  const std::string file = absl::StrCat(Folder(), "/file");
  if (flags < 128) {
    Write(file, input.Rest());
    return Check(file, flags);
  }
  const std::string directory = absl::StrCat(Folder(), "/directory");
  std::filesystem::create_directory(directory);
  for (const char* day : {"20171008", "20171009", "20171010"}) {
    Write(absl::StrCat(directory, "/", day, ".daystream"), input.Piece());
  }
  Check(directory, flags);
}

}  // namespace
}  // namespace deltamirror::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  deltamirror::fuzz::Run(deltamirror::fuzz::Input(data, size));
  return 0;
}
