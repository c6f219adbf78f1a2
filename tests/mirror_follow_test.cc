// Tables that follow a change of their shape in PostgreSQL.

#include <string>
#include <vector>

#include "tests/mirror_fixture.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

class FollowTest : public MirrorTest {
 protected:
  // A column as a relation line describes it.
  struct Column {
    std::string name;
    int attnum;
    std::string type = "text";
    int oid = 25;
    std::string more;
  };
  static Column Key(const std::string& name, int attnum) {
    return {name, attnum, "text", 25, ",\"pk\":1,\"key\":1,\"not_null\":true"};
  }

  // One transaction: the shape, and lines without their position and transaction.
  std::vector<std::string> Relation(const std::string& table, int relid, const std::vector<Column>& columns,
                                    const std::vector<std::string>& lines = {}) {
    ++clock_;
    std::string relation = absl::StrCat("_c ", clock_, " _s 0 _table ", table, " _xid ", clock_, " _lsn 0/", clock_,
                                        " _relid ", relid, " _identity default _action relation");
    for (const Column& column : columns) {
      absl::StrAppend(&relation, " ", column.name, " {\"attnum\":", column.attnum, ",\"type\":\"", column.type,
                      "\",\"oid\":", column.oid, column.more, "}");
    }
    std::vector<std::string> all = {relation};
    for (const std::string& line : lines) {
      all.push_back(absl::StrCat("_c ", clock_, " _s ", all.size(), " _table ", table, " _xid ", clock_, " _lsn 0/",
                                 clock_, " ", line));
    }
    all.push_back(
        absl::StrCat("_c ", clock_, " _s ", all.size(), " _xid ", clock_, " _lsn 0/", clock_, " _action commit"));
    return all;
  }
  void FeedRelation(const std::string& table, int relid, const std::vector<Column>& columns,
                    const std::vector<std::string>& lines = {}) {
    FeedAtOnce(Relation(table, relid, columns, lines));
  }
  std::string FeedRelationError(const std::string& table, int relid, const std::vector<Column>& columns) {
    return host_.Error(InsertAll(Relation(table, relid, columns)));
  }
  std::string Columns(const std::string& table) {
    return host_.Value(
        absl::StrCat("SELECT group_concat(trim(name || ' ' || type), ', ') FROM pragma_table_info('", table, "')"));
  }
  // Table t (a key, b) with a row, known to the mirror.
  void MakeT(const std::string& arguments = "") {
    host_.Exec("CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT); INSERT INTO t VALUES ('old', 'row')");
    MakeMirror(arguments);
    FeedRelation("t", 10, {Key("a", 1), {"b", 2}});
  }

  int clock_ = 0;
};

TEST_F(FollowTest, TheSameShapeAgainChangesNothing) {
  MakeT();
  FeedRelation("t", 10, {Key("a", 1), {"b", 2}}, {"_action insert a x b 1"});
  EXPECT_EQ(Table("t"), "old,row|x,1");
}

TEST_F(FollowTest, AnAddedColumnComesWithTheValueOfOldRows) {
  MakeT();
  FeedRelation("t", 10, {Key("a", 1), {"b", 2}, {"c", 3, "integer", 23, ",\"missing\":\"5\""}, {"d", 4, "boolean", 16}},
               {"_action insert a x b 1 c 6 d t"});
  EXPECT_EQ(Columns("t"), "a TEXT, b TEXT, c INTEGER, d INTEGER");
  EXPECT_EQ(Table("t"), "old,row,5,NULL|x,1,6,1");
}

TEST_F(FollowTest, ADroppedColumnGoes) {
  MakeT();
  FeedRelation("t", 10, {Key("a", 1)}, {"_action insert a x"});
  EXPECT_EQ(Columns("t"), "a TEXT");
  EXPECT_EQ(Table("t"), "old|x");
}

