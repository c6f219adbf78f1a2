// The apply rules: what each action does to the rows.

#include <string>
#include <vector>

#include "tests/mirror_fixture.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

class MirroredTableTest : public MirrorTest {
 protected:
  void SetUp() override {
    host_.Exec("CREATE TABLE zzz (a PRIMARY KEY, b, c); INSERT INTO zzz VALUES ('x','1','p'), ('y','2','q')");
  }
  // Twice: the second time must change nothing.
  void FeedTwice(const std::vector<std::string>& lines) {
    Feed(lines);
    const std::string once = Zzz();
    Feed(lines);
    EXPECT_EQ(Zzz(), once) << "fed a second time";
  }
  // The same in transactions of ours, which hold whole ones of the source.
  void FeedAtOnceTwice(const std::vector<std::string>& lines) {
    FeedAtOnce(lines);
    const std::string once = Zzz();
    FeedAtOnce(lines);
    EXPECT_EQ(Zzz(), once) << "fed a second time";
  }
};

TEST_F(MirroredTableTest, InsertAddsARow) {
  MakeMirror();
  FeedTwice({"_table zzz _action insert a z b 3 c r"});
  EXPECT_EQ(Zzz(), "x,1,p|y,2,q|z,3,r");
}

TEST_F(MirroredTableTest, InsertOfARowThatIsThereTakesItsPlace) {
  MakeMirror();
  FeedTwice({"_table zzz _action insert a x b 9"});
  // The original leaves NULLs out: what an insert does not bring is NULL.
  EXPECT_EQ(Zzz(), "x,9,NULL|y,2,q");
}

TEST_F(MirroredTableTest, OnConflictErrorRefusesTheInsert) {
  MakeMirror("on_conflict='error'");
  EXPECT_THAT(FeedError("_c 5 _s 1 _table zzz _action insert a x b 9 c n"),
              HasSubstr("m: could not apply insert to table \"zzz\" with key (a=x) at position (5, 1): "));
  EXPECT_THAT(FeedError("_table zzz _action insert a x b 9 c n"), HasSubstr("UNIQUE constraint failed: zzz.a"));
  EXPECT_EQ(Zzz(), "x,1,p|y,2,q");
}

TEST_F(MirroredTableTest, OnConflictIgnoreKeepsTheOldRowAndCounts) {
  MakeMirror("on_conflict='ignore'");
  Feed({"_table zzz _action insert a x b 9 c n", "_table zzz _action insert a z b 9 c n"});
  EXPECT_EQ(Zzz(), "x,1,p|y,2,q|z,9,n");
  EXPECT_EQ(Status("inserts, skipped"), "1,1");
}

TEST_F(MirroredTableTest, ARowInTheWayInAnotherUniqueIndexGoes) {
  host_.Exec("CREATE UNIQUE INDEX u ON zzz (b)");
  MakeMirror();
  FeedTwice({"_table zzz _action insert a z b 2 c r", "_table zzz _action update a z b 1 c r"});
  EXPECT_EQ(Zzz(), "z,1,r");
}

TEST_F(MirroredTableTest, UpdateSetsWhatCame) {
  MakeMirror();
  FeedTwice({"_table zzz _action update a x b 9 c n", "_table zzz _action update a y c only"});
  EXPECT_EQ(Zzz(), "x,9,n|y,2,only");
}

TEST_F(MirroredTableTest, NullIsSetAndAbsentIsLeftAlone) {
  MakeMirror();
  FeedTwice({"_table zzz _action update a x b \\N", "_table zzz _action update a y c \\N"});
  EXPECT_EQ(Zzz(), "x,NULL,p|y,2,NULL");
}

TEST_F(MirroredTableTest, ACompleteUpdateOfAMissingRowInsertsIt) {
  MakeMirror();
  FeedTwice({"_table zzz _action update a z b 3 c r"});
  EXPECT_EQ(Zzz(), "x,1,p|y,2,q|z,3,r");
  EXPECT_EQ(Status("updates, skipped"), "2,0");
}

