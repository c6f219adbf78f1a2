// Lines inside the caller's transactions: savepoints, held transactions, rollbacks.

#include <string>
#include <vector>

#include "tests/mirror_fixture.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

class SessionTest : public MirrorTest {
 protected:
  void SetUp() override {
    host_.Exec("CREATE TABLE zzz (a PRIMARY KEY, b)");
    MakeMirror();
  }
  // A transaction of our own stream, at second `clock`, that inserts the keys.
  static std::vector<std::string> Transaction(int clock, const std::vector<std::string>& keys,
                                              const std::string& end = "commit") {
    std::vector<std::string> lines;
    int seq = 0;
    for (const std::string& key : keys) {
      lines.push_back(absl::StrCat("_c ", clock, " _s ", seq++, " _table zzz _xid ", clock, " _lsn 0/", clock,
                                   " _action insert a ", key, " b ", clock));
    }
    if (!end.empty()) {
      lines.push_back(absl::StrCat("_c ", clock, " _s ", seq, " _xid ", clock, " _lsn 0/", clock,
                                   end == "commit" ? " _time 1507507200000000" : "", " _action ", end));
    }
    return lines;
  }
  // Tells the mirror that its stream has commit lines.
  void ShowCommits() { Feed(Transaction(1, {})); }
};

TEST_F(SessionTest, RowsAndPositionRollBackTogether) {
  host_.Exec("BEGIN");
  Feed({"_c 5 _s 1 _table zzz _xid 1 _action insert a x b 1"});
  EXPECT_EQ(Status("inserts, seq"), "1,1");
  host_.Exec("ROLLBACK");
  EXPECT_EQ(Zzz(), "");
  EXPECT_EQ(host_.Value("SELECT count(*) FROM m"), "0");
  Feed({"_c 5 _s 1 _table zzz _xid 1 _action insert a x b 2"});
  EXPECT_EQ(Zzz(), "x,2");
  EXPECT_EQ(Status("inserts, seq"), "1,1");
}

TEST_F(SessionTest, RollbackToGoesBackToTheSavepoint) {
  host_.Exec("BEGIN");
  Feed({"_c 5 _s 1 _table zzz _xid 1 _action insert a x b 1"});
  host_.Exec("SAVEPOINT one");
  Feed({"_c 5 _s 2 _table zzz _xid 2 _action insert a y b 1"});
  host_.Exec("SAVEPOINT two");
  Feed({"_c 5 _s 3 _table zzz _xid 3 _action insert a z b 1"});
  host_.Exec("ROLLBACK TO two");
  EXPECT_EQ(Zzz(), "x,1|y,1");
  EXPECT_EQ(Status("inserts, seq"), "2,2");
  Feed({"_c 5 _s 3 _table zzz _xid 3 _action insert a z b 2"});
  host_.Exec("ROLLBACK TO one");
  EXPECT_EQ(Status("inserts, seq"), "1,1");
  Feed({"_c 5 _s 2 _table zzz _xid 2 _action insert a y b 3"});
  host_.Exec("RELEASE one; COMMIT");
  EXPECT_EQ(Zzz(), "x,1|y,3");
  EXPECT_EQ(Status("inserts, seq"), "2,2");
}

TEST_F(SessionTest, ASavepointFromBeforeTheFirstLine) {
  host_.Exec("SAVEPOINT one; SAVEPOINT two");
  Feed({"_c 5 _s 1 _table zzz _xid 1 _action insert a x b 1"});
  host_.Exec("ROLLBACK TO one");
  EXPECT_EQ(Zzz(), "");
  Feed({"_c 5 _s 1 _table zzz _xid 1 _action insert a x b 2"});
  host_.Exec("RELEASE one");
  EXPECT_EQ(Zzz(), "x,2");
  EXPECT_EQ(Status("inserts, seq"), "1,1");
}

TEST_F(SessionTest, AFailedInsertSelectLeavesNothing) {
  host_.Exec("BEGIN");
  Feed({"_c 5 _s 1 _table zzz _xid 1 _action insert a x b 1"});
  EXPECT_THAT(host_.Error(InsertAll({"_c 5 _s 2 _table zzz _xid 2 _action insert a y b 1",
                                     "_c 5 _s 3 _table zzz _xid 2 _action insert nope y"})),
              HasSubstr("has no column \"nope\""));
  EXPECT_EQ(Zzz(), "x,1");
  EXPECT_EQ(Status("inserts, seq"), "1,1");
  Feed({"_c 5 _s 2 _table zzz _xid 2 _action insert a y b 2"});
  host_.Exec("COMMIT");
  EXPECT_EQ(Zzz(), "x,1|y,2");
}

TEST_F(SessionTest, AReplaceSurvivesTheCommitBeforeItsUpdate) {
  Feed({"_c 5 _s 1 _table zzz _xid 1 _action insert a x b 1", "_c 5 _s 2 _table zzz _xid 2 _action replace a x"});
  // Half a change is not taken as done.
  EXPECT_EQ(Status("seq"), "1");
  Feed({"_c 5 _s 3 _table zzz _xid 2 _action update a y b 1"});
  EXPECT_EQ(Zzz(), "y,1");
  EXPECT_EQ(Status("seq"), "3");
}