TEST_F(FollowTest, OnDdlKeepKeepsADroppedColumn) {
  MakeT("on_ddl='keep'");
  FeedRelation("t", 10, {Key("a", 1), {"c", 3}}, {"_action insert a x c 1", "_action update a old c 2"});
  EXPECT_EQ(Columns("t"), "a TEXT, b TEXT, c TEXT");
  EXPECT_EQ(Table("t"), "old,row,2|x,NULL,1");
}

TEST_F(FollowTest, AColumnDroppedAndAddedUnderTheSameNameIsAnotherOne) {
  MakeT();
  FeedRelation("t", 10, {Key("a", 1), {"b", 3, "integer", 23}}, {"_action insert a x b 1"});
  EXPECT_EQ(Columns("t"), "a TEXT, b INTEGER");
  EXPECT_EQ(Table("t"), "old,NULL|x,1");
}

TEST_F(FollowTest, ARenamedColumnIsRenamed) {
  MakeT();
  FeedRelation("t", 10, {Key("k", 1), {"c", 2}}, {"_action update k old c new"});
  EXPECT_EQ(Columns("t"), "k TEXT, c TEXT");
  EXPECT_EQ(Table("t"), "old,new");
}

TEST_F(FollowTest, ColumnsCanSwapTheirNames) {
  host_.Exec("CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT, c TEXT); INSERT INTO t VALUES ('old', 'was b', 'was c')");
  MakeMirror();
  FeedRelation("t", 10, {Key("a", 1), {"b", 2}, {"c", 3}});
  FeedRelation("t", 10, {Key("a", 1), {"c", 2}, {"b", 3}});
  EXPECT_EQ(host_.Query("SELECT a, b, c FROM t"), (lab::Rows{{"old", "was c", "was b"}}));
}

TEST_F(FollowTest, ARenamedTableIsRenamed) {
  MakeT();
  FeedRelation("u", 10, {Key("a", 1), {"b", 2}}, {"_action insert a x b 1"});
  EXPECT_EQ(Table("u"), "old,row|x,1");
  EXPECT_EQ(Status("\"table\", inserts"), "u,1");
}

TEST_F(FollowTest, AChangedTypeRewrites) {
  host_.Exec("CREATE TABLE t (a TEXT PRIMARY KEY, b INTEGER, c TEXT); INSERT INTO t VALUES ('old', 7, 'c')");
  MakeMirror();
  FeedRelation("t", 10, {Key("a", 1), {"b", 2, "integer", 23}, {"c", 3}});
  // PostgreSQL sends the rows again.
  std::vector<std::string> lines =
      Relation("t", 10, {Key("a", 1), {"b", 2, "float8", 701}, {"c", 3}}, {"_action insert a new b 0.5 c d"});
  lines.insert(lines.begin(), "_c 1 _s 9 _table t _xid 2 _lsn 0/2 _action truncate");
  FeedAtOnce(lines);
  EXPECT_EQ(host_.Query("SELECT a, b, typeof(b), c FROM t"), (lab::Rows{{"new", "0.5", "real", "d"}}));
}

TEST_F(FollowTest, AChangedTypeWithoutItsRowsIsAnError) {
  host_.Exec("CREATE TABLE t (a TEXT PRIMARY KEY, b INTEGER); INSERT INTO t VALUES ('old', 7)");
  MakeMirror();
  FeedRelation("t", 10, {Key("a", 1), {"b", 2, "integer", 23}});
  EXPECT_THAT(
      FeedRelationError("t", 10, {Key("a", 1), {"b", 2, "text", 25}}),
      HasSubstr("column \"b\" of table \"t\" has type \"text\" now, not \"integer\" any more, and the stream did "
                "not bring its values anew, which cannot be followed. Bootstrap the table again: SELECT "
                "deltamirror_bootstrap('m', 'CONNINFO', '\"t\"', '{\"again\":true}')"));
  EXPECT_EQ(Table("t"), "old,7");
}

