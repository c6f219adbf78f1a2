// What a writer finds after one that was killed, and what it does when the disk fails.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "daystream/position.h"
#include "daystream/source.h"
#include "daystream/writer.h"
#include "tests/daystream_writer_fixture.h"
#include "tests/status_matchers.h"

namespace deltamirror::daystream {
namespace {

using ::deltamirror::testing::IsOk;
using ::deltamirror::testing::StatusIs;
using ::testing::HasSubstr;

TEST_F(WriterTest, TornLineIsCutOff) {
  Open();
  Write(absl::StrCat(kInsert, "\n", kCommit));
  const std::string whole = Read(kFile);
  const std::string next = Stamped(kDay + 100, 2, kInsert);
  for (size_t size = 0; size < next.size(); ++size) {
    Crash(kFile, whole + next.substr(0, size));
    Open();
    EXPECT_EQ(Read(kFile), whole) << size;
    EXPECT_EQ(writer_->last_position(), (Position{kDay + 100, 1}));
    EXPECT_EQ(writer_->last_commit_lsn(), 0x70u);
  }
}

TEST_F(WriterTest, ATornLineAloneLeavesAnEmptyFile) {
  Open();
  Crash(kFile, "_c\t1507507300\t_s");
  Open();
  EXPECT_EQ(Read(kFile), "");
  EXPECT_EQ(writer_->last_position(), kBeforeAll);
  Write("a\t1");
  EXPECT_EQ(Read(kFile), Stamped(kDay + 100, 0, "a\t1"));
}

TEST_F(WriterTest, UnfinishedTransactionIsClosed) {
  Open();
  Write(absl::StrCat(kInsert, "\n", kCommit));
  Write("_table\tt\t_xid\t8\t_lsn\t0/80\t_action\tinsert\ta\t2");
  const std::string before = ReadLines(kFile);
  now_ += 5;
  const int syncs = files_.data_syncs;
  Open();
  EXPECT_GT(files_.data_syncs, syncs);
  EXPECT_EQ(ReadLines(kFile), before + Stamped(kDay + 105, 0, "_xid\t8\t_lsn\t0/80\t_action\trollback"));
  EXPECT_EQ(writer_->last_commit_lsn(), 0x70u);
  const std::string closed = Read(kFile);
  Open();
  EXPECT_EQ(Read(kFile), closed);
  EXPECT_EQ(writer_->last_commit_lsn(), 0x70u);
}

TEST_F(WriterTest, TheFirstTransactionIsClosedToo) {
  Open();
  Write(kInsert);
  Open();
  EXPECT_THAT(Read(kFile), HasSubstr("\t_action\trollback\n"));
  EXPECT_EQ(writer_->last_commit_lsn(), 0u);
}

TEST_F(WriterTest, AnUnfinishedTransactionMaySpanFiles) {
  now_ = kDay + 86390;
  Open();
  Write(absl::StrCat(kInsert, "\n", kCommit, "\n_table\tt\t_xid\t8\t_lsn\t0/80\t_action\tinsert\ta\t2"));
  now_ += 60;
  Write("_table\tt\t_xid\t8\t_lsn\t0/80\t_action\tinsert\ta\t3");
  now_ += 86400;
  Open();
  EXPECT_EQ(ReadLines("20171011.daystream"), Stamped(now_, 0, "_xid\t8\t_lsn\t0/80\t_action\trollback"));
  EXPECT_EQ(writer_->last_commit_lsn(), 0x70u);
}

TEST_F(WriterTest, LinesOfTheOriginalHaveNoEndAndGetNone) {
  source_ = SourceInfo();
  Open();
  Write("_table\tt\t_xid\t8\t_action\tinsert\ta\t2");
  Write("_table\tt\t_xid\t9\t_action\tinsert\ta\t2\n_table\tt\t_xid\t9\t_action\tinsert\ta\t3");
  const std::string before = Read(kFile);
  Open();
  EXPECT_EQ(Read(kFile), before);
  EXPECT_EQ(writer_->last_position(), (Position{kDay + 100, 2}));
}

TEST_F(WriterTest, ALongUnfinishedTransactionIsReadBackInBlocks) {
  Open();
  std::string lines = absl::StrCat(kInsert, "\n", kCommit, "\n");
  for (int i = 0; i < 300; ++i) {
    absl::StrAppend(&lines, "_table\tt\t_xid\t8\t_lsn\t0/80\t_action\tinsert\ta\t", std::string(i * 10, 'x'), "\n");
  }
  absl::StrAppend(&lines, "_table\tt\t_xid\t8\t_lsn\t0/80\t_action\tinsert\ta\t", std::string(500000, 'y'), "\n");
  Write(lines);
  Open();
  EXPECT_THAT(Read(kFile).substr(Read(kFile).size() - 60), HasSubstr("_xid\t8\t_lsn\t0/80\t_action\trollback\n"));
  EXPECT_EQ(writer_->last_commit_lsn(), 0x70u);
}

TEST_F(WriterTest, DamagedTailIsAnError) {
  Open();
  Write(absl::StrCat(kInsert, "\n", kCommit));
  const std::string whole = Read(kFile);
  Crash(kFile, whole + "nonsense\n");
  EXPECT_THAT(TryOpen(), StatusIs(absl::StatusCode::kDataLoss,
                                  HasSubstr(absl::StrCat("the line at offset ", whole.size(), " of file \"",
                                                         Path(kFile), "\": expected key-value pairs"))));
  Crash(kFile, whole + "_table\tt\t_action\ttruncate\n");
  EXPECT_THAT(TryOpen(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected \"_c\" and \"_s\" in front")));
}

// Faults.

TEST_F(WriterTest, AFullDiskLeavesWholeLines) {
  const std::string lines = absl::StrCat(kInsert, "\n", kInsert, "\n", kCommit, "\n");
  Open();
  Write(lines);
  const std::string written = Read(kFile);
  for (size_t room = 0; room < written.size(); ++room) {
    writer_.reset();
    std::filesystem::remove_all(directory_.File("log"));
    Open();
    ASSERT_THAT(writer_->Append(lines), IsOk());
    files_.room = room;
    ASSERT_THAT(writer_->Flush(), StatusIs(absl::StatusCode::kResourceExhausted,
                                           HasSubstr(absl::StrCat("could not write file \"", Path(kFile)))));
    const std::string left = Read(kFile);
    EXPECT_EQ(left, written.substr(0, left.size()));
    EXPECT_TRUE(left.empty() || left.back() == '\n') << room;
    // Space comes: the same lines, with the same stamps.
    files_.room = SIZE_MAX;
    ASSERT_THAT(writer_->Sync(), IsOk());
    EXPECT_EQ(Read(kFile), written) << room;
  }
}

TEST_F(WriterTest, WhatCouldNotBeCutIsCutBeforeTheNextWrite) {
  Open();
  ASSERT_THAT(writer_->Append(kInsert), IsOk());
  files_.room = 10;
  files_.fail_truncate = true;
  EXPECT_THAT(writer_->Flush(),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("could not cut the incomplete line off file")));
  EXPECT_EQ(Read(kFile).size(), 10u);
  files_.room = SIZE_MAX;
  EXPECT_THAT(writer_->Flush(), StatusIs(absl::StatusCode::kUnknown, HasSubstr("could not cut the incomplete line")));
  files_.fail_truncate = false;
  ASSERT_THAT(writer_->Flush(), IsOk());
  EXPECT_EQ(Read(kFile), Stamped(kDay + 100, 0, kInsert));
}

TEST_F(WriterTest, AnAppendThatFailsTakesNothing) {
  Open();
  const std::string line = "a\t" + std::string(1100, 'x');
  ASSERT_THAT(writer_->Append(line), IsOk());
  files_.room = 0;
  EXPECT_THAT(writer_->Append("b\t1"), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("could not write")));
  files_.room = SIZE_MAX;
  Write("b\t1");
  EXPECT_EQ(Read(kFile), Stamped(kDay + 100, 0, line) + Stamped(kDay + 100, 1, "b\t1"));
}

TEST_F(WriterTest, AFailedSyncEndsTheWriter) {
  Open();
  ASSERT_THAT(writer_->Append(kInsert), IsOk());
  files_.fail_sync = true;
  EXPECT_THAT(writer_->Sync(), StatusIs(absl::StatusCode::kUnknown, HasSubstr("could not sync file")));
  files_.fail_sync = false;
  EXPECT_THAT(writer_->Sync(), StatusIs(absl::StatusCode::kUnknown, HasSubstr("could not sync file")));
  EXPECT_THAT(writer_->Append(kInsert), StatusIs(absl::StatusCode::kUnknown, HasSubstr("could not sync file")));
}

}  // namespace
}  // namespace deltamirror::daystream
