#include "tests/damage/small_daystream.h"

#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "daystream/source.h"
#include "daystream/writer.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror {
namespace {

constexpr int64_t kDay = 1507507200;  // 2017-10-09 00:00:00 UTC
constexpr int64_t kSecondsPerDay = 86400;

// Written with spaces instead of TABs.
std::string Row(int xid, absl::string_view change) {
  return absl::StrReplaceAll(absl::StrCat("_table zzz _xid ", xid, " _lsn 0/", xid, "0 _action ", change, "\n"),
                             {{" ", "\t"}});
}

std::string End(int xid, absl::string_view action = "commit") {
  return absl::StrReplaceAll(absl::StrCat("_xid ", xid, " _lsn 0/", xid, "0 _time 1507507300000000 _action ", action),
                             {{" ", "\t"}});
}

}  // namespace

SmallDaystream::SmallDaystream(const std::string& directory) {
  int64_t now = kDay + 86000;
  daystream::SourceInfo source;
  source.system_identifier = "73";
  source.database = "prod";
  source.slot = "mirror";
  daystream::WriterOptions options;
  options.clock = [&now] { return now; };
  absl::StatusOr<std::unique_ptr<daystream::Writer>> writer = daystream::Writer::Open(directory, source, options);
  EXPECT_TRUE(writer.ok()) << writer.status();
  const auto write = [&](int64_t clock, const std::string& lines) {
    now = clock;
    ASSERT_TRUE((*writer)->Append(lines).ok());
    ASSERT_TRUE((*writer)->Sync().ok());
  };
  write(now, Row(1, "insert a fox b one") + Row(1, "insert a hen b two") + End(1));
  write(now + 9, Row(2, "update a fox b \\N") + End(2));
  // Over midnight.
  write(now + 1, Row(3, "insert a owl b \\\\x") + Row(3, "delete a hen"));
  write(kDay + kSecondsPerDay + 1, Row(3, "insert a elk b 3") + End(3));
  write(now, Row(4, "insert a cat b lost") + End(4, "rollback"));
  write(now + 5, Row(5, "replace a owl") + Row(5, "update a eel b 5") + End(5));
  // A day without lines.
  write(kDay + 3 * kSecondsPerDay + 7, Row(6, "insert a gnu b 6") + End(6));
  write(now + 1, Row(7, "truncate") + Row(7, "insert a yak b 7") + End(7));

  for (const char* name : {"20171009.daystream", "20171010.daystream", "20171012.daystream"}) {
    const size_t file = paths_.size();
    paths_.push_back(absl::StrCat(directory, "/", name));
    contents_.push_back(lab::ReadFile(paths_.back()));
    size_t offset = 0;
    for (const absl::string_view text : absl::StrSplit(contents_.back(), '\n', absl::SkipEmpty())) {
      Line line = {std::string(text), file, offset, {}, absl::StrContains(text, "\t_check\t")};
      absl::string_view rest = text;
      EXPECT_TRUE(daystream::ConsumePrefix(&rest, &line.position));
      lines_.push_back(std::move(line));
      offset += text.size() + 1;
    }
  }
}

void SmallDaystream::Restore() const {
  for (size_t i = 0; i < paths_.size(); ++i) lab::WriteFile(paths_[i], contents_[i]);
}

}  // namespace deltamirror
