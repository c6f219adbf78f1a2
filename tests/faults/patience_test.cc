#include "deltastream/patience.h"

#include <gtest/gtest.h>

#include "absl/time/time.h"

namespace deltamirror::deltastream {
namespace {

class SilenceWatchTest : public ::testing::Test {
 protected:
  Clock::time_point At(int seconds) const { return begin_ + std::chrono::seconds(seconds); }

  const Clock::time_point begin_ = Clock::now();
  SilenceWatch watch_{absl::Seconds(60)};
};

TEST(PausesTest, GrowUpToALimit) {
  Pauses pauses;
  absl::Duration pause;
  for (const double seconds : {0.25, 0.5, 1., 2., 4., 8., 16., 30., 30.}) {
    pause = pauses.Next();
    EXPECT_EQ(pause, absl::Seconds(seconds));
  }
  pauses.Reset();
  EXPECT_EQ(pauses.Next(), absl::Milliseconds(250));
}

TEST_F(SilenceWatchTest, ServerIsAskedOnceAndThenGivenUp) {
  watch_.Heard(At(0));
  EXPECT_FALSE(watch_.MustAsk(At(29)));
  EXPECT_EQ(watch_.Next(), At(30));
  EXPECT_TRUE(watch_.MustAsk(At(30)));
  watch_.Asked(At(30));
  EXPECT_FALSE(watch_.MustAsk(At(40)));
  EXPECT_FALSE(watch_.IsOver(At(59)));
  EXPECT_EQ(watch_.Next(), At(60));
  EXPECT_TRUE(watch_.IsOver(At(60)));
}

TEST_F(SilenceWatchTest, AnswerBeginsItAnew) {
  watch_.Heard(At(0));
  watch_.Asked(At(30));
  watch_.Heard(At(59));
  EXPECT_FALSE(watch_.IsOver(At(60)));
  EXPECT_FALSE(watch_.MustAsk(At(88)));
  EXPECT_TRUE(watch_.MustAsk(At(89)));
}

// Nobody listened for an hour: the server gets its time to answer all the same.
TEST_F(SilenceWatchTest, NobodyIsGivenUpWhoWasNotAsked) {
  watch_.Heard(At(0));
  EXPECT_FALSE(watch_.IsOver(At(3600)));
  EXPECT_TRUE(watch_.MustAsk(At(3600)));
  watch_.Asked(At(3600));
  EXPECT_FALSE(watch_.IsOver(At(3601)));
}

TEST_F(SilenceWatchTest, LimitGrowsUntilTransactionsCome) {
  watch_.Extend();
  EXPECT_EQ(watch_.limit(), absl::Seconds(120));
  for (int i = 0; i < 20; ++i) watch_.Extend();
  EXPECT_EQ(watch_.limit(), SilenceWatch::kLongest);
  watch_.Reset();
  EXPECT_EQ(watch_.limit(), absl::Seconds(60));
}

TEST_F(SilenceWatchTest, LimitThatIsLargerThanTheLargestStays) {
  SilenceWatch watch(absl::Hours(20));
  watch.Extend();
  EXPECT_EQ(watch.limit(), absl::Hours(20));
}

TEST_F(SilenceWatchTest, WithoutALimitNothingIsAsked) {
  SilenceWatch watch(absl::InfiniteDuration());
  watch.Heard(At(0));
  EXPECT_FALSE(watch.MustAsk(At(1000000)));
  watch.Extend();
  EXPECT_EQ(watch.limit(), absl::InfiniteDuration());
}

}  // namespace
}  // namespace deltamirror::deltastream
