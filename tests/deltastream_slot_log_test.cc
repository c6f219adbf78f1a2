#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "daystream/reader.h"
#include "daystream/writer.h"
#include "deltastream/slot_log.h"
#include "tests/lab/temp_dir.h"
#include "tests/status_matchers.h"
#include "types/lsn.h"

namespace deltamirror::deltastream {
namespace {

using ::deltamirror::testing::IsOk;
using ::deltamirror::testing::StatusIs;
using ::testing::HasSubstr;

// A slot that sends what the test says, into a daystream that can be closed as a crash would and opened again.
class SlotLogTest : public ::testing::Test {
 protected:
  SlotLogTest() { Open(0x10); }

  void Open(uint64_t confirmed) {
    log_.reset();
    daystream::SourceInfo source;
    source.system_identifier = "7";
    source.database = "prod";
    source.slot = "mirror";
    auto writer = daystream::Writer::Open(dir_.File("ds"), source, {.clock = [] { return 1507507200; }});
    ASSERT_THAT(writer, IsOk());
    log_ = std::make_unique<SlotLog>(*std::move(writer), confirmed, /*sync=*/true);
  }

  absl::Status Insert(uint32_t xid, uint64_t lsn) {
    return log_->Take(absl::StrCat("_table\tzzz\t_xid\t", xid, "\t_lsn\t", types::FormatLsn(lsn), "\t_action\tinsert"),
                      lsn);
  }

  // The transaction's end lies 8 bytes behind its commit.
  absl::Status Commit(uint32_t xid, uint64_t lsn) {
    return log_->Take(absl::StrCat("_xid\t", xid, "\t_lsn\t", types::FormatLsn(lsn), "\t_action\tcommit"), lsn + 8);
  }

  // What readers see: the actions with their xids.
  std::string Seen() {
    auto reader = daystream::Reader::Open(dir_.File("ds"), {});
    EXPECT_THAT(reader, IsOk());
    std::string seen;
    daystream::Line line;
    deltaflood::Parser parser;
    deltaflood::Record record;
    while (*(*reader)->Next(&line)) {
      EXPECT_THAT(parser.Parse(line.record_text, &record), IsOk());
      absl::StrAppend(&seen, seen.empty() ? "" : " ", deltaflood::ActionName(record.action), record.xid);
    }
    return seen;
  }

