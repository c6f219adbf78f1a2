#include "deltastream/streamed_transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "deltastream/spill_file.h"
#include "tests/lab/temp_dir.h"
#include "tests/status_matchers.h"

namespace deltamirror::deltastream {
namespace {

using ::deltamirror::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Messages = std::vector<std::string>;

constexpr uint32_t kTop = 700;

class StreamedTransactionTest : public ::testing::Test {
 protected:
  void Append(uint32_t xid, absl::string_view rest) { ASSERT_THAT(transaction_.Append(xid, 'I', rest), IsOk()); }
  void Abort(uint32_t xid) { ASSERT_THAT(transaction_.Abort(xid), IsOk()); }

  static Messages All(StreamedTransaction* transaction) {
    Messages all;
    while (true) {
      const absl::StatusOr<bool> more = transaction->Take([&all](absl::string_view message) {
        all.emplace_back(message);
        return absl::OkStatus();
      });
      EXPECT_THAT(more, IsOk());
      if (!more.ok() || !*more) return all;
    }
  }

  Messages All() { return All(&transaction_); }

  lab::TempDir dir_;
  SpillFile file_{dir_.path()};
  StreamedTransaction transaction_{&file_, kTop};
};

TEST_F(StreamedTransactionTest, MessagesComeInTheirOrder) {
  Append(kTop, "a");
  Append(701, "b");
  Append(kTop, "");
  EXPECT_THAT(All(), ElementsAre("Ia", "Ib", "I"));
}

TEST_F(StreamedTransactionTest, OneWithoutMessages) {
  EXPECT_THAT(All(), IsEmpty());
}

TEST_F(StreamedTransactionTest, AnAbortGivesUpWhatCameSince) {
  Append(kTop, "a");
  Append(701, "b");
  Append(702, "c");  // within 701
  Append(701, "d");
  Abort(702);
  Append(703, "e");
  Append(kTop, "f");
  EXPECT_THAT(All(), ElementsAre("Ia", "Ib", "Ie", "If"));
}

TEST_F(StreamedTransactionTest, AnAbortTakesTheNestedOnesAlong) {
  Append(701, "a");
  Append(702, "b");
  Append(703, "c");
  Abort(702);
  // The server tells of each; of 703 there is nothing any more.
  Append(704, "d");
  Abort(703);
  EXPECT_THAT(All(), ElementsAre("Ia", "Id"));
}

TEST_F(StreamedTransactionTest, AnAbortOfWhatHasNotComeChangesNothing) {
  Append(kTop, "a");
  Abort(701);
  EXPECT_THAT(All(), ElementsAre("Ia"));
}

TEST_F(StreamedTransactionTest, AnAbortedOneMayBeginAgainElsewhere) {
  // The outer one wrote nothing before the inner one was rolled back.
  Append(702, "a");
  Append(701, "b");
  Abort(702);
  Append(kTop, "c");
  Append(701, "d");
  Append(703, "e");
  Abort(701);
  EXPECT_THAT(All(), ElementsAre("Ic"));
}

TEST_F(StreamedTransactionTest, BlocksAreUsedAgainAndTheFileHasNoName) {
  const std::string row(3000, 'x');
  {
    StreamedTransaction other(&file_, 800);
    for (int i = 0; i < 100; ++i) ASSERT_THAT(other.Append(800, 'I', row), IsOk());
    EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
    for (int i = 0; i < 100; ++i) Append(kTop, row);
    EXPECT_EQ(All(&other).size(), 100u);
  }
  EXPECT_EQ(All().size(), 100u);
}

TEST_F(StreamedTransactionTest, RowsLargerThanABlock) {
  const std::string large(5 * SpillFile::kBlockSize + 17, 'y');
  Append(kTop, "a");
  Append(701, large);
  Append(701, large);
  Abort(701);
  Append(702, large);
  Append(kTop, "b");
  EXPECT_THAT(All(), ElementsAre("Ia", "I" + large, "Ib"));
}

// A subtransaction that has not ended, or the transaction itself.
struct Open {
  std::vector<uint32_t> xids;  // its own, and those of the ones within it that ended well
  size_t begin = 0;            // what was there when it began
};

// Subtransactions that nest, write, end well or are rolled back, at random and with sizes around a block's, against a
// list of all that was written.
TEST_F(StreamedTransactionTest, NestedSubtransactionsAtRandom) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    StreamedTransaction transaction(&file_, kTop);
    Messages expected;
    std::vector<Open> open = {{{kTop}, 0}};
    uint32_t next = kTop + 1;
    for (int step = 0; step < 300; ++step) {
      const uint32_t dice = random() % 10;
      if (dice < 2) {
        open.push_back({{next++}, expected.size()});
      } else if (dice < 4 && open.size() > 1) {
        const Open ended = open.back();
        open.pop_back();
        if (dice == 2) {
          open.back().xids.insert(open.back().xids.end(), ended.xids.begin(), ended.xids.end());
          continue;
        }
        // The server tells of the inner ones, too.
        expected.resize(ended.begin);
        for (const uint32_t xid : ended.xids) ASSERT_THAT(transaction.Abort(xid), IsOk());
      } else {
        const std::string row = absl::StrCat(step, ":", std::string(random() % (SpillFile::kBlockSize / 4), 'z'));
        ASSERT_THAT(transaction.Append(open.back().xids[0], 'I', row), IsOk());
        expected.push_back("I" + row);
      }
    }
    ASSERT_TRUE(All(&transaction) == expected) << "round " << round;
  }
}

}  // namespace
}  // namespace deltamirror::deltastream
