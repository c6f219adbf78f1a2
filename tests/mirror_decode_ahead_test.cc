#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory_resource>
#include <string>
#include <vector>

#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "mirror/decode_ahead.h"
#include "mirror/plan.h"
#include "types/decoded_row.h"
#include "types/number.h"
#include "types/plain.h"
#include "types/value.h"

namespace deltamirror::mirror {
namespace {

using types::Value;

class DecodeAheadTest : public ::testing::Test {
 protected:
  // Whether the line's row was decoded: row_.
  bool Decode(const std::string& line) {
    line_ = line;
    EXPECT_TRUE(parser_.Parse(line_, &record_).ok());
    row_ = types::DecodedRow();
    return ahead_.Decode(record_, &memory_, &row_);
  }

  const std::vector<PlanColumn> columns_ = {{.name = "id", .decoder = types::IntegerFromText},
                                            {.name = "b", .decoder = types::ByteaFromText},
                                            {.name = "c", .decoder = types::TextAsIs}};
  DecodeAhead ahead_;
  std::pmr::monotonic_buffer_resource memory_;
  deltaflood::Parser parser_;
  deltaflood::Record record_;
  std::string line_;
  types::DecodedRow row_;
};

TEST_F(DecodeAheadTest, ValuesAreThoseOfTheTablesDecoders) {
  const void* const decoders = ahead_.Publish("public", "t", columns_);
  ahead_.Begin();
  ASSERT_TRUE(Decode("_table\tt\t_action\tinsert\tid\t7\tb\t\\\\x6162\tc\tplain"));
  EXPECT_EQ(row_.shape->table, decoders);
  EXPECT_THAT(row_.shape->names, ::testing::ElementsAre("id", "b", "c"));
  const Value* const first = row_.values;
  ASSERT_TRUE(Decode("_table\tt\t_action\tupdate\tid\t8\tb\t\\\\x7a\tc\t\\N"));
  EXPECT_EQ(row_.values[1].bytes(), "z");
  EXPECT_TRUE(row_.values[2].is_null());
  // What a decoder makes of the next row leaves this one as it is.
  EXPECT_EQ(first[0].integer(), 7);
  EXPECT_EQ(first[1].kind(), Value::Kind::kBlob);
  EXPECT_EQ(first[1].bytes(), "ab");
}

TEST_F(DecodeAheadTest, RowsWithTheSameColumnsHaveTheSameShape) {
  ahead_.Publish("public", "t", columns_);
  ahead_.Begin();
  ASSERT_TRUE(Decode("_table\tt\t_action\tinsert\tid\t7\tc\tx"));
  const types::RowShape* const shape = row_.shape;
  ASSERT_TRUE(Decode("_table\tt\t_action\tdelete\tid\t7"));
  EXPECT_NE(row_.shape, shape);
  ASSERT_TRUE(Decode("_table\tt\t_action\tupdate\tc\ty\tid\t7"));
  EXPECT_NE(row_.shape, shape);
  ASSERT_TRUE(Decode("_table\tt\t_action\tupdate\tid\t7\tc\ty"));
  EXPECT_EQ(row_.shape, shape);
}

TEST_F(DecodeAheadTest, ATableThatChangesHasOtherDecoders) {
  const void* const before = ahead_.Publish("public", "t", columns_);
  EXPECT_EQ(ahead_.Publish("public", "t", columns_), before);
  EXPECT_NE(ahead_.Publish("s", "t", columns_), before);
  ahead_.Begin();
  ASSERT_TRUE(Decode("_table\tt\t_action\tinsert\tid\t7"));
  std::vector<PlanColumn> changed = columns_;
  changed[0].decoder = types::TextAsIs;
  const void* const after = ahead_.Publish("public", "t", changed);
  EXPECT_NE(after, before);
  // Until the next batch it is what it was, and says so.
  ASSERT_TRUE(Decode("_table\tt\t_action\tinsert\tid\t7"));
  EXPECT_EQ(row_.shape->table, before);
  ahead_.Begin();
  ASSERT_TRUE(Decode("_table\tt\t_action\tinsert\tid\t7"));
  EXPECT_EQ(row_.shape->table, after);
  EXPECT_EQ(row_.values[0].kind(), Value::Kind::kText);
}

TEST_F(DecodeAheadTest, WhatItDoesNotKnowOrCannotReadIsLeft) {
  ahead_.Publish("public", "t", columns_);
  ahead_.Begin();
  EXPECT_FALSE(Decode("_table\tother\t_action\tinsert\tid\t7"));
  EXPECT_FALSE(Decode("_schema\ts\t_table\tt\t_action\tinsert\tid\t7"));
  EXPECT_FALSE(Decode("_table\tt\t_action\tinsert\tid\t7\tnew\t1"));
  EXPECT_FALSE(Decode("_table\tt\t_action\tinsert\tid\tseven"));
  EXPECT_FALSE(Decode("_table\tt\t_action\treplace\tid\t7"));
  EXPECT_FALSE(Decode("_table\tt\t_action\ttruncate"));
  EXPECT_FALSE(Decode("_table\tt\t_action\tinsert\tid\t7\tc\t" + std::string(DecodeAhead::kMostBytes, 'x')));
  EXPECT_TRUE(Decode("_table\tt\t_action\tinsert\tid\t7"));
}

}  // namespace
}  // namespace deltamirror::mirror
