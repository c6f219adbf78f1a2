// The table daystream_apply: its arguments, its face, positions, and the samples of the slides.

#include <string>
#include <vector>

#include "tests/lab/temp_dir.h"
#include "tests/mirror_fixture.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

// Page 6 of the slides.
const std::vector<std::string> kPage6 = {
    "_table zzz _xid 88628916 _action delete a fox61",
    "_table zzz _xid 88628916 _action replace a fox49",
    "_table zzz _xid 88628916 _action update a fox61 b hen62",
    "_table zzz _xid 88628917 _action update a fox17 b hen60",
    "_table zzz _xid 88628918 _action insert a fox62 b hen17",
    "_table zzz _xid 88628919 _action update a fox99 b hen38",
    "_table zzz _xid 88628920 _action delete a fox54",
    "_table zzz _xid 88628920 _action replace a fox11",
    "_table zzz _xid 88628920 _action update a fox54 b hen93",
    "_table zzz _xid 88628921 _action update a fox24 b hen78",
    "_table zzz _xid 88628922 _action update a fox68 b hen76",
    "_table zzz _xid 88628923 _action update a fox83 b hen51",
};

// Page 9 of the slides.
const std::vector<std::string> kPage9 = {
    "_c 1507507200 _s 0 _table zzz _xid 88628908 _action update a fox47 b hen30",
    "_c 1507507200 _s 1 _table zzz _xid 88628909 _action update a fox97 b hen11",
    "_c 1507507200 _s 2 _table zzz _xid 88628910 _action update a fox47 b hen95",
    "_c 1507507200 _s 3 _table zzz _xid 88628911 _action update a fox97 b hen38",
    "_c 1507507200 _s 4 _table zzz _xid 88628912 _action update a fox15 b hen51",
    "_c 1507507200 _s 5 _table zzz _xid 88628913 _action update a fox7 b hen94",
    "_c 1507507200 _s 6 _table zzz _xid 88628914 _action delete a fox70",
    "_c 1507507200 _s 7 _table zzz _xid 88628915 _action update a fox53 b hen83",
    "_c 1507507200 _s 8 _table zzz _xid 88628916 _action delete a fox61",
    "_c 1507507200 _s 9 _table zzz _xid 88628916 _action replace a fox49",
    "_c 1507507200 _s 10 _table zzz _xid 88628916 _action update a fox61 b hen62",
    "_c 1507507200 _s 11 _table zzz _xid 88628917 _action update a fox17 b hen60",
    "_c 1507507200 _s 12 _table zzz _xid 88628918 _action insert a fox62 b hen17",
    "_c 1507507200 _s 13 _table zzz _xid 88628919 _action update a fox99 b hen38",
    "_c 1507507200 _s 14 _table zzz _xid 88628920 _action delete a fox54",
    "_c 1507507200 _s 15 _table zzz _xid 88628920 _action replace a fox11",
    "_c 1507507200 _s 16 _table zzz _xid 88628920 _action update a fox54 b hen93",
    "_c 1507507200 _s 17 _table zzz _xid 88628921 _action update a fox24 b hen78",
    "_c 1507507201 _s 0 _table zzz _xid 88628922 _action update a fox68 b hen76",
    "_c 1507507201 _s 1 _table zzz _xid 88628923 _action update a fox83 b hen51",
};

constexpr char kPage6Rows[] =
    "fox17,hen60|fox24,hen78|fox54,hen93|fox61,hen62|fox62,hen17|fox68,hen76|fox83,hen51|fox99,hen38|stay,put";
constexpr char kPage9Rows[] =
    "fox15,hen51|fox17,hen60|fox24,hen78|fox47,hen95|fox53,hen83|fox54,hen93|fox61,hen62|fox62,hen17|fox68,hen76|"
    "fox7,hen94|fox83,hen51|fox97,hen38|fox99,hen38|stay,put";

class DaystreamApplyTest : public MirrorTest {
 protected:
  void MakeZzz() {
    host_.Exec(
        "CREATE TABLE zzz (a PRIMARY KEY, b);"
        "INSERT INTO zzz VALUES ('fox61','old'), ('fox49','hen49'), ('fox54','x'), ('fox11','y'), ('stay','put'),"
        "                       ('fox70','gone'), ('fox17','hen17')");
  }
};

