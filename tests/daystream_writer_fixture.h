// A writer of a daystream, with a clock and a disk that do what the test says.

#ifndef DELTAMIRROR_TESTS_DAYSTREAM_WRITER_FIXTURE_H_
#define DELTAMIRROR_TESTS_DAYSTREAM_WRITER_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <regex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "daystream/file.h"
#include "daystream/source.h"
#include "daystream/writer.h"
#include "tests/lab/temp_dir.h"
#include "tests/status_matchers.h"

namespace deltamirror::daystream {

inline constexpr int64_t kDay = 1507507200;  // 2017-10-09 00:00:00 UTC
inline constexpr char kFile[] = "20171009.daystream";
inline constexpr char kNextFile[] = "20171010.daystream";

inline constexpr char kInsert[] = "_table\tt\t_xid\t7\t_lsn\t0/70\t_action\tinsert\ta\t1";
inline constexpr char kCommit[] = "_xid\t7\t_lsn\t0/70\t_action\tcommit";

// A disk with `room` bytes left, syncs that fail when told to, and an end to what the folder takes.
class FaultyFiles : public FileSystem {
 public:
  int Open(const char* path, int flags, mode_t mode) override {
    return Ends() ? -1 : FileSystem::Open(path, flags, mode);
  }
  int Sync(int fd) override { return Ends() ? -1 : FileSystem::Sync(fd); }
  int Rename(const char* from, const char* to) override { return Ends() ? -1 : FileSystem::Rename(from, to); }
  ssize_t Write(int fd, const void* data, size_t size) override {
    if (room == 0) {
      errno = ENOSPC;
      return -1;
    }
    const ssize_t written = FileSystem::Write(fd, data, std::min(size, room));
    if (written > 0) room -= written;
    return written;
  }
  int DataSync(int fd) override {
    ++data_syncs;
    if (!fail_sync) return FileSystem::DataSync(fd);
    errno = EIO;
    return -1;
  }
  int Truncate(int fd, off_t size) override {
    if (!fail_truncate) return FileSystem::Truncate(fd, size);
    errno = EIO;
    return -1;
  }

  int calls_left = INT_MAX;  // of Open, Sync and Rename; the last one fails
  size_t room = SIZE_MAX;
  bool fail_sync = false;
  bool fail_truncate = false;
  int data_syncs = 0;

 private:
  bool Ends() {
    errno = EIO;
    if (calls_left > 0) --calls_left;
    return calls_left == 0;
  }
};

class WriterTest : public ::testing::Test {
 protected:
  WriterTest() {
    source_.system_identifier = "73";
    source_.database = "prod";
    source_.slot = "mirror";
    source_.plugin = "deltaflood";
  }

  absl::Status TryOpen() {
    writer_.reset();
    WriterOptions options;
    options.clock = [this] { return now_; };
    options.buffer_size = 1000;
    options.files = &files_;
    absl::StatusOr<std::unique_ptr<Writer>> writer = Writer::Open(directory_.File("log"), source_, options);
    if (writer.ok()) writer_ = *std::move(writer);
    return writer.status();
  }
  void Open() { ASSERT_THAT(TryOpen(), deltamirror::testing::IsOk()); }
  void Write(absl::string_view lines) {
    ASSERT_THAT(writer_->Append(lines), deltamirror::testing::IsOk());
    ASSERT_THAT(writer_->Sync(), deltamirror::testing::IsOk());
  }
  std::string Path(const std::string& name) { return directory_.File("log/" + name); }
  std::string Read(const std::string& name) { return lab::ReadFile(Path(name)); }
  // Without the checks, of which tests/damage/ tells.
  std::string ReadLines(const std::string& name) {
    return std::regex_replace(Read(name), std::regex("_check\t[^\t]*\t"), "");
  }
  // What a crash leaves: a file as it is told, and nobody who writes.
  void Crash(const std::string& name, const std::string& content) {
    writer_.reset();
    lab::WriteFile(Path(name), content);
  }
  static std::string Stamped(int64_t clock, int64_t seq, absl::string_view line) {
    return absl::StrCat("_c\t", clock, "\t_s\t", seq, "\t", line, "\n");
  }

  lab::TempDir directory_;
  int64_t now_ = kDay + 100;
  SourceInfo source_;
  FaultyFiles files_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_TESTS_DAYSTREAM_WRITER_FIXTURE_H_
