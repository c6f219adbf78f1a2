// Which lines of a daystream belong to transactions that a snapshot does not see.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/lab/temp_dir.h"
#include "tests/status_matchers.h"
#include "verify/unseen.h"

namespace deltamirror::verify {
namespace {

using ::deltamirror::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class UnseenTest : public ::testing::Test {
 protected:
  // Fields are separated by blanks here.
  void Append(const std::string& line) {
    absl::StrAppend(&log_, "_c\t5\t_s\t", seq_++, "\t", absl::StrReplaceAll(line, {{" ", "\t"}}), "\n");
  }
  void Insert(int xid, int lsn, const std::string& key, const std::string& table = "t") {
    Append(absl::StrCat("_table ", table, " _xid ", xid, " _lsn 0/", lsn, " _action insert a ", key));
  }
  void End(int xid, int lsn, const std::string& action = "commit") {
    Append(absl::StrCat("_xid ", xid, " _lsn 0/", lsn, " _action ", action));
  }

  // The keys, and "." for each end of a transaction.
  absl::StatusOr<std::vector<std::string>> Read(const std::string& table = "t") {
    lab::WriteFile(dir_.File("log"), log_);
    UnseenRange range;
    range.source = dir_.File("log");
    range.start = {0, 0};
    range.snapshot = {.xmin = 10, .xmax = 20, .running = {10, 15}, .end_lsn = 0x100};
    range.tables = {{"public", "t", until_}, {"s", "t", until_}};
    absl::StatusOr<Unseen> unseen = Unseen::Read(range, nullptr);
    if (!unseen.ok()) return unseen.status();
    std::vector<std::string> keys;
    const absl::Status status =
        unseen->ForEach("public", table, [&keys](const deltaflood::Record& record) -> absl::Status {
          keys.emplace_back(record.action == deltaflood::Action::kCommit ? "." : record.columns[0].value);
          return absl::OkStatus();
        });
    if (!status.ok()) return status;
    return keys;
  }

  lab::TempDir dir_;
  std::string log_;
  int seq_ = 0;
  daystream::Position until_ = {9, 0};
};

TEST_F(UnseenTest, HasTransactionsThatRanOrHadNotBegun) {
  Insert(9, 10, "old");
  End(9, 10);
  Insert(10, 20, "ran");
  End(10, 20);
  Insert(12, 30, "seen");
  End(12, 30);
  Insert(15, 40, "ran-too");
  End(15, 40);
  Insert(20, 50, "later");
  End(20, 50);
  EXPECT_THAT(*Read(), ElementsAre("ran", ".", "ran-too", ".", "later", "."));
}

TEST_F(UnseenTest, HasEverythingFromTheSnapshotsLsnOn) {
  Insert(12, 99, "below");
  End(12, 99);
  // An id that was given again after 2^32 others.
  Insert(12, 100, "above");
  End(12, 100);
  EXPECT_THAT(*Read(), ElementsAre("above", "."));
}

TEST_F(UnseenTest, HasNoOtherTables) {
  Insert(20, 50, "x", "other");
  Insert(20, 50, "y");
  Append("_table t _schema s _xid 20 _lsn 0/50 _action insert a z");
  End(20, 50);
  Insert(21, 60, "x", "other");
  End(21, 60);
  EXPECT_THAT(*Read(), ElementsAre("y", "."));
}

TEST_F(UnseenTest, HasNeitherWhatWasRolledBackNorWhatCameAgain) {
  Insert(20, 50, "half");
  End(20, 50, "rollback");
  Insert(20, 50, "whole");
  End(20, 50);
  Insert(20, 50, "again");
  End(20, 50);
  Insert(21, 60, "next");
  End(21, 60);
  EXPECT_THAT(*Read(), ElementsAre("whole", ".", "next", "."));
}

TEST_F(UnseenTest, EndsWithTheMirror) {
  Insert(20, 50, "x");
  End(20, 50);
  until_ = {5, seq_ - 1};
  Insert(21, 60, "y");
  End(21, 60);
  EXPECT_THAT(*Read(), ElementsAre("x", "."));
  until_ = {4, 0};
  EXPECT_THAT(*Read(), IsEmpty());
}

TEST_F(UnseenTest, AStreamWithoutEndsOfTransactionsIsRefused) {
  Append("_table t _xid 20 _action insert a x");
  EXPECT_THAT(Read().status(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                        HasSubstr("expected one that deltastream writes from a slot, at offset 0")));
}

// More than is kept in memory.
TEST_F(UnseenTest, KeepsLargeTransactions) {
  for (int i = 0; i < 100000; ++i) Insert(20, 50, absl::StrCat(std::string(60, 'x'), i));
  End(20, 50);
  const auto keys = Read();
  ASSERT_EQ(keys->size(), 100001);
  EXPECT_EQ((*keys)[99999], std::string(60, 'x') + "99999");
}

}  // namespace
}  // namespace deltamirror::verify
