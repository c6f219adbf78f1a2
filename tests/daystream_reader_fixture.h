// A reader of a daystream whose files the test writes itself.

#ifndef DELTAMIRROR_TESTS_DAYSTREAM_READER_FIXTURE_H_
#define DELTAMIRROR_TESTS_DAYSTREAM_READER_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "daystream/position.h"
#include "daystream/reader.h"
#include "tests/lab/temp_dir.h"
#include "tests/status_matchers.h"

namespace deltamirror::daystream {

inline constexpr int64_t kDay = 1507507200;  // 2017-10-09 00:00:00 UTC
inline constexpr char kFile[] = "20171009.daystream";
inline constexpr char kNextFile[] = "20171010.daystream";

inline std::string Stamped(Position position, absl::string_view text) {
  std::string line;
  AppendPrefix(position, &line);
  return absl::StrCat(line, text, "\n");
}

class ReaderTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return directory_.File(name); }
  void Write(const std::string& name, const std::string& content) {
    lab::WriteFile(Path(name), lab::ReadFile(Path(name)) + content);
  }
  void Rewrite(const std::string& name, const std::string& content) { lab::WriteFile(Path(name), content); }

  absl::Status TryOpen(const std::string& source) {
    absl::StatusOr<std::unique_ptr<Reader>> reader = Reader::Open(source, options_);
    if (reader.ok()) reader_ = *std::move(reader);
    return reader.status();
  }
  void Open() { ASSERT_THAT(TryOpen(directory_.path()), deltamirror::testing::IsOk()); }
  void OpenAt(Position start, bool after = false) {
    options_.start = start;
    options_.after = after;
    Open();
  }

  // All lines up to the present end, without their prefixes.
  std::vector<std::string> ReadAll() {
    std::vector<std::string> texts;
    Line line;
    while (true) {
      const absl::StatusOr<bool> got = reader_->Next(&line);
      EXPECT_THAT(got, deltamirror::testing::IsOk());
      if (!got.ok() || !*got) return texts;
      texts.emplace_back(line.record_text);
    }
  }
  absl::Status ReadToError() {
    Line line;
    while (true) {
      const absl::StatusOr<bool> got = reader_->Next(&line);
      if (!got.ok()) return got.status();
      if (!*got) return absl::OkStatus();
    }
  }

  lab::TempDir directory_;
  ReaderOptions options_;
  std::unique_ptr<Reader> reader_;
};

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_TESTS_DAYSTREAM_READER_FIXTURE_H_