TEST_F(FollowTest, ATypeWithTheSameMappingNeedsNothing) {
  host_.Exec("CREATE TABLE t (a TEXT PRIMARY KEY, b INTEGER)");
  MakeMirror();
  FeedRelation("t", 10, {Key("a", 1), {"b", 2, "integer", 23}});
  FeedRelation("t", 10, {Key("a", 1), {"b", 2, "bigint", 20}}, {"_action insert a x b 9223372036854775807"});
  EXPECT_EQ(Table("t"), "x,9223372036854775807");
}

TEST_F(FollowTest, NotNullThatWasDroppedIsDroppedHere) {
  host_.Exec("CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT NOT NULL); INSERT INTO t VALUES ('old', 'row')");
  MakeMirror();
  FeedRelation("t", 10, {Key("a", 1), {"b", 2, "text", 25, ",\"not_null\":true"}});
  FeedRelation("t", 10, {Key("a", 1), {"b", 2}}, {"_action insert a x b \\N"});
  EXPECT_EQ(Table("t"), "old,row|x,NULL");
}

TEST_F(FollowTest, ValuesAreDecodedByTheirType) {
  host_.Exec("CREATE TABLE t (a TEXT PRIMARY KEY, flag INTEGER, bytes BLOB, at TEXT)");
  MakeMirror();
  FeedRelation("t", 10,
               {Key("a", 1), {"flag", 2, "boolean", 16}, {"bytes", 3, "bytea", 17}, {"at", 4, "timestamptz", 1184}},
               {"_action insert a x flag t bytes \\\\x0aff at 2026-08-01T12:00:00+00"});
  EXPECT_EQ(host_.Query("SELECT flag, typeof(flag), hex(bytes), typeof(bytes) FROM t"),
            (lab::Rows{{"1", "integer", "0AFF", "blob"}}));
}

TEST_F(FollowTest, AValueThatDoesNotDecodeIsAnError) {
  host_.Exec("CREATE TABLE t (a TEXT PRIMARY KEY, flag INTEGER)");
  MakeMirror();
  EXPECT_THAT(
      host_.Error(
          InsertAll(Relation("t", 10, {Key("a", 1), {"flag", 2, "boolean", 16}}, {"_action insert a x flag perhaps"}))),
      HasSubstr("m: could not apply insert to table \"t\" with key (a=x) at position (1, 1): column \"flag\": "));
}

TEST_F(FollowTest, OnDdlStopSaysWhatToRun) {
  MakeT("on_ddl='stop'");
  const std::vector<Column> after = {Key("a", 1), {"b", 2}, {"c", 3, "integer", 23, ",\"missing\":\"5\""}};
  const std::string error = FeedRelationError("t", 10, after);
  EXPECT_THAT(error, HasSubstr("m: could not apply relation to table \"t\" at position (2, 0): table \"t\" changed in "
                               "PostgreSQL, and on_ddl is \"stop\". Run: ALTER TABLE \"main\".\"t\" ADD COLUMN \"c\" "
                               "INTEGER; UPDATE \"main\".\"t\" SET \"c\" = 5"));
  // Once that has been done, the mirror goes on.
  host_.Exec(error.substr(error.find("Run: ") + 5));
  FeedRelation("t", 10, after, {"_action insert a x b 1 c 6"});
  EXPECT_EQ(Table("t"), "old,row,5|x,1,6");
}

// An INSERT feeds the mirror, so a statement runs.
TEST_F(FollowTest, AnotherKeyNeedsAnotherTableWhichSaysWhatToRun) {
  MakeT();
  const std::vector<Column> after = {{"a", 1}, Key("b", 2)};
  const std::string error = FeedRelationError("t", 10, after);
  EXPECT_THAT(
      error,
      HasSubstr("table \"t\" changed in PostgreSQL, and SQLite replaces no table while a statement runs. Run: "));
  host_.Exec(error.substr(error.find("Run: ") + 5));
  FeedRelation("t", 10, after, {"_action update a new b row"});
  EXPECT_EQ(Table("t"), "new,row");
  EXPECT_EQ(host_.Value("SELECT name FROM pragma_table_info('t') WHERE pk = 1"), "b");
}

