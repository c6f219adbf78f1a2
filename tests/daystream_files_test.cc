#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "daystream/files.h"
#include "daystream/position.h"

namespace deltamirror::daystream {
namespace {

TEST(DayFileTest, NameIsTheDayInUtc) {
  EXPECT_EQ(DayFileName(1507507200), "20171009.daystream");
  EXPECT_EQ(DayFileName(1507507199), "20171008.daystream");
  EXPECT_EQ(DayFileName(0), "19700101.daystream");
}

TEST(DayFileTest, NameTellsTheFirstSecond) {
  EXPECT_EQ(DayFileStart("20171009.daystream"), 1507507200);
  for (int64_t day = 0; day < 40000; ++day) {
    ASSERT_EQ(DayFileStart(DayFileName(day * kSecondsPerDay)), day * kSecondsPerDay);
  }
}

TEST(DayFileTest, OtherNamesAreNone) {
  for (const char* const name :
       {"", "daystream.json", "20171009", "20171009.daystream.new", "2017109.daystream", "20170231.daystream",
        "20171309.daystream", "+0171009.daystream", "deltastream.lock", "20171009.Daystream"}) {
    EXPECT_FALSE(DayFileStart(name).has_value()) << name;
  }
}

TEST(PositionTest, ClockCountsBeforeSequence) {
  EXPECT_LT(kBeforeAll, (Position{0, 0}));
  EXPECT_LT((Position{1, 9}), (Position{2, 0}));
  EXPECT_LT((Position{1, 0}), (Position{1, 1}));
  EXPECT_EQ(ToString({1507507200, 3}), "(1507507200, 3)");
}

TEST(PositionTest, PrefixIsWrittenAndReadAgain) {
  std::string line;
  AppendPrefix({1507507200, 17}, &line);
  EXPECT_EQ(line, "_c\t1507507200\t_s\t17\t");
  line += "_table\tzzz";
  absl::string_view rest = line;
  Position position;
  ASSERT_TRUE(ConsumePrefix(&rest, &position));
  EXPECT_EQ(position, (Position{1507507200, 17}));
  EXPECT_EQ(rest, "_table\tzzz");
}

TEST(PositionTest, WhatIsNoPrefixIsLeftAlone) {
  const std::string whole = "_c\t1507507200\t_s\t17\t";
  for (size_t size = 0; size < whole.size(); ++size) {
    absl::string_view rest = absl::string_view(whole).substr(0, size);
    Position position;
    EXPECT_FALSE(ConsumePrefix(&rest, &position)) << size;
    EXPECT_EQ(rest.size(), size);
  }
  for (absl::string_view rest : {"_c\t-1\t_s\t1\t", "_c\t1\t_s\t-1\t", "_c\t1\t_s\tx\t", "_s\t1\t_c\t1\t",
                                 " _c\t1\t_s\t1\t", "_c\t99999999999999999999\t_s\t1\t", "_c\t1 \t_s\t1\t"}) {
    Position position;
    EXPECT_FALSE(ConsumePrefix(&rest, &position)) << rest;
  }
}

}  // namespace
}  // namespace deltamirror::daystream
