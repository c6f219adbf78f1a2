#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "copy/binary_rows.h"
#include "copy/row_block.h"
#include "copy/source.h"
#include "tests/binary_copy.h"
#include "types/decoder.h"
#include "types/value.h"

namespace deltamirror::copy {
namespace {

using ::deltamirror::binary_copy::Header;
using ::deltamirror::binary_copy::Int16;
using ::deltamirror::binary_copy::kNull;
using ::deltamirror::binary_copy::Row;

// "<n>:<c>" becomes the text of n bytes c, in the decoder's own memory; anything else stands where it is.
absl::Status Decode(absl::string_view bytes, types::Scratch& scratch, types::Value* value) {
  if (bytes == "bad") return absl::InvalidArgumentError("expected something else");
  const size_t colon = bytes.find(':');
  if (colon == absl::string_view::npos) {
    *value = types::Value::Text(bytes);
    return absl::OkStatus();
  }
  scratch.assign(std::stoul(std::string(bytes)), bytes[colon + 1]);
  *value = types::Value::Text(scratch);
  return absl::OkStatus();
}

class RowBlockTest : public ::testing::Test {
 protected:
  RowBlockTest() {
    for (const char* const name : {"a", "b"}) {
      Field& field = fields_.emplace_back();
      field.name = name;
      field.mapping.binary = Decode;
    }
  }

  void Fill(const std::vector<std::vector<std::string>>& rows) {
    block_.Clear();
    if (!walker_) block_.bytes() = Header();
    if (!walker_) walker_.emplace(fields_.size());
    for (const std::vector<std::string>& row : rows) block_.bytes() += Row(row);
    block_.Decode(fields_, null_, &*walker_);
  }

  std::string Text(size_t row, size_t column) const {
    const types::Value& value = block_.Row(row)[column];
    return value.is_null() ? "NULL" : std::string(value.bytes());
  }

  std::vector<Field> fields_;
  std::optional<std::string> null_;
  std::optional<BinaryRows> walker_;
  RowBlock block_;
};

TEST_F(RowBlockTest, ValuesOfAllRowsStayTogether) {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 500; ++i)
    rows.push_back({absl::StrCat(i * 37 % 9000, ":", i % 10), absl::StrCat("as it is ", i)});
  for (int round = 0; round < 3; ++round) {
    Fill(rows);
    ASSERT_TRUE(block_.status().ok());
    ASSERT_EQ(block_.rows(), rows.size());
    RowBlock moved = std::move(block_);
    block_ = std::move(moved);
    for (int i = 0; i < 500; ++i) {
      ASSERT_EQ(Text(i, 0), std::string(i * 37 % 9000, static_cast<char>('0' + i % 10))) << i;
      ASSERT_EQ(Text(i, 1), absl::StrCat("as it is ", i));
    }
  }
}

TEST_F(RowBlockTest, NullsAndTextsThatMeanNull) {
  null_ = "none";
  Fill({{kNull, "x"}, {"none", ""}, {"4:x", "nones"}});
  EXPECT_EQ(Text(0, 0), "NULL");
  EXPECT_EQ(Text(0, 1), "x");
  EXPECT_EQ(Text(1, 0), "NULL");
  EXPECT_EQ(Text(1, 1), "");
  EXPECT_EQ(Text(2, 1), "nones");
}

TEST_F(RowBlockTest, RowsBeforeOneThatCannotBeDecodedAreThere) {
  Fill({{"1", "2"}, {"3", "bad"}, {"5", "6"}});
  EXPECT_EQ(block_.rows(), 1U);
  EXPECT_EQ(Text(0, 1), "2");
  EXPECT_EQ(block_.status().message(), "column \"b\": expected something else");
}

TEST_F(RowBlockTest, RowsBeforeACutOneAreThere) {
  Fill({{"1", "2"}});
  block_.Clear();
  block_.bytes() = Row({"3", "4"}) + Int16(2);
  block_.Decode(fields_, null_, &*walker_);
  EXPECT_EQ(block_.rows(), 1U);
  EXPECT_EQ(block_.status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace deltamirror::copy
