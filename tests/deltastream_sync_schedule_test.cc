#include <gtest/gtest.h>

#include "deltastream/sync_schedule.h"

namespace deltamirror::deltastream {
namespace {

using std::chrono::milliseconds;
using Time = Clock::time_point;

const Time kStart = Time() + std::chrono::hours(1);

TEST(SyncScheduleTest, NothingToSyncIsNeverDue) {
  SyncSchedule schedule;
  EXPECT_EQ(schedule.Due(), Time::max());
  schedule.Wrote(kStart);
  schedule.Synced(kStart, kStart);
  EXPECT_EQ(schedule.Due(), Time::max());
  EXPECT_FALSE(schedule.pending());
}

TEST(SyncScheduleTest, QuietSourceIsSyncedSoon) {
  SyncSchedule schedule;
  schedule.Wrote(kStart);
  EXPECT_EQ(schedule.Due(), kStart + SyncSchedule::kQuiet);
}

TEST(SyncScheduleTest, SlowSourceIsSyncedAtMostTenTimesASecond) {
  SyncSchedule schedule;
  schedule.Wrote(kStart);
  schedule.Synced(kStart, kStart);
  schedule.Wrote(kStart + milliseconds(1));
  EXPECT_EQ(schedule.Due(), kStart + SyncSchedule::kPause);
}

TEST(SyncScheduleTest, BusySourceIsSyncedTwiceASecond) {
  SyncSchedule schedule;
  for (int ms = 0; ms < 500; ++ms) {
    schedule.Wrote(kStart + milliseconds(ms));
    EXPECT_GT(schedule.Due(), kStart + milliseconds(ms));
  }
  EXPECT_EQ(schedule.Due(), kStart + SyncSchedule::kBusy);
}

TEST(SyncScheduleTest, SlowDiskTakesATenthOfTheTimeAtMost) {
  SyncSchedule schedule;
  schedule.Wrote(kStart);
  schedule.Synced(kStart, kStart + milliseconds(400));
  const Time next = kStart + milliseconds(401);
  schedule.Wrote(next);
  for (int ms = 0; ms < 3990; ++ms) schedule.Wrote(next + milliseconds(ms));
  EXPECT_EQ(schedule.Due(), next + milliseconds(4000));
}

}  // namespace
}  // namespace deltamirror::deltastream
