#include <gtest/gtest.h>

#include "postgres/timeline.h"

namespace deltamirror::postgres {
namespace {

constexpr char kHistory[] =
    "1\t0/30000A0\tno recovery target specified\n"
    "\n"
    "3\t16/B374D848\tbefore 2026-11-22 16:05:35+00\n";

TEST(TimelineTest, EndOfAnAncestor) {
  EXPECT_EQ(FindTimelineEnd(kHistory, 1), 0x30000A0u);
  EXPECT_EQ(FindTimelineEnd(kHistory, 3), 0x16B374D848u);
}

TEST(TimelineTest, NoAncestor) {
  EXPECT_FALSE(FindTimelineEnd(kHistory, 2).has_value());
  EXPECT_FALSE(FindTimelineEnd("", 1).has_value());
}

TEST(TimelineTest, DamagedLinesArePassedOver) {
  EXPECT_FALSE(FindTimelineEnd("1\n1\tsoon\tlater\nx\t0/1\t", 1).has_value());
}

}  // namespace
}  // namespace deltamirror::postgres
