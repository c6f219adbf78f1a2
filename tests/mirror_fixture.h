// A SQLite host with a mirror, fed line by line: what the tests of the mirror have in common.

#ifndef DELTAMIRROR_TESTS_MIRROR_FIXTURE_H_
#define DELTAMIRROR_TESTS_MIRROR_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "tests/lab/host.h"

namespace deltamirror {

// A deltaflood line, written with spaces instead of TABs.
inline std::string Line(const std::string& text) {
  return absl::StrReplaceAll(text, {{" ", "\t"}});
}

class MirrorTest : public ::testing::Test {
 protected:
  void MakeMirror(const std::string& arguments = "") {
    host_.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(", arguments, ")"));
  }
  static std::string InsertInto(const std::string& table, const std::string& line) {
    return absl::StrCat("INSERT INTO ", table, "(line) VALUES (", lab::Literal(Line(line)), ")");
  }
  // Each line by an INSERT of its own.
  void Feed(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) host_.Exec(InsertInto("m", line));
  }
  // All lines by one INSERT ... SELECT.
  void FeedAtOnce(const std::vector<std::string>& lines) { host_.Exec(InsertAll(lines)); }
  static std::string InsertAll(const std::vector<std::string>& lines) {
    const std::string rows = absl::StrJoin(lines, ", ", [](std::string* out, const std::string& line) {
      absl::StrAppend(out, "(", lab::Literal(Line(line)), ")");
    });
    return absl::StrCat("INSERT INTO m(line) SELECT * FROM (VALUES ", rows, ")");
  }
  std::string FeedError(const std::string& line) { return host_.Error(InsertInto("m", line)); }

  // "1,x|2,NULL", in order.
  std::string Table(const std::string& table) {
    lab::Rows rows = host_.Query(absl::StrCat("SELECT * FROM ", table));
    std::sort(rows.begin(), rows.end());
    return absl::StrJoin(rows, "|", [](std::string* out, const std::vector<std::string>& row) {
      absl::StrAppend(out, absl::StrJoin(row, ","));
    });
  }
  std::string Zzz() { return Table("zzz"); }
  // Columns of the only row of SELECT * FROM m, joined by commas.
  std::string Status(const std::string& columns) {
    const lab::Rows rows = host_.Query(absl::StrCat("SELECT ", columns, " FROM m"));
    return rows.size() == 1 ? absl::StrJoin(rows[0], ",") : absl::StrCat(rows.size(), " rows");
  }

  lab::Host host_;
};

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_MIRROR_FIXTURE_H_
