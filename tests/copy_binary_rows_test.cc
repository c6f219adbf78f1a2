#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "copy/binary_rows.h"
#include "tests/binary_copy.h"

namespace deltamirror::copy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace ::deltamirror::binary_copy;  // NOLINT(google-build-using-namespace)

// All rows of all blocks as "a|b" with NULL for a NULL, and an error as the last.
std::vector<std::string> Walk(size_t columns, const std::vector<std::string>& blocks) {
  BinaryRows rows(columns);
  Fields fields;
  std::vector<std::string> seen;
  for (const std::string& block : blocks) {
    rows.SetBlock(block);
    while (true) {
      const absl::StatusOr<bool> row = rows.Next(&fields);
      if (!row.ok()) {
        seen.push_back(absl::StrCat("error ", row.status().message()));
        return seen;
      }
      if (!*row) break;
      const auto show = [](std::string* out, absl::string_view field) {
        absl::StrAppend(out, field.data() == nullptr ? "NULL" : field);
      };
      seen.push_back(absl::StrJoin(fields, "|", show));
    }
  }
  if (rows.complete()) seen.push_back("complete");
  return seen;
}

TEST(BinaryRowsTest, WalksRowsOfSeveralBlocks) {
  EXPECT_THAT(Walk(2, {Header() + Row({"a", "b"}) + Row({"c", kNull}), Row({"", "d"}) + Int16(-1)}),
              ElementsAre("a|b", "c|NULL", "|d", "complete"));
}

TEST(BinaryRowsTest, HeaderMayStandAloneAndHaveAnExtension) {
  EXPECT_THAT(Walk(1, {Header("more"), Row({"a"}), Int16(-1)}), ElementsAre("a", "complete"));
}

TEST(BinaryRowsTest, WithoutTrailerIsNotComplete) {
  EXPECT_THAT(Walk(1, {Header() + Row({"a"})}), ElementsAre("a"));
}

TEST(BinaryRowsTest, OtherDataIsAnError) {
  EXPECT_THAT(Walk(1, {"1\ta\n"}),
              ElementsAre("error invalid binary COPY data: it does not begin with the signature PGCOPY"));
  EXPECT_THAT(Walk(1, {Header("more").substr(0, 21)}),
              ElementsAre("error invalid binary COPY data: the header's extension is cut"));
}

TEST(BinaryRowsTest, WrongNumberOfFieldsIsAnError) {
  EXPECT_THAT(Walk(2, {Header() + Row({"a"})}),
              ElementsAre("error invalid binary COPY data: a row has 1 fields, expected 2"));
  EXPECT_THAT(Walk(2, {Header() + Int16(-2)}), ElementsAre(HasSubstr("a row has -2 fields, expected 2")));
}

// Every length at which a row can be cut, and lengths that lie.
TEST(BinaryRowsTest, CutRowIsAnError) {
  const std::string row = Row({"abc", "d"});
  for (size_t length = 1; length < row.size(); ++length) {
    EXPECT_THAT(Walk(2, {Header() + row.substr(0, length)}),
                ElementsAre("error invalid binary COPY data: a row ends before its last field"))
        << length;
  }
  EXPECT_THAT(Walk(1, {Header() + Int16(1) + Int32(-2) + "abc"}), ElementsAre(HasSubstr("a row ends before")));
  EXPECT_THAT(Walk(1, {Header() + Int16(1) + Int32(0x7fffffff) + "abc"}), ElementsAre(HasSubstr("a row ends before")));
}

}  // namespace
}  // namespace deltamirror::copy