TEST_F(SessionTest, AReplaceSurvivesARollbackToBehindIt) {
  host_.Exec("BEGIN");
  Feed({"_c 5 _s 1 _table zzz _xid 1 _action insert a x b 1", "_c 5 _s 2 _table zzz _xid 2 _action replace a x"});
  host_.Exec("SAVEPOINT one");
  Feed({"_c 5 _s 3 _table zzz _xid 2 _action update a y b 1"});
  host_.Exec("ROLLBACK TO one");
  EXPECT_EQ(Zzz(), "x,1");
  Feed({"_c 5 _s 3 _table zzz _xid 2 _action update a z b 1"});
  host_.Exec("COMMIT");
  EXPECT_EQ(Zzz(), "z,1");
}

TEST_F(SessionTest, ATransactionIsHeldUntilItsCommitLine) {
  ShowCommits();
  std::vector<std::string> lines = Transaction(5, {"x", "y"});
  const std::string commit = lines.back();
  lines.pop_back();
  Feed(lines);
  EXPECT_EQ(Zzz(), "");
  Feed({commit});
  EXPECT_EQ(Zzz(), "x,5|y,5");
  EXPECT_EQ(Status("inserts, clock, seq, lsn, commit_time"), "2,5,2,0/5,2017-10-09 00:00:00.000000+00:00");
}

TEST_F(SessionTest, ARelationLineShowsThatThereAreCommitLines) {
  Feed(
      {"_c 5 _s 0 _table zzz _xid 5 _lsn 0/5 _relid 1 _identity default _action relation a "
       "{\"attnum\":1,\"type\":\"text\",\"oid\":25,\"pk\":1,\"key\":1,\"not_null\":true} b "
       "{\"attnum\":2,\"type\":\"text\",\"oid\":25}",
       "_c 5 _s 1 _table zzz _xid 5 _lsn 0/5 _action insert a x b 1"});
  EXPECT_EQ(Zzz(), "");
  Feed({"_c 5 _s 2 _xid 5 _lsn 0/5 _action commit"});
  EXPECT_EQ(Zzz(), "x,1");
}

TEST_F(SessionTest, ARolledBackTransactionIsDropped) {
  ShowCommits();
  Feed(Transaction(5, {"x", "y"}, "rollback"));
  EXPECT_EQ(Zzz(), "");
  Feed(Transaction(6, {"z"}));
  EXPECT_EQ(Zzz(), "z,6");
  EXPECT_EQ(Status("inserts, clock"), "1,6");
}

TEST_F(SessionTest, ThePlainTableCannotUndo) {
  host_.Exec(InsertInto("daystream_apply", "_table zzz _xid 5 _action insert a x b 1"));
  EXPECT_EQ(host_.Error(InsertInto("daystream_apply", "_xid 5 _lsn 0/5 _action rollback")),
            "daystream_apply: cannot undo a transaction that was rolled back: its lines were applied at once. Use a "
            "mirror, made with CREATE VIRTUAL TABLE m USING daystream_apply(...), which waits for the end of each "
            "transaction");
  host_.Exec(InsertInto("daystream_apply", "_xid 6 _lsn 0/6 _action commit"));
}

TEST_F(SessionTest, AResentTransactionIsDropped) {
  ShowCommits();
  Feed(Transaction(5, {"x"}));
  host_.Exec("DELETE FROM zzz");
  Feed({"_c 7 _s 0 _table zzz _xid 5 _lsn 0/5 _action insert a x b 5", "_c 7 _s 1 _xid 5 _lsn 0/5 _action commit"});
  EXPECT_EQ(Zzz(), "");
  EXPECT_EQ(Status("inserts, clock, seq, lsn"), "1,7,1,0/5");
}

TEST_F(SessionTest, HeldLinesSurviveTheCallersCommit) {
  ShowCommits();
  const std::vector<std::string> lines = Transaction(5, {"x", "y"});
  Feed({lines[0]});
  // Nothing of it is stored: who comes back later begins before it.
  EXPECT_EQ(host_.Query("SELECT clock, seq FROM m_state"), (lab::Rows{{"1", "0"}}));
  Feed({lines[0], lines[1], lines[2]});
  EXPECT_EQ(Zzz(), "x,5|y,5");
  EXPECT_EQ(Status("inserts"), "2");
}

TEST_F(SessionTest, HeldLinesFollowRollbackTo) {
  ShowCommits();
  const std::vector<std::string> lines = Transaction(5, {"x", "y"});
  host_.Exec("BEGIN");
  Feed({lines[0]});
  host_.Exec("SAVEPOINT one");
  Feed({lines[1], lines[2]});
  EXPECT_EQ(Zzz(), "x,5|y,5");
  host_.Exec("ROLLBACK TO one");
  EXPECT_EQ(Zzz(), "");
  Feed({"_c 5 _s 1 _table zzz _xid 5 _lsn 0/5 _action insert a other b 5", lines[2]});
  host_.Exec("COMMIT");
  EXPECT_EQ(Zzz(), "other,5|x,5");
}