TEST_F(MirroredTableTest, APartialUpdateOfAMissingRowIsAnError) {
  MakeMirror();
  EXPECT_EQ(
      FeedError("_c 5 _s 1 _table zzz _action update a z b 3"),
      "m: could not apply update to table \"zzz\" with key (a=z) at position (5, 1): the row is not there, and the "
      "line does not bring all columns, so it cannot be inserted. on_missing='ignore' would pass over "
      "it. Bootstrap the table again: SELECT "
      "deltamirror_bootstrap('m', 'CONNINFO', '\"zzz\"', '{\"again\":true}')");
}

TEST_F(MirroredTableTest, OnMissingErrorRefusesUpdatesAndDeletes) {
  MakeMirror("on_missing='error'");
  EXPECT_EQ(
      FeedError("_table zzz _action update a z b 3 c r"),
      "m: could not apply update to table \"zzz\" with key (a=z): the row is not there. on_missing='ignore' would pass "
      "over it. Bootstrap the table again: SELECT "
      "deltamirror_bootstrap('m', 'CONNINFO', '\"zzz\"', '{\"again\":true}')");
  EXPECT_EQ(
      FeedError("_table zzz _action delete a z"),
      "m: could not apply delete to table \"zzz\" with key (a=z): the row is not there. on_missing='ignore' would pass "
      "over it. Bootstrap the table again: SELECT "
      "deltamirror_bootstrap('m', 'CONNINFO', '\"zzz\"', '{\"again\":true}')");
}

TEST_F(MirroredTableTest, OnMissingIgnoreSkipsAndCounts) {
  MakeMirror("on_missing='ignore'");
  Feed({"_table zzz _action update a z b 3 c r", "_table zzz _action update a z b 3", "_table zzz _action delete a z",
        "_table zzz _action delete a x"});
  EXPECT_EQ(Zzz(), "y,2,q");
  EXPECT_EQ(Status("updates, deletes, skipped"), "0,1,3");
}

TEST_F(MirroredTableTest, DeleteRemovesTheRow) {
  MakeMirror();
  FeedTwice({"_table zzz _action delete a x"});
  EXPECT_EQ(Zzz(), "y,2,q");
}

TEST_F(MirroredTableTest, TruncateEmptiesTheTable) {
  MakeMirror();
  FeedTwice({"_table zzz _action truncate", "_table zzz _action insert a n b 1 c 1"});
  EXPECT_EQ(Zzz(), "n,1,1");
  EXPECT_EQ(Status("truncates"), "2");
}

TEST_F(MirroredTableTest, ATruncatedPartitionCannotBeFollowed) {
  MakeMirror();
  EXPECT_EQ(FeedError("_table zzz _partition zzz_1 _action truncate"),
            "m: could not apply truncate to table \"zzz\": partition \"zzz_1\" was truncated alone, and which rows "
            "were in it cannot be told here. Bootstrap the table again: SELECT "
            "deltamirror_bootstrap('m', 'CONNINFO', '\"zzz\"', '{\"again\":true}')");
}

TEST_F(MirroredTableTest, ReplaceMovesTheKeyAndKeepsWhatDidNotCome) {
  MakeMirror();
  Feed({"_table zzz _xid 1 _action replace a x", "_table zzz _xid 1 _action update a z b 9"});
  EXPECT_EQ(Zzz(), "y,2,q|z,9,p");
  EXPECT_EQ(Status("updates"), "1");
}

TEST_F(MirroredTableTest, ReplaceOfAMissingRowInsertsTheNewOne) {
  MakeMirror();
  FeedTwice({"_table zzz _xid 1 _action replace a x", "_table zzz _xid 1 _action update a z b 9 c n"});
  EXPECT_EQ(Zzz(), "y,2,q|z,9,n");
}

TEST_F(MirroredTableTest, ReplaceWithAllOldColumnsFindsTheRowByItsKey) {
  MakeMirror();
  FeedTwice({"_table zzz _xid 1 _action replace a x b stale c stale", "_table zzz _xid 1 _action update a x b 9 c n"});
  EXPECT_EQ(Zzz(), "x,9,n|y,2,q");
}