TEST_F(DaystreamApplyTest, Page6LeavesWhatTheActionsSayTwiceOver) {
  MakeZzz();
  host_.Exec("DELETE FROM zzz WHERE a = 'fox70'");
  MakeMirror();
  for (int round = 0; round < 2; ++round) {
    FeedAtOnce(kPage6);
    EXPECT_EQ(Zzz(), kPage6Rows);
  }
}

TEST_F(DaystreamApplyTest, Page6ThroughThePlainTable) {
  MakeZzz();
  host_.Exec("DELETE FROM zzz WHERE a = 'fox70'");
  for (int round = 0; round < 2; ++round) {
    for (const std::string& line : kPage6) host_.Exec(InsertInto("daystream_apply", line));
    EXPECT_EQ(Zzz(), kPage6Rows);
  }
}

TEST_F(DaystreamApplyTest, Page9LeavesWhatTheActionsSayTwiceOver) {
  MakeZzz();
  MakeMirror();
  FeedAtOnce(kPage9);
  EXPECT_EQ(Zzz(), kPage9Rows);
  EXPECT_EQ(Status("inserts, updates, deletes, truncates, skipped, clock, seq, state, last_error"),
            "1,14,3,0,0,1507507201,1,live,NULL");
  Feed(kPage9);
  EXPECT_EQ(Zzz(), kPage9Rows);
  // The second time all of it lay behind the position.
  EXPECT_EQ(Status("inserts, updates, deletes"), "1,14,3");
}

TEST_F(DaystreamApplyTest, Page9ThroughThePlainTableTwiceOver) {
  MakeZzz();
  for (int round = 0; round < 2; ++round) {
    for (const std::string& line : kPage9) host_.Exec(InsertInto("daystream_apply", line));
    EXPECT_EQ(Zzz(), kPage9Rows);
  }
  EXPECT_EQ(host_.Value("SELECT count(*) FROM daystream_apply"), "0");
}

TEST_F(DaystreamApplyTest, PositionIsKeptAcrossConnections) {
  lab::TempDir dir;
  const std::string file = dir.File("cache.db");
  {
    lab::Host host(file);
    host.Exec("CREATE TABLE zzz (a PRIMARY KEY, b); CREATE VIRTUAL TABLE m USING daystream_apply()");
    host.Exec(InsertInto("m", "_c 5 _s 7 _table zzz _xid 1 _action insert a x b 1"));
  }
  lab::Host host(file);
  host.Exec(InsertInto("m", "_c 5 _s 7 _table zzz _xid 1 _action insert a x b 2"));
  host.Exec(InsertInto("m", "_c 5 _s 6 _table zzz _xid 1 _action insert a x b 3"));
  EXPECT_EQ(host.Query("SELECT * FROM zzz"), (lab::Rows{{"x", "1"}}));
  host.Exec(InsertInto("m", "_c 5 _s 8 _table zzz _xid 2 _action update a x b 4"));
  EXPECT_EQ(host.Query("SELECT * FROM zzz"), (lab::Rows{{"x", "4"}}));
  EXPECT_EQ(host.Query("SELECT inserts, updates, clock, seq FROM m"), (lab::Rows{{"1", "1", "5", "8"}}));
}

TEST_F(DaystreamApplyTest, LinesWithoutPositionAreAppliedAndMoveNothing) {
  MakeZzz();
  MakeMirror();
  Feed({"_table zzz _xid 1 _action insert a new b 1"});
  EXPECT_EQ(Status("inserts, clock, seq"), "1,NULL,NULL");
}

TEST_F(DaystreamApplyTest, ArgumentsAreChecked) {
  const std::string make = "CREATE VIRTUAL TABLE m USING daystream_apply";
  EXPECT_EQ(host_.Error(make + "(sorce='/x')"),
            "daystream_apply: unknown argument \"sorce\" with value \"/x\", expected one of \"source\", \"tables\", "
            "\"schema\", \"on_conflict\", \"on_missing\", \"on_ddl\", \"on_error\"");
  EXPECT_EQ(host_.Error(make + "(on_ddl='never')"),
            "daystream_apply: invalid value \"never\" for argument \"on_ddl\", expected one of \"follow\", \"keep\", "
            "\"stop\"");
  EXPECT_EQ(host_.Error(make + "('/x')"),
            "daystream_apply: invalid argument \"'/x'\", expected name=value, like source='/var/lib/daystream'");
  EXPECT_EQ(host_.Error(make + "(source='/x', source='/y')"), "daystream_apply: argument \"source\" was given twice");
  EXPECT_EQ(
      host_.Error(make + "(schema='aux')"),
      "daystream_apply: invalid value \"aux\" for argument \"schema\", expected the name of an attached database");
  EXPECT_THAT(host_.Error(make + "(tables='a,,b')"), HasSubstr("daystream_apply: "));
  EXPECT_THAT(host_.Error(make + "(source='nats://x/y')"), HasSubstr("daystream_apply: "));
  EXPECT_EQ(host_.Value("SELECT count(*) FROM sqlite_master"), "0");
}

