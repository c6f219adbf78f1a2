// Rows that are inserted one after the other are written by one statement: that must not show.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/mirror_fixture.h"

namespace deltamirror {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RowRunTest : public MirrorTest {
 protected:
  // A transaction with an insert for each row, given as "a x b 1".
  std::string Transaction(const std::string& table, const std::vector<std::string>& rows) {
    std::vector<std::string> lines;
    for (const std::string& row : rows) {
      lines.push_back(absl::StrCat("_table ", table, " _xid ", xid_, " _action insert ", row));
    }
    lines.push_back(absl::StrCat("_xid ", xid_, " _lsn 0/", xid_, " _action commit"));
    ++xid_;
    return InsertAll(lines);
  }
  void Apply(const std::string& table, const std::vector<std::string>& rows) { host_.Exec(Transaction(table, rows)); }

 private:
  int xid_ = 1;
};

TEST_F(RowRunTest, AllRowsAreThereAfterTheStatement) {
  host_.Exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b)");
  MakeMirror();
  std::vector<std::string> rows;
  for (int i = 1; i <= 2500; ++i) rows.push_back(absl::StrCat("a ", i, " b ", i * 2));
  host_.Exec("BEGIN");
  Apply("t", rows);
  EXPECT_EQ(host_.Query("SELECT count(*), sum(a), sum(b) FROM t"), (lab::Rows{{"2500", "3126250", "6252500"}}));
  host_.Exec("COMMIT");
  EXPECT_EQ(Status("inserts"), "2500");
}

TEST_F(RowRunTest, RowsThatAreThereAlreadyAreReplaced) {
  host_.Exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (3, 'old'), (5, 'old'), (9, 'other')");
  MakeMirror();
  Apply("t", {"a 1 b n", "a 2 b n", "a 3 b n", "a 4 b n", "a 5 b n", "a 6 b n"});
  EXPECT_EQ(Table("t"), "1,n|2,n|3,n|4,n|5,n|6,n|9,other");
  EXPECT_EQ(Status("inserts"), "6");
}

TEST_F(RowRunTest, TheSameKeyTwiceLeavesTheLast) {
  host_.Exec("CREATE TABLE t (a TEXT PRIMARY KEY, b)");
  MakeMirror();
  Apply("t", {"a x b 1", "a y b 2", "a x b 3", "a z b 4", "a x b 5"});
  EXPECT_EQ(Table("t"), "x,5|y,2|z,4");
}

TEST_F(RowRunTest, WithoutAKeyEqualRowsAreAllKept) {
  host_.Exec("CREATE TABLE t (a, b)");
  MakeMirror();
  Apply("t", {"a 1 b 1", "a 1 b 1", "a 1 b 1", "a 2 b 2", "a 1 b 1"});
  EXPECT_EQ(Table("t"), "1,1|1,1|1,1|1,1|2,2");
}

TEST_F(RowRunTest, AChangeOfOtherColumnsOrOfAnotherKindComesAfterTheRowsBeforeIt) {
  host_.Exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b, c DEFAULT 'd')");
  MakeMirror();
  FeedAtOnce({"_table t _xid 1 _action insert a 1 b 1", "_table t _xid 1 _action insert a 2 b 1",
              "_table t _xid 1 _action insert a 3 b 1", "_table t _xid 1 _action insert a 4 b 1",
              "_table t _xid 1 _action insert b 2 a 5", "_table t _xid 1 _action insert a 6 b 1 c 7",
              "_table t _xid 1 _action delete a 2", "_table t _xid 1 _action update a 3 b 9",
              "_table t _xid 1 _action insert a 2 b 3", "_xid 1 _lsn 0/1 _action commit"});
  EXPECT_EQ(Table("t"), "1,1,d|2,3,d|3,9,d|4,1,d|5,2,d|6,1,7");
}

TEST_F(RowRunTest, TablesAreWrittenInTheOrderOfTheStream) {
  host_.Exec(
      "CREATE TABLE t (a INTEGER PRIMARY KEY); CREATE TABLE u (a INTEGER PRIMARY KEY, seen);"
      "CREATE TRIGGER u_seen AFTER INSERT ON u BEGIN UPDATE u SET seen = (SELECT count(*) FROM t) WHERE a = new.a; "
      "END");
  MakeMirror();
  std::vector<std::string> lines;
  for (int i = 1; i <= 5; ++i) lines.push_back(absl::StrCat("_table t _xid 1 _action insert a ", i));
  for (int i = 1; i <= 5; ++i) lines.push_back(absl::StrCat("_table u _xid 1 _action insert a ", i));
  for (int i = 6; i <= 9; ++i) lines.push_back(absl::StrCat("_table t _xid 1 _action insert a ", i));
  lines.push_back("_table u _xid 1 _action insert a 6");
  lines.push_back("_xid 1 _lsn 0/1 _action commit");
  FeedAtOnce(lines);
  EXPECT_EQ(Table("u"), "1,5|2,5|3,5|4,5|5,5|6,9");
}

TEST_F(RowRunTest, TheRowThatFailsIsNamedAndNothingStays) {
  host_.Exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b NOT NULL)");
  MakeMirror();
  EXPECT_THAT(host_.Error(Transaction("t", {"a 1 b 1", "a 2 b 1", "a 3 b 1", "a 4 b 1", "a 5 b \\N", "a 6 b 1"})),
              AllOf(StartsWith("m: could not apply insert to table \"t\" with key (a=5): "),
                    EndsWith(": NOT NULL constraint failed: t.b")));
  EXPECT_EQ(Table("t"), "");
}

TEST_F(RowRunTest, ATriggerThatRefusesARowIsQuoted) {
  host_.Exec(
      "CREATE TABLE t (a INTEGER PRIMARY KEY); CREATE TRIGGER no BEFORE INSERT ON t WHEN new.a = 4 "
      "BEGIN SELECT raise(ABORT, 'no fours'); END");
  MakeMirror();
  EXPECT_THAT(host_.Error(Transaction("t", {"a 1", "a 2", "a 3", "a 4", "a 5"})),
              AllOf(StartsWith("m: could not apply insert to table \"t\" with key (a=4): "), EndsWith(": no fours")));
  EXPECT_EQ(Table("t"), "");
}

TEST_F(RowRunTest, AValueThatCannotBeReadIsNamed) {
  MakeMirror("tables='*'");
  std::vector<std::string> lines = {
      "_table t _xid 1 _relid 7 _identity default _action relation a "
      "{\"attnum\":1,\"type\":\"integer\",\"oid\":23,\"pk\":1,\"key\":1,\"not_null\":true}"};
  for (const char* value : {"1", "2", "3", "4", "five", "6"}) {
    lines.push_back(absl::StrCat("_table t _xid 1 _action insert a ", value));
  }
  lines.push_back("_xid 1 _lsn 0/1 _action commit");
  EXPECT_THAT(host_.Error(InsertAll(lines)),
              HasSubstr("could not apply insert to table \"t\" with key (a=five): column \"a\""));
}

TEST_F(RowRunTest, LargeValuesAreWrittenInSeveralRuns) {
  host_.Exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b)");
  MakeMirror();
  std::vector<std::string> rows;
  for (int i = 1; i <= 9; ++i) rows.push_back(absl::StrCat("a ", i, " b ", std::string(200000, 'x')));
  Apply("t", rows);
  EXPECT_EQ(host_.Query("SELECT count(*), sum(length(b)) FROM t"), (lab::Rows{{"9", "1800000"}}));
}

}  // namespace
}  // namespace deltamirror
