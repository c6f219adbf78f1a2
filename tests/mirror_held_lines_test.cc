#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mirror/held_lines.h"

namespace deltamirror::mirror {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Lines(HeldLines& held) {
  std::vector<std::string> lines;
  const absl::Status status = held.ForEach([&](daystream::Position position, absl::string_view line) {
    lines.push_back(absl::StrCat(position.clock, ".", position.seq, " ", line));
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  return lines;
}

// Appends lines of growing length from `first` to `last`.
void Fill(HeldLines& held, int first, int last) {
  for (int i = first; i <= last; ++i) ASSERT_TRUE(held.Append({100, i}, std::string(i * 7 % 50, 'x')).ok());
}

TEST(HeldLinesTest, GivesLinesInTheOrderInWhichTheyCame) {
  HeldLines held;
  ASSERT_TRUE(held.Append({1, 0}, "a").ok());
  ASSERT_TRUE(held.Append({1, 1}, "").ok());
  ASSERT_TRUE(held.Append({2, 0}, "b\nc").ok());
  EXPECT_EQ(held.count(), 3);
  EXPECT_THAT(Lines(held), ElementsAre("1.0 a", "1.1 ", "2.0 b\nc"));
  EXPECT_THAT(Lines(held), ElementsAre("1.0 a", "1.1 ", "2.0 b\nc")) << "a second visit sees the same";
  held.Clear();
  EXPECT_TRUE(held.empty());
  EXPECT_THAT(Lines(held), ElementsAre());
}

TEST(HeldLinesTest, SpillsBeyondItsMemory) {
  HeldLines in_memory;
  HeldLines in_file(/*memory_limit=*/100);
  Fill(in_memory, 0, 500);
  Fill(in_file, 0, 500);
  EXPECT_EQ(Lines(in_file), Lines(in_memory));
  in_file.Clear();
  Fill(in_file, 0, 500);
  EXPECT_EQ(Lines(in_file), Lines(in_memory)) << "used again";
}

TEST(HeldLinesTest, LineLongerThanABlockSpills) {
  HeldLines held(/*memory_limit=*/1000);
  const std::string line(3 << 20, 'y');
  ASSERT_TRUE(held.Append({1, 0}, line).ok());
  ASSERT_TRUE(held.Append({1, 1}, "z").ok());
  EXPECT_THAT(Lines(held), ElementsAre(absl::StrCat("1.0 ", line), "1.1 z"));
}

// Marks after every line, whether it lies in memory or in the file.
TEST(HeldLinesTest, GoesBackToAnyMark) {
  for (int keep = 0; keep <= 60; ++keep) {
    HeldLines held(/*memory_limit=*/400);
    Fill(held, 1, keep);
    const HeldLines::Mark mark = held.mark();
    Fill(held, keep + 1, 80);
    ASSERT_TRUE(held.TruncateTo(mark).ok());
    Fill(held, 200, 230);
    HeldLines expected;
    Fill(expected, 1, keep);
    Fill(expected, 200, 230);
    ASSERT_EQ(Lines(held), Lines(expected)) << "kept " << keep;
    ASSERT_EQ(held.count(), expected.count());
  }
}

TEST(HeldLinesTest, StopsAtAnErrorOfTheVisitor) {
  HeldLines held(/*memory_limit=*/100);
  Fill(held, 1, 50);
  int visited = 0;
  const absl::Status status = held.ForEach([&](daystream::Position, absl::string_view) {
    return ++visited == 20 ? absl::AbortedError("enough") : absl::OkStatus();
  });
  EXPECT_EQ(status.message(), "enough");
  EXPECT_EQ(visited, 20);
}

TEST(HeldLinesTest, NoRoomForTheFileIsAnErrorThatKeepsWhatIsThere) {
  setenv("TMPDIR", "/nonexistent", 1);
  HeldLines held(/*memory_limit=*/40);
  ASSERT_TRUE(held.Append({1, 0}, "abc").ok());
  const absl::Status status = held.Append({1, 1}, std::string(100, 'x'));
  unsetenv("TMPDIR");
  EXPECT_THAT(std::string(status.message()), HasSubstr("could not create temporary file \"/nonexistent/deltamirror."));
  EXPECT_THAT(Lines(held), ElementsAre("1.0 abc"));
}

}  // namespace
}  // namespace deltamirror::mirror
