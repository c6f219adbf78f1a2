#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "mirror/key_order.h"
#include "types/value.h"

namespace deltamirror::mirror {
namespace {

using ::testing::ElementsAre;
using types::Value;

class KeyOrderTest : public ::testing::Test {
 protected:
  void Add(const std::vector<Value>& values) { order_.Add(rows_.emplace_back(values).data()); }
  void AddIntegers(const std::vector<int64_t>& keys) {
    for (const int64_t key : keys) Add({Value::Integer(key)});
  }

  KeyOrder order_;
  std::deque<std::vector<Value>> rows_;
};

TEST_F(KeyOrderTest, IntegersStandAsSqliteHasThem) {
  order_.Begin({0});
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  AddIntegers({3, -1, std::numeric_limits<int64_t>::max(), kLeast, 0});
  EXPECT_TRUE(order_.IsScattered());
  EXPECT_THAT(order_.Sort(), ElementsAre(3, 1, 4, 0, 2));
}

TEST_F(KeyOrderTest, TextsStandByTheirBytesAndCountBeyondTheFirstEight) {
  order_.Begin({1});
  for (const char* text : {"flight 12", "flight 1", "\xc3\xa9", "", "z", "flight 11"}) {
    Add({Value::Integer(1), Value::Text(text)});
  }
  EXPECT_THAT(order_.Sort(), ElementsAre(3, 1, 5, 0, 4, 2));
}

TEST_F(KeyOrderTest, AllColumnsOfTheKeyCount) {
  order_.Begin({1, 0});
  Add({Value::Integer(2), Value::Text("a")});
  Add({Value::Integer(9), Value()});
  Add({Value::Integer(1), Value::Text("a")});
  Add({Value::Integer(0), Value::Text("b")});
  EXPECT_THAT(order_.Sort(), ElementsAre(1, 2, 0, 3));
}

TEST_F(KeyOrderTest, OfRowsWithTheSameKeyTheLastStays) {
  order_.Begin({0});
  AddIntegers({2, 1, 2, 3, 1, 2});
  EXPECT_THAT(order_.Sort(), ElementsAre(4, 5, 3));
}

// The pages at the end of one are still there at the beginning of the other.
TEST_F(KeyOrderTest, EverySecondRunGoesBackwards) {
  order_.Begin({0});
  for (int i = 0; i < 2; ++i) {
    AddIntegers({2, 3, 1});
    EXPECT_THAT(order_.Sort(), ElementsAre(2, 0, 1));
    order_.Clear();
    AddIntegers({2, 3, 1});
    EXPECT_THAT(order_.Sort(), ElementsAre(1, 0, 2));
    order_.Clear();
  }
}

TEST_F(KeyOrderTest, RowsThatComeInOrderAreLeft) {
  order_.Begin({0});
  EXPECT_FALSE(order_.IsScattered());
  std::vector<int64_t> keys;
  for (int i = 0; i < 100; ++i) keys.push_back(i % 30);
  AddIntegers(keys);
  EXPECT_FALSE(order_.IsScattered());
}

TEST_F(KeyOrderTest, ARowThatIsNotKnownLeavesAllAsTheyAreUntilTheNextRun) {
  order_.Begin({0});
  AddIntegers({2, 1});
  order_.Add(nullptr);
  AddIntegers({2, 1});
  EXPECT_FALSE(order_.IsScattered());
  order_.Clear();
  AddIntegers({2, 1});
  EXPECT_TRUE(order_.IsScattered());
}

}  // namespace
}  // namespace deltamirror::mirror
