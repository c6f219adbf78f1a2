#include "tests/daystream_content.h"

#include <gtest/gtest.h>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "daystream/reader.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"

namespace deltamirror {

Content ReadContent(const std::string& path) {
  Content content;
  auto reader = daystream::Reader::Open(path, {});
  if (!reader.ok()) return content;
  std::vector<std::string> open;
  daystream::Line line;
  deltaflood::Parser parser;
  deltaflood::Record record;
  while (true) {
    const absl::StatusOr<bool> got = (*reader)->Next(&line);
    EXPECT_TRUE(got.ok()) << got.status();
    if (!got.ok() || !*got) return content;
    EXPECT_TRUE(parser.Parse(line.record_text, &record).ok()) << line.text;
    switch (record.action) {
      case deltaflood::Action::kCommit:
        EXPECT_GT(record.lsn, content.last_commit) << "transactions come once, in the order of their commits";
        content.last_commit = record.lsn;
        ++content.commits;
        content.committed.insert(content.committed.end(), open.begin(), open.end());
        open.clear();
        break;
      case deltaflood::Action::kRollback:
        ++content.rollbacks;
        open.clear();
        break;
      case deltaflood::Action::kRelation:
        break;
      default:
        open.push_back(absl::StrCat(deltaflood::ActionName(record.action), " ", record.columns[0].name, "=",
                                    record.columns[0].value));
    }
  }
}

}  // namespace deltamirror