TEST_F(MirroredTableTest, ReplaceMustBeFollowedByItsUpdate) {
  MakeMirror();
  Feed({"_table zzz _xid 1 _action replace a x"});
  EXPECT_EQ(
      FeedError("_table zzz _xid 1 _action delete a y"),
      "m: could not apply delete to table \"zzz\" with key (a=y): expected the update that follows the replace of "
      "row (a=x), got delete");
}

TEST_F(MirroredTableTest, KeysCanBeSwapped) {
  MakeMirror();
  const std::vector<std::string> swap = {
      "_table zzz _xid 1 _action replace a x", "_table zzz _xid 1 _action update a y b 1 c p",
      "_table zzz _xid 1 _action replace a y", "_table zzz _xid 1 _action update a x b 2 c q",
      "_table zzz _xid 2 _action insert a z b 0 c 0"};
  FeedAtOnceTwice(swap);
  EXPECT_EQ(Zzz(), "x,2,q|y,1,p|z,0,0");
}

TEST_F(MirroredTableTest, SwappedKeysKeepTheColumnsThatDidNotCome) {
  MakeMirror();
  FeedAtOnce({"_table zzz _xid 1 _action replace a x", "_table zzz _xid 1 _action update a y b 1",
              "_table zzz _xid 1 _action replace a y", "_table zzz _xid 1 _action update a x b 2",
              "_table zzz _xid 2 _action delete a nothing"});
  EXPECT_EQ(Zzz(), "x,2,q|y,1,p");
}

TEST_F(MirroredTableTest, AWholeColumnOfKeysCanMoveByOne) {
  host_.Exec("CREATE TABLE n (id INTEGER PRIMARY KEY, v); INSERT INTO n VALUES (1,'a'), (2,'b'), (3,'c')");
  MakeMirror();
  std::vector<std::string> lines;
  for (int id = 1; id <= 3; ++id) {
    lines.push_back(absl::StrCat("_table n _xid 1 _action replace id ", id));
    lines.push_back(absl::StrCat("_table n _xid 1 _action update id ", id + 1, " v ", std::string(1, 'a' + id - 1)));
  }
  lines.push_back("_table zzz _xid 2 _action delete a nothing");
  FeedAtOnce(lines);
  EXPECT_EQ(Table("n"), "2,a|3,b|4,c");
}

TEST_F(MirroredTableTest, ADeletedRowMakesRoomForTheOneThatMoved) {
  MakeMirror();
  FeedAtOnce({"_table zzz _xid 1 _action replace a x", "_table zzz _xid 1 _action update a y b 7 c 7",
              "_table zzz _xid 1 _action delete a y", "_table zzz _xid 2 _action delete a nothing"});
  EXPECT_EQ(Zzz(), "y,7,7");
}

TEST_F(MirroredTableTest, WithoutAKeyOneOfEqualRowsIsTaken) {
  host_.Exec("CREATE TABLE k (a, b); INSERT INTO k VALUES ('1','d'), ('1','d'), ('2',NULL), ('2',NULL), ('3','e')");
  MakeMirror();
  Feed({"_table k _xid 1 _action delete a 1 b d", "_table k _xid 1 _action replace a 2 b \\N",
        "_table k _xid 1 _action update a 2 b new", "_table k _xid 1 _action insert a 3 b e"});
  EXPECT_EQ(Table("k"), "1,d|2,NULL|2,new|3,e|3,e");
}

TEST_F(MirroredTableTest, WithoutAKeyAnUpdateNeedsTheOldRow) {
  host_.Exec("CREATE TABLE k (a, b)");
  MakeMirror();
  EXPECT_THAT(
      FeedError("_table k _xid 1 _action update a 1 b d"),
      HasSubstr("the line does not tell which row of table \"k\" it is for. The table needs a primary key here, "
                "or ALTER TABLE ... REPLICA IDENTITY FULL in PostgreSQL"));
}

TEST_F(MirroredTableTest, AnErrorShowsSomeOfALongRow) {
  host_.Exec("CREATE TABLE k (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10)");
  MakeMirror("on_missing='error'");
  const std::string value = std::string(59, 'x') + "é";
  EXPECT_THAT(FeedError("_table k _action delete c1 " + value + " c2 2 c3 3 c4 4 c5 5 c6 6 c7 7 c8 \\N c9 9 c10 10"),
              HasSubstr("with key (c1=" + std::string(59, 'x') +
                        "\xEF\xBF\xBD..., c2=2, c3=3, c4=4, c5=5, c6=6, c7=7, c8=NULL, and 2 columns more): "));
}