TEST_F(SessionTest, HeldLinesFollowRollback) {
  ShowCommits();
  const std::vector<std::string> lines = Transaction(5, {"x", "y"});
  Feed({lines[0]});
  host_.Exec("BEGIN");
  Feed({lines[1], lines[2]});
  FeedAtOnce(Transaction(6, {"z"}));
  EXPECT_EQ(Zzz(), "x,5|y,5|z,6");
  host_.Exec("ROLLBACK");
  EXPECT_EQ(Zzz(), "");
  Feed({lines[1], lines[2]});
  EXPECT_EQ(Zzz(), "x,5|y,5");
}

TEST_F(SessionTest, HeldLinesSurviveAChangeOfTheSchema) {
  ShowCommits();
  const std::vector<std::string> lines = Transaction(5, {"x", "y"});
  Feed({lines[0]});
  host_.Exec("CREATE TABLE other (x); ALTER TABLE zzz ADD COLUMN c");
  Feed({lines[1], lines[2]});
  EXPECT_EQ(Zzz(), "x,5,NULL|y,5,NULL");
}

TEST_F(SessionTest, ALargeTransactionIsHeldInAFile) {
  ShowCommits();
  constexpr int kRows = 60000;
  // Some 24 MB of lines.
  host_.Exec(absl::StrCat("BEGIN; WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ", kRows - 1,
                          ") INSERT INTO m(line) SELECT replace(format('_c 5 _s %d _table zzz _xid 5 _lsn 0/5 _action "
                          "insert a %d b %s', i, i, hex(zeroblob(150))), ' ', char(9)) FROM n"));
  EXPECT_EQ(host_.Value("SELECT count(*) FROM zzz"), "0");
  host_.Exec(
      absl::StrCat("COMMIT; ", InsertInto("m", absl::StrCat("_c 5 _s ", kRows, " _xid 5 _lsn 0/5 _action commit"))));
  EXPECT_EQ(host_.Value("SELECT count(*) FROM zzz"), absl::StrCat(kRows));
  EXPECT_EQ(host_.Value("SELECT min(length(b)) FROM zzz"), "300");
  EXPECT_EQ(Status("inserts, seq"), absl::StrCat(kRows, ",", kRows));
}

TEST_F(SessionTest, ATransactionThatFailsHalfWayCannotBeCommitted) {
  ShowCommits();
  host_.Exec("BEGIN; INSERT INTO zzz VALUES ('own', 1)");
  Feed({"_c 5 _s 0 _table zzz _xid 5 _lsn 0/5 _action insert a x b 1",
        "_c 5 _s 1 _table zzz _xid 5 _lsn 0/5 _action insert nope x"});
  const std::string commit = "_c 5 _s 2 _xid 5 _lsn 0/5 _action commit";
  EXPECT_EQ(FeedError(commit),
            "m: could not apply insert to table \"zzz\" with key () at position (5, 1): table \"zzz\" has no column "
            "\"nope\"");
  EXPECT_THAT(FeedError(commit), HasSubstr("m: the transaction must be rolled back: an earlier line failed half way"));
  EXPECT_THAT(host_.Error("COMMIT"), HasSubstr("m: cannot commit: a line failed half way"));
  EXPECT_EQ(Zzz(), "");
  // (b) After that the mirror goes on as before.
  Feed(Transaction(6, {"z"}));
}

TEST_F(SessionTest, AFailedTransactionCanBeUndoneToASavepoint) {
  ShowCommits();
  host_.Exec("BEGIN; INSERT INTO zzz VALUES ('own', 1); SAVEPOINT one");
  Feed({"_c 5 _s 0 _table zzz _xid 5 _lsn 0/5 _action insert a x b 1",
        "_c 5 _s 1 _table zzz _xid 5 _lsn 0/5 _action insert nope x"});
  FeedError("_c 5 _s 2 _xid 5 _lsn 0/5 _action commit");
  host_.Exec("ROLLBACK TO one; COMMIT");
  EXPECT_EQ(Zzz(), "own,1");
}

TEST_F(SessionTest, EveryBatchTwiceChangesNothing) {
  ShowCommits();
  const std::vector<std::string> lines = Transaction(5, {"x", "y", "z"});
  for (int round = 0; round < 2; ++round) {
    for (const std::string& line : lines) Feed({line});
    FeedAtOnce(lines);
    EXPECT_EQ(Zzz(), "x,5|y,5|z,5");
    EXPECT_EQ(Status("inserts, seq"), "3,3");
  }
}

TEST_F(SessionTest, AnotherConnectionsProgressIsSeen) {
  host_.Exec("BEGIN");
  host_.Exec("COMMIT");
  Feed({"_c 5 _s 1 _table zzz _xid 1 _action insert a x b 1"});
  // Set back from outside, as a bootstrap of one more table does it.
  host_.Exec("UPDATE m_state SET clock = 4, seq = 0, generation = generation + 1");
  Feed({"_c 5 _s 1 _table zzz _xid 1 _action insert a x b 2"});
  EXPECT_EQ(Zzz(), "x,2");
}

}  // namespace
}  // namespace deltamirror