TEST_F(FollowTest, AnotherTableOfTheSameNameIsNotTakenForIt) {
  MakeT();
  EXPECT_THAT(FeedRelationError("t", 11, {Key("a", 1), {"b", 2}}),
              HasSubstr("it is another table in PostgreSQL now (relid 11, was 10). Bootstrap it again"));
}

TEST_F(FollowTest, AMirrorOfAllTablesFollowsOneThatWasMadeAgain) {
  host_.Exec("CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT); INSERT INTO t VALUES ('old', 'row')");
  MakeMirror("tables='*'");
  FeedRelation("t", 10, {Key("a", 1), {"b", 2}});
  FeedRelation("t", 11, {Key("a", 1), {"c", 2}}, {"_action insert a x c 1"});
  EXPECT_EQ(host_.Query("SELECT a, c FROM t"), (lab::Rows{{"x", "1"}}));
}

TEST_F(FollowTest, AMirrorOfAllTablesMakesNewOnes) {
  MakeMirror("tables='*'");
  FeedRelation("n", 12, {{"id", 1, "integer", 23, ",\"pk\":1,\"key\":1,\"not_null\":true"}, {"v", 2, "numeric", 1700}},
               {"_action insert id 7 v 1.50"});
  EXPECT_EQ(Columns("n"), "id INTEGER, v");
  EXPECT_EQ(Table("n"), "7,1.5");
  EXPECT_THAT(host_.Value("SELECT sql FROM sqlite_master WHERE name = 'n'"), HasSubstr("INTEGER PRIMARY KEY"));
}

TEST_F(FollowTest, AMirrorOfNamedTablesDoesNotMakeThem) {
  MakeMirror("tables='n'");
  EXPECT_THAT(FeedRelationError("n", 12, {Key("a", 1)}), HasSubstr("table \"n\" does not exist in database \"main\""));
  FeedRelation("other", 13, {Key("a", 1)}, {"_action insert a x"});
  EXPECT_EQ(host_.Value("SELECT count(*) FROM m"), "0");
}

TEST_F(FollowTest, ARolledBackChangeIsUndone) {
  MakeT();
  const std::vector<std::string> lines =
      Relation("t", 10, {Key("a", 1), {"b", 2}, {"c", 3}}, {"_action insert a x b 1 c 2"});
  host_.Exec("BEGIN");
  FeedAtOnce(lines);
  EXPECT_EQ(Table("t"), "old,row,NULL|x,1,2");
  host_.Exec("ROLLBACK");
  EXPECT_EQ(Columns("t"), "a TEXT, b TEXT");
  FeedAtOnce(lines);
  EXPECT_EQ(Table("t"), "old,row,NULL|x,1,2");
}

TEST_F(FollowTest, ManyChangesInOneInsert) {
  MakeT();
  std::vector<std::string> lines = Relation("t", 10, {Key("a", 1), {"b", 2}, {"c", 3}}, {"_action insert a x b 1 c 2"});
  for (std::string& line : Relation("t", 10, {Key("a", 1), {"c", 3}}, {"_action insert a y c 2"})) {
    lines.push_back(std::move(line));
  }
  for (std::string& line : Relation("t", 10, {Key("a", 1), {"d", 3}}, {"_action update a y d 3"})) {
    lines.push_back(std::move(line));
  }
  FeedAtOnce(lines);
  EXPECT_EQ(host_.Query("SELECT a, d FROM t ORDER BY 1"), (lab::Rows{{"old", "NULL"}, {"x", "2"}, {"y", "3"}}));
  EXPECT_EQ(Status("inserts, updates, clock"), "2,1,4");
}

}  // namespace
}  // namespace deltamirror
