#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "mirror/handover.h"

namespace deltamirror::mirror {
namespace {

using ::testing::HasSubstr;

HandoverFilter Filter(uint64_t xmax, std::vector<uint64_t> running) {
  return HandoverFilter(Handover{.xmin = running.empty() ? xmax : running.front(),
                                 .xmax = xmax,
                                 .running = std::move(running),
                                 .end_lsn = 0x16B374D848});
}

// On the 64-bit ids, where nothing wraps.
bool SawSlowly(uint64_t xid, uint64_t xmax, const std::vector<uint64_t>& running) {
  return xid < xmax && std::find(running.begin(), running.end(), xid) == running.end();
}

TEST(HandoverFilterTest, SnapshotSawWhatHadEnded) {
  const HandoverFilter filter = Filter(742, {733, 740});
  EXPECT_TRUE(filter.SnapshotSaw(732));
  EXPECT_FALSE(filter.SnapshotSaw(733));
  EXPECT_TRUE(filter.SnapshotSaw(734));
  EXPECT_FALSE(filter.SnapshotSaw(740));
  EXPECT_TRUE(filter.SnapshotSaw(741));
  EXPECT_FALSE(filter.SnapshotSaw(742));
  EXPECT_FALSE(filter.SnapshotSaw(743));
}

// Snapshots of every shape, at every place where 32 bits turn over, against the 64-bit ids.
TEST(HandoverFilterTest, AgreesWithWideIdsAroundEachWrap) {
  const uint64_t places[] = {100,
                             (uint64_t{1} << 31) - 4,
                             uint64_t{1} << 31,
                             (uint64_t{1} << 32) - 4,
                             uint64_t{1} << 32,
                             (uint64_t{1} << 32) + 4,
                             (uint64_t{3} << 32) - 4,
                             (uint64_t{7} << 32) + (uint64_t{1} << 31)};
  for (const uint64_t base : places) {
    for (int mask = 0; mask < 1 << 6; ++mask) {
      std::vector<uint64_t> running;
      for (int i = 0; i < 6; ++i) {
        if ((mask >> i & 1) != 0) running.push_back(base + i);
      }
      const uint64_t xmax = base + 6;
      const HandoverFilter filter = Filter(xmax, running);
      for (uint64_t xid = base - 20; xid < base + 20; ++xid) {
        ASSERT_EQ(filter.SnapshotSaw(static_cast<uint32_t>(xid)), SawSlowly(xid, xmax, running))
            << "xid " << xid << ", xmax " << xmax << ", mask " << mask;
      }
    }
  }
}

TEST(HandoverFilterTest, HoldsOverHalfTheRange) {
  const uint64_t half = uint64_t{1} << 31;
  for (const uint64_t xmax : {half, half + 5, (uint64_t{1} << 32) + 1, uint64_t{5} << 32}) {
    const HandoverFilter filter = Filter(xmax, {});
    EXPECT_TRUE(filter.SnapshotSaw(static_cast<uint32_t>(xmax - half)));
    EXPECT_TRUE(filter.SnapshotSaw(static_cast<uint32_t>(xmax - 1)));
    EXPECT_FALSE(filter.SnapshotSaw(static_cast<uint32_t>(xmax)));
    EXPECT_FALSE(filter.SnapshotSaw(static_cast<uint32_t>(xmax + half - 1)));
  }
}

TEST(HandoverFilterTest, EndsAtTheFirstCommitAtOrBehindItsEnd) {
  const HandoverFilter filter = Filter(742, {});
  EXPECT_FALSE(filter.EndsAt(0x16B374D847));
  EXPECT_TRUE(filter.EndsAt(0x16B374D848));
  EXPECT_TRUE(filter.EndsAt(0x16B374D849));
}

TEST(HandoverTest, ComesBackFromItsText) {
  const Handover handover = {
      .xmin = 730, .xmax = (uint64_t{1} << 40) + 1, .running = {730, uint64_t{1} << 40}, .end_lsn = 0x16B374D848};
  EXPECT_EQ(handover.ToJson(),
            R"({"xmin":"730","xmax":"1099511627777","xip":["730","1099511627776"],"end_lsn":"16/B374D848"})");
  EXPECT_EQ(Handover::FromJson(handover.ToJson()).value(), handover);
  EXPECT_TRUE(HandoverFilter::FromJson(handover.ToJson())->SnapshotSaw(0xffffffff));
  EXPECT_FALSE(HandoverFilter::FromJson(handover.ToJson())->SnapshotSaw(0));
}

TEST(HandoverTest, RefusesADamagedText) {
  for (const char* text :
       {"", "[]", "{}", R"({"xmin":"1","xmax":2,"xip":[],"end_lsn":"0/1"})",
        R"({"xmin":"1","xmax":"2","xip":"","end_lsn":"0/1"})", R"({"xmin":"1","xmax":"2","xip":[3],"end_lsn":"0/1"})",
        R"({"xmin":"1","xmax":"2","xip":[],"end_lsn":"1"})"}) {
    const absl::Status status = HandoverFilter::FromJson(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("cannot read the hand-over \"")) << text;
  }
}

}  // namespace
}  // namespace deltamirror::mirror
