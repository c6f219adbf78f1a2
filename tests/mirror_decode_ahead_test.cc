#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "mirror/decode_ahead.h"
#include "threads/worker.h"
#include "types/value.h"
#include "types/value_memory.h"

namespace deltamirror::mirror {
namespace {

using ::testing::HasSubstr;

constexpr size_t kRows = 1000;

class DecodeAheadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!worker_.Start([] {})) GTEST_SKIP() << "needs a second processor";
    worker_.Wait();
  }

  // An integer, and a text of the row's own.
  static absl::Status Decode(size_t row, types::ValueMemory* memory, types::Value* values) {
    values[0] = types::Value::Integer(static_cast<int64_t>(row));
    memory->scratch() = absl::StrCat("row ", row);
    values[1] = types::Value::Text(memory->scratch());
    memory->Keep(&values[1]);
    return absl::OkStatus();
  }
  static void ExpectRow(const types::Value* values, size_t row) {
    EXPECT_EQ(values[0].integer(), static_cast<int64_t>(row));
    EXPECT_EQ(values[1].bytes(), absl::StrCat("row ", row));
  }

  Worker worker_;
  DecodeAhead ahead_{&worker_};
};

TEST_F(DecodeAheadTest, GivesEveryRowAndKeepsThemAll) {
  for (int run = 0; run < 3; ++run) {
    ASSERT_TRUE(ahead_.Start(kRows, 2, Decode));
    const types::Value* first = ahead_.Row(0).value();
    for (size_t row = 0; row < kRows; ++row) ExpectRow(ahead_.Row(row).value(), row);
    ExpectRow(first, 0);
    ahead_.Stop();
  }
}

TEST_F(DecodeAheadTest, ARowThatCannotBeDecodedIsAnErrorThereAndNotBefore) {
  const auto decode = [](size_t row, types::ValueMemory* memory, types::Value* values) {
    return row == 700 ? absl::InvalidArgumentError("no") : Decode(row, memory, values);
  };
  ASSERT_TRUE(ahead_.Start(kRows, 2, decode));
  EXPECT_THAT(std::string(ahead_.Row(700).status().message()), HasSubstr("no"));
  ExpectRow(ahead_.Row(699).value(), 699);
  EXPECT_FALSE(ahead_.Row(701).ok());
  ahead_.Stop();
  ASSERT_TRUE(ahead_.Start(kRows, 2, Decode));
  ExpectRow(ahead_.Row(700).value(), 700);
}

TEST_F(DecodeAheadTest, StopsInTheMiddle) {
  std::atomic<size_t> decoded = 0;
  std::atomic<bool> go = false;
  const auto decode = [&](size_t row, types::ValueMemory* memory, types::Value* values) {
    while (row == 100 && !go) continue;
    decoded = row;
    return Decode(row, memory, values);
  };
  ASSERT_TRUE(ahead_.Start(kRows, 2, decode));
  ExpectRow(ahead_.Row(50).value(), 50);
  std::thread later([&go] { go = true; });
  ahead_.Stop();
  later.join();
  EXPECT_LE(decoded, 100);
  EXPECT_FALSE(ahead_.started());
}

TEST_F(DecodeAheadTest, DoesNotBeginWhereItIsOfNoUse) {
  EXPECT_FALSE(ahead_.Start(DecodeAhead::kLeastRows - 1, 2, Decode));
  EXPECT_FALSE(ahead_.Start(kRows, DecodeAhead::kMostValues / kRows + 1, Decode));
  EXPECT_FALSE(ahead_.started());
  ahead_.Stop();
}

}  // namespace
}  // namespace deltamirror::mirror