  lab::TempDir dir_;
  std::unique_ptr<SlotLog> log_;
};

TEST_F(SlotLogTest, NothingIsDurableBeforeTheSync) {
  ASSERT_THAT(Insert(1, 0x20), IsOk());
  EXPECT_TRUE(log_->in_transaction());
  ASSERT_THAT(Commit(1, 0x20), IsOk());
  EXPECT_FALSE(log_->in_transaction());
  EXPECT_EQ(log_->complete_lsn(), 0x28u);
  EXPECT_EQ(log_->durable_lsn(), 0x10u);
  EXPECT_EQ(log_->TakeBatch().records, 0);

  ASSERT_THAT(log_->Sync(), IsOk());
  EXPECT_EQ(log_->durable_lsn(), 0x28u);
  const Batch batch = log_->TakeBatch();
  EXPECT_EQ(batch.records, 2);
  EXPECT_EQ(batch.transactions, 1);
  EXPECT_EQ(batch.lsn, 0x28u);
  EXPECT_EQ(batch.position, (daystream::Position{1507507200, 1}));
  EXPECT_EQ(Seen(), "insert1 commit1");
}

TEST_F(SlotLogTest, ReadersSeeWhatWasFlushed) {
  ASSERT_THAT(Insert(1, 0x20), IsOk());
  ASSERT_THAT(Commit(1, 0x20), IsOk());
  EXPECT_EQ(Seen(), "");
  ASSERT_THAT(log_->Flush(), IsOk());
  EXPECT_EQ(Seen(), "insert1 commit1");
  EXPECT_EQ(log_->durable_lsn(), 0x10u);
}

TEST_F(SlotLogTest, ATransactionUnderWayHoldsTheConfirmationBack) {
  ASSERT_THAT(Insert(1, 0x20), IsOk());
  log_->Pass(0x100);
  ASSERT_THAT(log_->Sync(), IsOk());
  EXPECT_EQ(log_->complete_lsn(), 0x10u);
  EXPECT_EQ(log_->durable_lsn(), 0x10u);
}

TEST_F(SlotLogTest, KeepalivesConfirmOnlyWhatIsDurable) {
  // (a) Idle: nothing waits to become durable.
  log_->Pass(0x18);
  EXPECT_EQ(log_->durable_lsn(), 0x18u);
  // (b) A whole transaction in the buffer.
  ASSERT_THAT(Insert(1, 0x20), IsOk());
  ASSERT_THAT(Commit(1, 0x20), IsOk());
  log_->Pass(0x100);
  EXPECT_EQ(log_->durable_lsn(), 0x18u);
  // (c) It is safe.
  ASSERT_THAT(log_->Sync(), IsOk());
  EXPECT_EQ(log_->durable_lsn(), 0x100u);
  // (d) No keepalive takes anything back.
  log_->Pass(0x50);
  EXPECT_EQ(log_->durable_lsn(), 0x100u);
}

TEST_F(SlotLogTest, WhatIsSavedIsDurable) {
  ASSERT_THAT(Insert(1, 0x20), IsOk());
  ASSERT_THAT(Commit(1, 0x20), IsOk());
  ASSERT_THAT(log_->SaveConfirmed(), IsOk());
  EXPECT_EQ(log_->saved_lsn(), 0x10u);
  ASSERT_THAT(log_->Sync(), IsOk());
  ASSERT_THAT(log_->SaveConfirmed(), IsOk());
  EXPECT_EQ(log_->saved_lsn(), 0x28u);
  const auto info = daystream::LoadSourceInfo(dir_.File("ds"));
  ASSERT_THAT(info, IsOk());
  EXPECT_EQ(info->confirmed_lsn, "0/28");
}

TEST_F(SlotLogTest, ResentTransactionsAreDropped) {
  ASSERT_THAT(Insert(1, 0x20), IsOk());
  ASSERT_THAT(Commit(1, 0x20), IsOk());
  ASSERT_THAT(Insert(2, 0x30), IsOk());
  ASSERT_THAT(Commit(2, 0x30), IsOk());
  ASSERT_THAT(log_->Sync(), IsOk());
  Open(0x10);
  ASSERT_THAT(Insert(1, 0x20), IsOk());
  ASSERT_THAT(Insert(1, 0x20), IsOk());
  ASSERT_THAT(Commit(1, 0x20), IsOk());
  EXPECT_EQ(log_->durable_lsn(), 0x28u);
  ASSERT_THAT(Insert(2, 0x30), IsOk());
  ASSERT_THAT(Commit(2, 0x30), IsOk());
  EXPECT_EQ(log_->durable_lsn(), 0x38u);
  ASSERT_THAT(Insert(3, 0x40), IsOk());
  ASSERT_THAT(Commit(3, 0x40), IsOk());
  ASSERT_THAT(log_->Sync(), IsOk());
  EXPECT_EQ(Seen(), "insert1 commit1 insert2 commit2 insert3 commit3");
  EXPECT_EQ(log_->TakeBatch().records, 2);
}

TEST_F(SlotLogTest, ATransactionCutByACrashComesAgainInFull) {
  ASSERT_THAT(Insert(1, 0x20), IsOk());
  ASSERT_THAT(log_->Flush(), IsOk());
  Open(0x10);
  ASSERT_THAT(Insert(1, 0x20), IsOk());
  ASSERT_THAT(Commit(1, 0x20), IsOk());
  ASSERT_THAT(log_->Sync(), IsOk());
  EXPECT_EQ(Seen(), "insert1 rollback1 insert1 commit1");
}

TEST_F(SlotLogTest, AMessageMayHoldSeveralLines) {
  ASSERT_THAT(log_->Take("_table\tzzz\t_xid\t1\t_lsn\t0/20\t_action\tinsert\n"
                         "_table\tzzz\t_xid\t1\t_lsn\t0/20\t_action\tdelete\n"
                         "_xid\t1\t_lsn\t0/20\t_action\tcommit",
                         0x28),
              IsOk());
  ASSERT_THAT(log_->Sync(), IsOk());
  const Batch batch = log_->TakeBatch();
  EXPECT_EQ(batch.records, 3);
  EXPECT_EQ(batch.transactions, 1);
  EXPECT_EQ(Seen(), "insert1 delete1 commit1");
}

TEST_F(SlotLogTest, LinesWithoutLsnAreRefusedWhereTheyMightBeResent) {
  ASSERT_THAT(Insert(1, 0x20), IsOk());
  ASSERT_THAT(Commit(1, 0x20), IsOk());
  ASSERT_THAT(log_->Sync(), IsOk());
  Open(0x10);
  EXPECT_THAT(log_->Take("_table\tzzz\t_xid\t2\t_action\tinsert", 0x30),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("it has no \"_lsn\"")));
  EXPECT_THAT(
      log_->Take("nonsense", 0x30),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("invalid line from the slot: expected key-value pairs")));
}

}  // namespace
}  // namespace deltamirror::deltastream