TEST_F(DaystreamApplyTest, OnlyLinesCanBeInserted) {
  MakeZzz();
  MakeMirror();
  Feed({"_table zzz _xid 1 _action insert a new b 1"});
  EXPECT_EQ(host_.Error("DELETE FROM m"), "m: rows cannot be deleted. DROP TABLE ends the mirror and keeps its tables");
  EXPECT_EQ(host_.Error("UPDATE m SET inserts = 0"),
            "m: only the column \"state\" can be updated: the others show the state of the mirror");
  EXPECT_EQ(host_.Error("INSERT INTO m(inserts) VALUES (1)"),
            "m: only the column \"line\" can be inserted: INSERT INTO ...(line) VALUES (...)");
  EXPECT_EQ(host_.Error("INSERT INTO m(line) VALUES (NULL)"),
            "m: expected a line of a daystream in column \"line\", got NULL");
}

TEST_F(DaystreamApplyTest, ALineThatIsNoRecordIsAnError) {
  MakeMirror();
  EXPECT_EQ(FeedError("nonsense"),
            "m: cannot read the line \"nonsense\": expected key-value pairs separated by tabs, got 1 field");
  EXPECT_EQ(
      host_.Error(InsertInto("daystream_apply", "_table zzz _action")),
      "daystream_apply: cannot read the line \"_table\tzzz\t_action\": expected key-value pairs separated by tabs, "
      "got 3 fields");
}

TEST_F(DaystreamApplyTest, UnknownTableIsAnErrorThatSaysWhatToDo) {
  MakeMirror();
  EXPECT_EQ(FeedError("_c 5 _s 1 _table zzz _xid 1 _action insert a x"),
            "m: could not apply insert to table \"zzz\" at position (5, 1): table \"zzz\" does not exist in database "
            "\"main\". Bootstrap it, or name the tables that the mirror takes in its argument \"tables\"");
  EXPECT_EQ(host_.Error(InsertInto("daystream_apply", "_table zzz _xid 1 _action insert a x")),
            "daystream_apply: could not apply insert to table \"zzz\": table \"zzz\" does not exist in database "
            "\"main\". Create it first");
}

TEST_F(DaystreamApplyTest, TablesThatWereNotAskedForArePassedOver) {
  MakeZzz();
  host_.Exec("CREATE TABLE yyy (a PRIMARY KEY)");
  MakeMirror("tables='yyy'");
  Feed({"_table zzz _xid 1 _action delete a stay", "_table nowhere _xid 1 _action insert a x",
        "_table yyy _xid 1 _action insert a x"});
  EXPECT_EQ(host_.Value("SELECT count(*) FROM zzz WHERE a = 'stay'"), "1");
  EXPECT_EQ(Status("\"table\", inserts, skipped"), "yyy,1,0");
}

TEST_F(DaystreamApplyTest, OtherSchemasAreTablesWithBothNames) {
  host_.Exec("CREATE TABLE zzz (a PRIMARY KEY); CREATE TABLE \"ops.zzz\" (a PRIMARY KEY)");
  MakeMirror();
  Feed({"_table zzz _schema ops _xid 1 _action insert a ours", "_table zzz _xid 1 _action insert a public",
        "_table zzz _qualified_table ops.zzz _xid 1 _action insert a legacy",
        "_table zzz _qualified_table \"ops\".zzz _xid 1 _action insert a quoted"});
  EXPECT_EQ(Zzz(), "public");
  EXPECT_EQ(host_.Query("SELECT * FROM \"ops.zzz\" ORDER BY 1"), (lab::Rows{{"legacy"}, {"ours"}, {"quoted"}}));
  EXPECT_EQ(host_.Query("SELECT \"table\", inserts FROM m"), (lab::Rows{{"ops.zzz", "3"}, {"zzz", "1"}}));
}

