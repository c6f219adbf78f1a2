#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "verify/digest.h"
#include "verify/key_ranges.h"

namespace deltamirror::verify {
namespace {

using types::Value;

std::string Bytes(const Value& value) {
  std::string bytes;
  AppendValue(value, &bytes);
  return bytes;
}

TEST(DigestTest, ValuesOfDifferentTypesAreDifferent) {
  const std::vector<Value> values = {Value(),
                                     Value::Integer(0),
                                     Value::Integer(1),
                                     Value::Integer(-1),
                                     Value::Real(0),
                                     Value::Real(1),
                                     Value::Text(""),
                                     Value::Text("1"),
                                     Value::Text("0"),
                                     Value::Blob(""),
                                     Value::Blob("1"),
                                     Value::Text("NULL"),
                                     Value::Real(std::numeric_limits<double>::infinity())};
  std::set<std::string> bytes;
  std::set<std::pair<uint64_t, uint64_t>> digests;
  for (const Value& value : values) {
    bytes.insert(Bytes(value));
    const Digest digest = DigestOf(Bytes(value));
    digests.insert({digest.low, digest.high});
  }
  EXPECT_EQ(bytes.size(), values.size());
  EXPECT_EQ(digests.size(), values.size());
}

TEST(DigestTest, TheTwoZerosAreEqual) {
  EXPECT_EQ(Bytes(Value::Real(0.0)), Bytes(Value::Real(-0.0)));
}

TEST(DigestTest, WhereAValueEndsMatters) {
  EXPECT_NE(Bytes(Value::Text("ab")) + Bytes(Value::Text("c")), Bytes(Value::Text("a")) + Bytes(Value::Text("bc")));
}

TEST(DigestTest, ValuesComeBackAsTheyWere) {
  const std::string row = Bytes(Value()) + Bytes(Value::Integer(-7)) + Bytes(Value::Real(0.1)) +
                          Bytes(Value::Text("x")) + Bytes(Value::Blob(std::string("\0y", 2)));
  absl::string_view rest = row;
  std::string again;
  Value value;
  while (ConsumeValue(&rest, &value)) AppendValue(value, &again);
  EXPECT_EQ(again, row);
  EXPECT_TRUE(rest.empty());
}

TEST(DigestTest, ACutValueIsNone) {
  const std::string bytes = Bytes(Value::Text("abc"));
  for (size_t size = 0; size < bytes.size(); ++size) {
    absl::string_view rest(bytes.data(), size);
    Value value;
    EXPECT_FALSE(ConsumeValue(&rest, &value)) << size;
  }
}

// Every length up to some blocks, and every bit of each.
TEST(DigestTest, EveryBitAndTheLengthCount) {
  std::set<std::pair<uint64_t, uint64_t>> digests;
  size_t count = 0;
  const auto add = [&](const std::string& bytes) {
    const Digest digest = DigestOf(bytes);
    digests.insert({digest.low, digest.high});
    ++count;
  };
  for (size_t length = 0; length < 70; ++length) {
    std::string bytes(length, '\0');
    add(bytes);
    for (size_t bit = 0; bit < 8 * length; ++bit) {
      bytes[bit / 8] ^= static_cast<char>(1 << bit % 8);
      add(bytes);
      bytes[bit / 8] ^= static_cast<char>(1 << bit % 8);
    }
  }
  EXPECT_EQ(digests.size(), count);
}

TEST(KeyRangesTest, RowsInAnyOrderAreEqual) {
  KeyRanges ranges;
  std::vector<std::string> rows;
  for (int i = 0; i < 1000; ++i) rows.push_back(Bytes(Value::Integer(i % 600)));
  for (const std::string& row : rows) ranges.Add(DigestOf(row), DigestOf(row), 1);
  EXPECT_TRUE(ranges.AnyDiffers());
  std::shuffle(rows.begin(), rows.end(), std::mt19937(1));
  for (const std::string& row : rows) ranges.Add(DigestOf(row), DigestOf(row), -1);
  EXPECT_FALSE(ranges.AnyDiffers());
}

TEST(KeyRangesTest, AChangedRowShowsInTheRangeOfItsKeyAlone) {
  KeyRanges ranges;
  const Digest key = DigestOf("key");
  ranges.Add(key, DigestOf("key and a"), 1);
  ranges.Add(key, DigestOf("key and b"), -1);
  for (size_t range = 0; range < KeyRanges::kRanges; ++range) {
    ASSERT_EQ(ranges.Differs(range), range == KeyRanges::RangeOf(key));
  }
}

TEST(KeyRangesTest, ARowThatIsThereTwiceDiffersFromOne) {
  KeyRanges ranges;
  ranges.Add(DigestOf("row"), DigestOf("row"), 2);
  ranges.Add(DigestOf("row"), DigestOf("row"), -1);
  EXPECT_TRUE(ranges.AnyDiffers());
}

}  // namespace
}  // namespace deltamirror::verify
