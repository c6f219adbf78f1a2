// Changes of a table that come one after the other are made by one statement: that must not show.

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

TEST_F(RowRunTest, ARefusalInTheMiddleOfManyRowsIsNamed) {
  host_.Exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b CHECK (b <> 'no'))");
  MakeMirror();
  std::vector<std::string> rows;
  for (int i = 1; i <= 900; ++i) rows.push_back(absl::StrCat("a ", i, " b ", i == 450 ? "no" : "yes"));
  EXPECT_THAT(host_.Error(Transaction("t", rows)), HasSubstr("with key (a=450): "));
  EXPECT_EQ(Table("t"), "");
}

TEST_F(RowRunTest, LargeValuesAreWrittenInSeveralRuns) {
  host_.Exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b)");
  MakeMirror();
  std::vector<std::string> rows;
  for (int i = 1; i <= 9; ++i) rows.push_back(absl::StrCat("a ", i, " b ", std::string(200000, 'x')));
  Apply("t", rows);
  EXPECT_EQ(host_.Query("SELECT count(*), sum(length(b)) FROM t"), (lab::Rows{{"9", "1800000"}}));
}

// Lines with a shape, so that the key is known to be an integer.
constexpr char kShape[] =
    "_table t _xid 1 _relid 7 _identity default _action relation a "
    "{\"attnum\":1,\"type\":\"integer\",\"oid\":23,\"pk\":1,\"key\":1,\"not_null\":true} b "
    "{\"attnum\":2,\"type\":\"text\",\"oid\":25}";

class MixedRunTest : public RowRunTest {
 protected:
  // A transaction of changes like "insert a 1 b x", behind the table's shape.
  static std::string Mixed(const std::vector<std::string>& changes) {
    std::vector<std::string> lines = {kShape};
    for (const std::string& change : changes) lines.push_back(absl::StrCat("_table t _xid 1 _action ", change));
    lines.push_back("_xid 1 _lsn 0/1 _action commit");
    return InsertAll(lines);
  }
};

TEST_F(MixedRunTest, ChangesOfAllKindsHaveTheirOrder) {
  host_.Exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (7, 'old'), (8, 'old'), (9, 'old')");
  MakeMirror();
  host_.Exec(Mixed({"insert a 1 b x", "insert a 2 b x", "update a 1 b y", "delete a 2", "insert a 3 b x", "delete a 7",
                    "update a 8 b new", "delete a 1", "insert a 1 b again", "insert a 4 b x", "delete a 4",
                    "insert a 7 b back", "update a 7 b twice", "delete a 9"}));
  EXPECT_EQ(Table("t"), "1,again|3,x|7,twice|8,new");
  EXPECT_EQ(Status("inserts, updates, deletes"), "6,3,5");
}

// Against the same changes one by one, and twice: the second time nothing may change.
TEST_F(MixedRunTest, AnyMixtureEndsAsOneByOneAndTwiceChangesNothing) {
  uint64_t seed = 1;
  const auto random = [&seed](uint64_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
  };
  host_.Exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); CREATE TABLE one (a INTEGER PRIMARY KEY, b TEXT)");
  MakeMirror();
  std::vector<bool> there(40);
  for (int round = 0; round < 30; ++round) {
    std::vector<std::string> changes;
    for (int i = 0; i < 60; ++i) {
      const uint64_t key = random(there.size());
      const std::string row = absl::StrCat(" a ", key, " b r", round, "i", i);
      const std::string values = absl::StrCat("(", key, ", 'r", round, "i", i, "')");
      if (there[key] && random(2) == 0) {
        changes.push_back(absl::StrCat("delete a ", key));
        host_.Exec(absl::StrCat("DELETE FROM one WHERE a = ", key));
        there[key] = false;
      } else {
        changes.push_back((there[key] ? "update" : "insert") + row);
        host_.Exec("REPLACE INTO one VALUES " + values);
        there[key] = true;
      }
    }
    for (int time = 0; time < 2; ++time) {
      host_.Exec(Mixed(changes));
      ASSERT_EQ(Table("t"), Table("one")) << "round " << round << ", time " << time;
      // A new mirror, to which the same transaction is no resent one.
      host_.Exec("DROP TABLE m");
      MakeMirror();
    }
  }
}