TEST_F(DaystreamApplyTest, WritesToAnAttachedDatabase) {
  host_.Exec("ATTACH ':memory:' AS aux; CREATE TABLE aux.zzz (a PRIMARY KEY); CREATE TABLE zzz (a PRIMARY KEY)");
  MakeMirror("schema='aux'");
  Feed({"_table zzz _xid 1 _action insert a x"});
  EXPECT_EQ(Table("aux.zzz"), "x");
  EXPECT_EQ(Table("main.zzz"), "");
  host_.Exec("CREATE VIRTUAL TABLE aux.n USING daystream_apply()");
  host_.Exec(InsertInto("aux.n", "_table zzz _xid 1 _action insert a y"));
  EXPECT_EQ(Table("aux.zzz"), "x|y");
  EXPECT_EQ(host_.Query("SELECT mirror, \"table\", inserts FROM deltamirror_status ORDER BY 1"),
            (lab::Rows{{"aux.n", "zzz", "1"}, {"m", "zzz", "1"}}));
}

TEST_F(DaystreamApplyTest, TwoMirrorsGoTheirOwnWays) {
  host_.Exec("CREATE TABLE zzz (a PRIMARY KEY, b); CREATE TABLE yyy (a PRIMARY KEY, b)");
  MakeMirror("tables='zzz'");
  host_.Exec("CREATE VIRTUAL TABLE n USING daystream_apply(tables='yyy')");
  const std::string line = "_c 5 _s 1 _table zzz _xid 1 _action insert a x b 1";
  const std::string other = "_c 5 _s 2 _table yyy _xid 1 _action insert a x b 1";
  host_.Exec(absl::StrCat("BEGIN;", InsertInto("m", line), ";", InsertInto("n", line), ";", InsertInto("m", other), ";",
                          InsertInto("n", other), "; COMMIT"));
  EXPECT_EQ(Zzz(), "x,1");
  EXPECT_EQ(Table("yyy"), "x,1");
  EXPECT_EQ(host_.Query("SELECT mirror, \"table\", inserts, seq FROM deltamirror_status ORDER BY 1"),
            (lab::Rows{{"m", "zzz", "1", "2"}, {"n", "yyy", "1", "2"}}));
}

TEST_F(DaystreamApplyTest, DropTableEndsTheMirrorAndKeepsItsTables) {
  MakeZzz();
  MakeMirror();
  Feed({"_table zzz _xid 1 _action insert a new b 1"});
  host_.Exec("DROP TABLE m");
  EXPECT_EQ(host_.Value("SELECT group_concat(name) FROM sqlite_master WHERE type = 'table'"), "zzz");
  MakeMirror();
  EXPECT_EQ(host_.Value("SELECT count(*) FROM m"), "0");
}

TEST_F(DaystreamApplyTest, CanBeRenamed) {
  MakeZzz();
  MakeMirror();
  Feed({"_c 5 _s 1 _table zzz _xid 1 _action insert a new b 1"});
  host_.Exec("ALTER TABLE m RENAME TO n");
  host_.Exec(InsertInto("n", "_c 5 _s 1 _table zzz _xid 1 _action insert a new b 2"));
  host_.Exec(InsertInto("n", "_c 5 _s 2 _table zzz _xid 2 _action insert a next b 2"));
  EXPECT_EQ(host_.Query("SELECT inserts, seq FROM n"), (lab::Rows{{"2", "2"}}));
}

TEST_F(DaystreamApplyTest, MayNotBeUsedFromASchema) {
  MakeZzz();
  MakeMirror();
  host_.Exec("CREATE TABLE t (x); CREATE VIEW v AS SELECT * FROM m; CREATE VIEW w AS SELECT * FROM daystream_apply");
  EXPECT_THAT(host_.Error("SELECT * FROM v"), HasSubstr("unsafe use of virtual table \"m\""));
  EXPECT_THAT(host_.Error("SELECT * FROM w"), HasSubstr("unsafe use of virtual table \"daystream_apply\""));
  host_.Exec("CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO m(line) VALUES (new.x); END");
  EXPECT_THAT(host_.Error("INSERT INTO t VALUES ('x')"), HasSubstr("unsafe use of virtual table \"m\""));
}

TEST_F(DaystreamApplyTest, ShadowTablesAreProtectedInDefensiveMode) {
  MakeZzz();
  MakeMirror();
  sqlite3_db_config(host_.db(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  EXPECT_THAT(host_.Error("UPDATE m_state SET clock = 9"), HasSubstr("may not be modified"));
  Feed({"_c 5 _s 1 _table zzz _xid 1 _action insert a new b 1"});
  EXPECT_EQ(Status("inserts, clock"), "1,5");
  host_.Exec("DROP TABLE m");
}

}  // namespace
}  // namespace deltamirror
