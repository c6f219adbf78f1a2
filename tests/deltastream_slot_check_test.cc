#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deltastream/slot_check.h"
#include "tests/status_matchers.h"

namespace deltamirror::deltastream {
namespace {

using ::deltamirror::testing::IsOk;
using ::deltamirror::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

postgres::Slot GoodSlot() {
  postgres::Slot slot;
  slot.name = "mirror";
  slot.plugin = "deltaflood";
  slot.database = "prod";
  slot.restart_lsn = "0/18";
  slot.confirmed_flush_lsn = "0/20";
  slot.wal_status = "reserved";
  return slot;
}

TEST(SlotCheckTest, GoodSlot) {
  EXPECT_THAT(CheckSlot("mirror", GoodSlot(), "prod"), IsOk());
  EXPECT_EQ(*ConfirmedLsn(GoodSlot()), 0x20u);
}

TEST(SlotCheckTest, MissingSlot) {
  EXPECT_THAT(CheckSlot("mirror", std::nullopt, "prod"),
              StatusIs(absl::StatusCode::kNotFound,
                       "replication slot \"mirror\" does not exist. Make it with pg_slot_create(conninfo, 'mirror')"));
}

TEST(SlotCheckTest, PhysicalSlot) {
  postgres::Slot slot = GoodSlot();
  slot.database.reset();
  slot.plugin.reset();
  EXPECT_THAT(CheckSlot("mirror", slot, "prod"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "replication slot \"mirror\" is a physical slot, expected a logical one"));
}

TEST(SlotCheckTest, SlotOfAnotherDatabase) {
  EXPECT_THAT(CheckSlot("mirror", GoodSlot(), "test"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("belongs to database \"prod\", but the connection is to database \"test\"")));
}

TEST(SlotCheckTest, SlotOfAnotherPlugin) {
  postgres::Slot slot = GoodSlot();
  slot.plugin = "test_decoding";
  EXPECT_THAT(CheckSlot("mirror", slot, "prod"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("uses plugin \"test_decoding\", expected \"deltaflood\" or \"pgoutput\"")));
}

TEST(SlotCheckTest, InvalidatedSlot) {
  postgres::Slot slot = GoodSlot();
  slot.wal_status = "lost";
  EXPECT_THAT(
      CheckSlot("mirror", slot, "prod"),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("was invalidated by the server"), HasSubstr("Drop it with pg_slot_drop"),
                     HasSubstr("give a new, empty folder as the destination and bootstrap the mirrors again"))));
}

TEST(SlotCheckTest, EachReasonOfAnInvalidatedSlotHasItsSetting) {
  postgres::Slot slot = GoodSlot();
  slot.wal_status = "lost";
  const auto message = [&slot](const char* reason) {
    slot.invalidation_reason = reason;
    return std::string(CheckSlot("mirror", slot, "prod").message());
  };
  EXPECT_THAT(message("wal_removed"), HasSubstr("WAL that it needs is gone (see max_slot_wal_keep_size)"));
  EXPECT_THAT(message("idle_timeout"), HasSubstr("longer than the server's setting idle_replication_slot_timeout"));
  EXPECT_THAT(message("rows_removed"), HasSubstr("hot_standby_feedback = on"));
  EXPECT_THAT(message("wal_level_insufficient"), HasSubstr("wal_level of the primary was set below \"logical\""));
  EXPECT_THAT(message("conflict"), AllOf(HasSubstr("hot_standby_feedback"), HasSubstr("wal_level")));
}

// pgoutput sends prepared transactions if the slot says so, and deltaflood does not.
TEST(SlotCheckTest, SlotOfPreparedTransactions) {
  postgres::Slot slot = GoodSlot();
  slot.two_phase = true;
  EXPECT_THAT(CheckSlot("mirror", slot, "prod"), IsOk());
  slot.plugin = "pgoutput";
  EXPECT_THAT(CheckSlot("mirror", slot, "prod"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("slot \"mirror\" was made with two_phase"), HasSubstr("(TWO_PHASE false)"))));
}

TEST(SlotCheckTest, SlotInUseMayBecomeFree) {
  postgres::Slot slot = GoodSlot();
  slot.active = true;
  slot.active_pid = 4711;
  EXPECT_THAT(CheckSlot("mirror", slot, "prod"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("is in use by PID 4711")));
}

TEST(SlotCheckTest, SlotThatHasMovedPastTheDaystream) {
  EXPECT_THAT(CheckContinuity("mirror", 0x20, 0x100, "/ds", 0x20), IsOk());
  EXPECT_THAT(CheckContinuity("mirror", 0x20, 0x100, "/ds", 0x30), IsOk());
  EXPECT_THAT(CheckContinuity("mirror", 0x20, 0x100, "/ds", 0x1f),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("slot \"mirror\" begins at 0/20, but daystream \"/ds\" ends at 0/1F"),
                             HasSubstr("new, empty folder"))));
}

TEST(SlotCheckTest, ServerThatHasForgottenWhatTheDaystreamHolds) {
  EXPECT_THAT(CheckContinuity("mirror", 0x20, 0x2f, "/ds", 0x30),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("the server's WAL ends at 0/2F, but daystream \"/ds\" holds changes up to 0/30"),
                             HasSubstr("restored from a backup"))));
}

TEST(SlotCheckTest, TimelineThatTheDaystreamIsOn) {
  EXPECT_THAT(CheckTimeline(1, 1, std::nullopt, "/ds", 0x30), IsOk());
  EXPECT_THAT(CheckTimeline(1, 2, 0x30, "/ds", 0x30), IsOk()) << "a promoted standby that had everything";
}

TEST(SlotCheckTest, TimelineWithoutWhatTheDaystreamHolds) {
  EXPECT_THAT(CheckTimeline(1, 2, 0x2f, "/ds", 0x30),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("the server is on timeline 2, daystream \"/ds\" on timeline 1, which the server "
                                       "has left at 0/2F, but the daystream holds changes up to 0/30"),
                             HasSubstr("new, empty folder"))));
  EXPECT_THAT(CheckTimeline(2, 1, std::nullopt, "/ds", 0x30),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("is not part of the server's history")));
}

}  // namespace
}  // namespace deltamirror::deltastream