TEST_F(MixedRunTest, AnUpdateOfSomeColumnsLeavesTheOthers) {
  host_.Exec(
      "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c); INSERT INTO t VALUES (1, 'x', 'own'), (2, 'x', 'own')");
  MakeMirror();
  host_.Exec(Mixed({"insert a 3 b x", "insert a 4 b x", "update a 1 b y", "update a 2 b y", "update a 3",
                    "update a 4 b z", "delete a 2"}));
  EXPECT_EQ(Table("t"), "1,y,own|3,x,NULL|4,z,NULL");
}

TEST_F(MixedRunTest, AColumnOfTheUsersOwnMayBeNotNull) {
  host_.Exec(
      "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c NOT NULL); "
      "INSERT INTO t VALUES (1, 'x', 1), (2, 'x', 2), (3, 'x', 3), (4, 'x', 4)");
  MakeMirror();
  host_.Exec(Mixed({"update a 1 b y", "update a 2 b y", "update a 3 b y", "delete a 4", "update a 1 b z"}));
  EXPECT_EQ(Table("t"), "1,z,1|2,y,2|3,y,3");
}

TEST_F(MixedRunTest, ATriggerSeesEachChangeAsItWas) {
  host_.Exec(
      "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); CREATE TABLE log (what TEXT);"
      "CREATE TRIGGER i AFTER INSERT ON t BEGIN INSERT INTO log VALUES ('i' || new.a); END;"
      "CREATE TRIGGER u AFTER UPDATE ON t BEGIN INSERT INTO log VALUES ('u' || new.a); END;"
      "CREATE TRIGGER d AFTER DELETE ON t BEGIN INSERT INTO log VALUES ('d' || old.a); END");
  MakeMirror();
  host_.Exec(Mixed({"insert a 1 b x", "insert a 2 b x", "insert a 3 b x", "insert a 4 b x", "update a 1 b y",
                    "update a 2 b y", "delete a 3", "update a 4 b y", "update a 1 b z", "delete a 4"}));
  EXPECT_EQ(host_.Query("SELECT group_concat(what, ' ') FROM log"), (lab::Rows{{"i1 i2 i3 i4 u1 u2 d3 u4 u1 d4"}}));
}

TEST_F(MixedRunTest, ATriggerThatComesLaterIsNoticed) {
  host_.Exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)");
  MakeMirror();
  host_.Exec(Mixed({"insert a 1 b x", "insert a 2 b x", "insert a 3 b x", "insert a 4 b x"}));
  host_.Exec(
      "CREATE TEMP TABLE log (what TEXT);"
      "CREATE TEMP TRIGGER u AFTER UPDATE ON main.t BEGIN INSERT INTO log VALUES ('u' || new.a); END;"
      "CREATE TEMP TRIGGER b BEFORE INSERT ON main.t BEGIN INSERT INTO log VALUES ('b' || new.a); END");
  std::vector<std::string> lines;
  for (int a = 1; a <= 4; ++a) lines.push_back(absl::StrCat("_table t _xid 2 _action update a ", a, " b y"));
  lines.push_back("_xid 2 _lsn 0/2 _action commit");
  host_.Exec(InsertAll(lines));
  EXPECT_EQ(host_.Query("SELECT group_concat(what, ' ') FROM log"), (lab::Rows{{"u1 u2 u3 u4"}}));
}

TEST_F(MixedRunTest, APartialUniqueIndexSeesTheChangesInOrder) {
  host_.Exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); CREATE UNIQUE INDEX one_x ON t (b) WHERE b = 'x'");
  MakeMirror();
  host_.Exec(
      Mixed({"insert a 1 b x", "update a 1 b y", "insert a 2 b x", "delete a 2", "insert a 3 b x", "insert a 4 b y"}));
  EXPECT_EQ(Table("t"), "1,y|3,x|4,y");
}