TEST_F(MirroredTableTest, ALineWithoutItsKeyIsAnError) {
  MakeMirror();
  EXPECT_THAT(FeedError("_table zzz _action delete b 1"), HasSubstr("key column \"a\" is missing"));
  EXPECT_THAT(FeedError("_table zzz _action delete"), HasSubstr("key column \"a\" is missing"));
  EXPECT_THAT(FeedError("_table zzz _action update b 1"), HasSubstr("key column \"a\" is missing"));
}

TEST_F(MirroredTableTest, UnknownAndRepeatedColumnsAreErrors) {
  MakeMirror();
  EXPECT_EQ(FeedError("_table zzz _action insert a z d 1"),
            "m: could not apply insert to table \"zzz\" with key (a=z): table \"zzz\" has no column \"d\"");
  EXPECT_THAT(FeedError("_table zzz _action insert a z a 1"),
              HasSubstr("column \"a\" of table \"zzz\" stands twice in the line"));
}

TEST_F(MirroredTableTest, KeysOfSeveralColumnsAndWithoutRowid) {
  host_.Exec("CREATE TABLE w (a, b, c, PRIMARY KEY (b, a)) WITHOUT ROWID; INSERT INTO w VALUES ('1','2','3')");
  MakeMirror();
  Feed({"_table w _xid 1 _action insert a 1 b 3 c n", "_table w _xid 1 _action update a 1 b 2 c u",
        "_table w _xid 1 _action replace a 1 b 3", "_table w _xid 1 _action update a 5 b 3 c m"});
  EXPECT_EQ(Table("w"), "1,2,u|5,3,m");
}

TEST_F(MirroredTableTest, ATableOfNothingButItsKey) {
  host_.Exec("CREATE TABLE o (a PRIMARY KEY)");
  MakeMirror();
  for (int round = 0; round < 2; ++round) {
    Feed({"_table o _xid 1 _action insert a 1", "_table o _xid 1 _action update a 1",
          "_table o _xid 1 _action update a 2"});
    EXPECT_EQ(Table("o"), "1|2");
  }
}

TEST_F(MirroredTableTest, ColumnsTakeTheirAffinity) {
  host_.Exec("CREATE TABLE n (id INTEGER PRIMARY KEY, r REAL, t TEXT)");
  MakeMirror();
  Feed({"_table n _action insert id 7 r 2.5 t 007"});
  EXPECT_EQ(host_.Query("SELECT typeof(id), typeof(r), typeof(t), t FROM n"),
            (lab::Rows{{"integer", "real", "text", "007"}}));
  Feed({"_table n _action delete id 7"});
  EXPECT_EQ(Table("n"), "");
}

TEST_F(MirroredTableTest, GeneratedColumnsAreComputedHere) {
  host_.Exec("CREATE TABLE g (a PRIMARY KEY, b, c AS (b || '!') STORED)");
  MakeMirror();
  Feed({"_table g _action insert a 1 b x c x!", "_table g _action update a 1 b y c y!"});
  EXPECT_EQ(Table("g"), "1,y,y!");
}

TEST_F(MirroredTableTest, AnAlteredTableIsNoticed) {
  MakeMirror();
  Feed({"_table zzz _action insert a z b 3 c r"});
  host_.Exec("ALTER TABLE zzz RENAME COLUMN c TO d");
  Feed({"_table zzz _action insert a z b 3 d s"});
  EXPECT_EQ(Zzz(), "x,1,p|y,2,q|z,3,s");
}

TEST_F(MirroredTableTest, ViewsAreNotTables) {
  host_.Exec("CREATE VIEW v AS SELECT 1 AS a");
  MakeMirror();
  EXPECT_THAT(FeedError("_table v _action insert a z"), HasSubstr("\"v\" is a view, expected an ordinary table"));
}

}  // namespace
}  // namespace deltamirror