TEST_F(MixedRunTest, AForeignKeySeesTheChangesInOrder) {
  host_.Exec(
      "PRAGMA foreign_keys = ON; CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);"
      "CREATE TABLE u (a INTEGER PRIMARY KEY, t INTEGER REFERENCES t ON DELETE CASCADE)");
  MakeMirror();
  std::vector<std::string> lines = {kShape};
  for (int a = 1; a <= 5; ++a) {
    lines.push_back(absl::StrCat("_table t _xid 1 _action insert a ", a, " b x"));
    lines.push_back(absl::StrCat("_table u _xid 1 _action insert a ", a, " t ", a));
  }
  for (int a = 1; a <= 4; ++a) {
    lines.push_back(absl::StrCat("_table u _xid 1 _action update a ", a, " t 5"));
    lines.push_back(absl::StrCat("_table t _xid 1 _action delete a ", a));
  }
  lines.push_back("_xid 1 _lsn 0/1 _action commit");
  FeedAtOnce(lines);
  EXPECT_EQ(Table("u"), "1,5|2,5|3,5|4,5|5,5");
}

TEST_F(MixedRunTest, KeysThatAreTheSameToSqliteAloneKeepTheirOrder) {
  host_.Exec("CREATE TABLE t (a TEXT PRIMARY KEY COLLATE NOCASE, b)");
  MakeMirror();
  FeedAtOnce({"_table t _xid 1 _action insert a X b 1", "_table t _xid 1 _action insert a y b 1",
              "_table t _xid 1 _action delete a X", "_table t _xid 1 _action insert a x b 2",
              "_table t _xid 1 _action insert a z b 2", "_table t _xid 1 _action insert a w b 2",
              "_xid 1 _lsn 0/1 _action commit"});
  EXPECT_EQ(Table("t"), "w,2|x,2|y,1|z,2");
}

TEST_F(MixedRunTest, AKeyOfTwoColumnsIsDeletedByBoth) {
  host_.Exec("CREATE TABLE t (a INTEGER, b TEXT, c, PRIMARY KEY (a, b)) WITHOUT ROWID");
  MakeMirror();
  std::vector<std::string> lines;
  for (int a = 1; a <= 3; ++a) {
    for (const char* b : {"x", "y"})
      lines.push_back(absl::StrCat("_table t _xid 1 _action insert a ", a, " b ", b, " c 1"));
  }
  for (const char* key : {"a 1 b y", "a 2 b x", "b y a 3", "a 9 b x"}) {
    lines.push_back(absl::StrCat("_table t _xid 1 _action delete ", key));
  }
  lines.push_back("_xid 1 _lsn 0/1 _action commit");
  FeedAtOnce(lines);
  EXPECT_EQ(Table("t"), "1,x,1|2,y,1|3,x,1");
}

TEST_F(MixedRunTest, TheChangeThatFailsIsNamedWhateverWaitsWithIt) {
  host_.Exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT CHECK (b <> 'no'))");
  MakeMirror();
  EXPECT_THAT(
      host_.Error(Mixed({"insert a 1 b x", "insert a 2 b x", "delete a 9", "update a 2 b no", "insert a 3 b x"})),
      AllOf(HasSubstr("could not apply update to table \"t\" with key (a=2)"), EndsWith(": b <> 'no'")));
  EXPECT_EQ(Table("t"), "");
}

TEST_F(MixedRunTest, StatisticsOfASmallTableDoNotSlowDeletesDown) {
  host_.Exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x'); ANALYZE");
  MakeMirror();
  std::vector<std::string> changes;
  for (int a = 1; a <= 500; ++a) changes.push_back(absl::StrCat("insert a ", a, " b x"));
  for (int a = 1; a <= 499; ++a) changes.push_back(absl::StrCat("delete a ", a));
  host_.Exec(Mixed(changes));
  EXPECT_EQ(Table("t"), "500,x");
}

}  // namespace
}  // namespace deltamirror
