// Filters of columns and rows: the first copy, the stream and the comparison have the same part of a table.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class FiltersTest : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete cluster_; }

  void SetUp() override {
    if (GetParam() == "deltaflood") {
      LAB_NEEDS_DELTAFLOOD();
    } else {
      LAB_NEEDS_VERSION(*cluster_, 15, "filters of publications");
    }
  }

  // `filters`: the object's members.
  void Begin(const std::string& tables, const std::string& filters) {
    lab_.Begin(
        absl::StrCat("{\"plugin\":\"", GetParam(), "\",\"tables\":\"", tables, "\",\"filters\":{", filters, "}}"));
  }

  // What the comparison of all tables says that is not equal.
  lab::Rows Differences() {
    return lab_.host.Query(absl::StrCat("SELECT \"table\", details FROM deltamirror_verify('m', ",
                                        lab::Literal(lab_.cluster.conninfo()), ") WHERE NOT equal"));
  }

  void ExpectEqual() {
    lab_.CatchUp();
    EXPECT_EQ(Differences(), lab::Rows());
  }

  std::string Error() {
    lab_.Stream();
    return lab_.host.Error("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')");
  }

  static inline lab::Cluster* cluster_ = nullptr;
  lab::MirrorLab lab_{cluster_};
};

TEST_P(FiltersTest, RowsComeAndGo) {
  lab_.cluster.Exec(
      "CREATE TABLE flights (id int PRIMARY KEY, gate text, price int); ALTER TABLE flights REPLICA IDENTITY FULL;"
      "CREATE TABLE other (id int PRIMARY KEY, v text); INSERT INTO other VALUES (1, 'whole');"
      "INSERT INTO flights VALUES (1, 'A', 50), (2, 'B', 150), (3, 'C', NULL), (4, 'D', 400)");
  Begin("flights,other", R"("flights":{"where":"price > 100"})");
  EXPECT_EQ(lab_.Bootstrap("*"), "3");
  EXPECT_EQ(lab_.host.Query("SELECT id, gate FROM flights ORDER BY 1"), (lab::Rows{{"2", "B"}, {"4", "D"}}));
  ExpectEqual();
  lab_.cluster.Exec("UPDATE flights SET price = 300 WHERE id IN (1, 3)");
  lab_.cluster.Exec("UPDATE flights SET price = NULL WHERE id = 2");
  lab_.cluster.Exec("UPDATE flights SET gate = gate || gate, id = id + 10");
  lab_.cluster.Exec("DELETE FROM flights WHERE id = 14; INSERT INTO flights VALUES (5, 'E', 101), (6, 'F', 100)");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Query("SELECT id, gate FROM flights ORDER BY 1"),
            (lab::Rows{{"5", "E"}, {"11", "AA"}, {"13", "CC"}}));
  // In and out, out and in, and in under a key that another row has just left, within one transaction each.
  lab_.cluster.Exec(
      "BEGIN; UPDATE flights SET price = 500 WHERE id = 6; UPDATE flights SET gate = 'FF' WHERE id = 6;"
      "UPDATE flights SET price = 5 WHERE id = 6; COMMIT");
  lab_.cluster.Exec(
      "BEGIN; UPDATE flights SET price = 5 WHERE id = 5; UPDATE flights SET gate = 'EE' WHERE id = 5;"
      "UPDATE flights SET price = 500 WHERE id = 5; COMMIT");
  lab_.cluster.Exec(
      "BEGIN; UPDATE flights SET price = 5, id = 21 WHERE id = 11; UPDATE flights SET price = 500, id = 11 WHERE id = "
      "6; INSERT INTO flights VALUES (9, 'I', 900); DELETE FROM flights WHERE id = 9; COMMIT");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Query("SELECT * FROM flights ORDER BY 1"),
            (lab::Rows{{"5", "EE", "500"}, {"11", "FF", "500"}, {"13", "CC", "300"}}));
  lab_.cluster.Exec("TRUNCATE flights; INSERT INTO flights VALUES (7, 'G', 1), (8, 'H', 1000)");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Query("SELECT * FROM flights"), (lab::Rows{{"8", "H", "1000"}}));
}

TEST_P(FiltersTest, ColumnsStayTheListedOnes) {
  lab_.cluster.Exec(
      "CREATE TABLE crew (region text, id int, name text, secret text, PRIMARY KEY (region, id));"
      "INSERT INTO crew VALUES ('east', 1, 'ann', 'x'), ('west', 2, 'bob', 'y')");
  Begin("crew", R"("crew":{"columns":["id","region","name"],"where":"region = 'east'"})");
  EXPECT_EQ(lab_.Bootstrap("crew"), "1");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Query("SELECT * FROM crew"), (lab::Rows{{"east", "1", "ann"}}));
  lab_.cluster.Exec("UPDATE crew SET region = 'east' WHERE id = 2; UPDATE crew SET region = 'north' WHERE id = 1");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Query("SELECT * FROM crew"), (lab::Rows{{"east", "2", "bob"}}));
  lab_.cluster.Exec("ALTER TABLE crew ADD later int DEFAULT 7");
  lab_.cluster.Exec("ALTER TABLE crew RENAME name TO title");
  lab_.cluster.Exec("ALTER TABLE crew DROP secret");
  lab_.cluster.Exec("INSERT INTO crew VALUES ('east', 3, 'cid', 3), ('west', 4, 'dan', 4)");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Query("SELECT region, id, title FROM crew ORDER BY id"),
            (lab::Rows{{"east", "2", "bob"}, {"east", "3", "cid"}}));
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM pragma_table_info('crew')"), "3");
  // and a copy that is made now has the same
  lab_.Bootstrap("crew", R"({"again":true})");
  ExpectEqual();
}

TEST_P(FiltersTest, ACopyInTheMiddleOfWritesIsEqual) {
  lab_.cluster.Exec(
      "CREATE TABLE accounts (id int PRIMARY KEY, level int, note text); ALTER TABLE accounts REPLICA IDENTITY FULL;"
      "INSERT INTO accounts SELECT i, i % 10, 'n' || i FROM generate_series(1, 2000) i");
  Begin("accounts", R"("accounts":{"where":"level > 4"})");
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    lab::Session session(lab_.cluster);
    for (int i = 0; !stop; ++i) {
      session.Exec(absl::StrCat("UPDATE accounts SET level = (level + 3) % 10 WHERE id % 7 = ", i % 7));
      session.Exec(absl::StrCat("DELETE FROM accounts WHERE id = ", i, "; INSERT INTO accounts VALUES (", 5000 + i,
                                ", ", i % 10, ", 'new')"));
    }
  });
  lab_.Stream();
  lab_.Bootstrap("accounts");
  lab_.CatchUp();
  stop = true;
  writer.join();
  ExpectEqual();
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM accounts WHERE level <= 4"), "0");
}

TEST_P(FiltersTest, PartitionsHaveTheFilterOfTheirRoot) {
  lab_.cluster.Exec(
      "CREATE TABLE log (id int NOT NULL, region text NOT NULL, level int, PRIMARY KEY (region, id))"
      " PARTITION BY LIST (region);"
      "CREATE TABLE log_east PARTITION OF log FOR VALUES IN ('east');"
      "CREATE TABLE log_west (level int, region text NOT NULL, id int NOT NULL);"
      "ALTER TABLE log ATTACH PARTITION log_west FOR VALUES IN ('west');"
      "ALTER TABLE log_east REPLICA IDENTITY FULL; ALTER TABLE log_west REPLICA IDENTITY FULL;"
      "ALTER TABLE log REPLICA IDENTITY FULL;"
      "INSERT INTO log VALUES (1, 'east', 1), (2, 'east', 9), (3, 'west', 1), (4, 'west', 9)");
  Begin("log", R"("log":{"where":"level > 5"})");
  EXPECT_EQ(lab_.Bootstrap("log"), "2");
  lab_.cluster.Exec("UPDATE log SET level = 10 - level WHERE id < 4");
  lab_.cluster.Exec("UPDATE log SET region = 'east' WHERE id > 2");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Query("SELECT id, region, level FROM log ORDER BY 1"),
            (lab::Rows{{"1", "east", "9"}, {"3", "east", "9"}, {"4", "east", "9"}}));
}

// The value of a large column that an update leaves as it was is not in the WAL.
TEST_P(FiltersTest, ARowThatComesInWithoutItsLargeValueStopsTheMirror) {
  lab_.cluster.Exec(
      "CREATE TABLE docs (region text, id int, body text, PRIMARY KEY (region, id));"
      "ALTER TABLE docs ALTER body SET STORAGE EXTERNAL;"
      "INSERT INTO docs VALUES ('west', 1, repeat('a', 5000)), ('west', 2, 'short')");
  Begin("docs", R"("docs":{"where":"region = 'east'"})");
  EXPECT_EQ(lab_.Bootstrap("docs"), "0");
  lab_.cluster.Exec("UPDATE docs SET region = 'east' WHERE id = 2");
  ExpectEqual();
  lab_.cluster.Exec("UPDATE docs SET region = 'east' WHERE id = 1");
  EXPECT_THAT(Error(), HasSubstr("it has rows that the stream did not bring"));
  lab_.Bootstrap("docs", R"({"again":true})");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Value("SELECT length(body) FROM docs WHERE id = 1"), "5000");
  lab_.cluster.Exec("ALTER TABLE docs REPLICA IDENTITY FULL");
  lab_.cluster.Exec("UPDATE docs SET region = 'west'");
  lab_.cluster.Exec("UPDATE docs SET region = 'east'");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Value("SELECT length(body) FROM docs WHERE id = 1"), "5000");
}

// Whatever else passes through the plugin's memory.
TEST_P(FiltersTest, TheExpressionMeansTheSameForEveryTransaction) {
  lab_.cluster.Exec(
      "CREATE TABLE docs (region text, id int, body text, PRIMARY KEY (region, id));"
      "ALTER TABLE docs REPLICA IDENTITY FULL; ALTER TABLE docs ALTER body SET STORAGE EXTERNAL;"
      "INSERT INTO docs SELECT 'west', i, repeat(chr(97 + i), (3 ^ i)::int) FROM generate_series(1, 12) i");
  Begin("docs", R"("docs":{"where":"region = 'east' OR region = 'further east than that'"})");
  EXPECT_EQ(lab_.Bootstrap("docs"), "0");
  for (const std::string region : {"east", "west", "further east than that", "west", "east"}) {
    for (int i = 1; i <= 12; ++i) {
      lab_.cluster.Exec(absl::StrCat("UPDATE docs SET region = '", region, "' WHERE id = ", i));
    }
  }
  ExpectEqual();
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM docs"), "12");
}

TEST_P(FiltersTest, WhatUpdatesCannotBeFilteredByIsRefused) {
  lab_.cluster.Exec("CREATE TABLE t (id int PRIMARY KEY, v int, w text)");
  const auto error = [&](const std::string& filter) {
    return lab_.host.Error(absl::StrCat(
        "SELECT pg_slot_create(", lab::Literal(lab_.cluster.conninfo()), ", 'mirror', ",
        lab::Literal(absl::StrCat("{\"plugin\":\"", GetParam(), "\",\"tables\":\"t\",\"filters\":{", filter, "}}")),
        ")"));
  };
  EXPECT_THAT(error(R"("t":{"where":"v > 1"})"),
              StartsWith("pg_slot_create: cannot filter updates and deletes of table \"t\": column \"v\" of the filter "
                         "is not part of its replica identity. Use ALTER TABLE "));
  EXPECT_THAT(
      error(R"("t":{"columns":["v"]})"),
      StartsWith("pg_slot_create: cannot filter updates and deletes of table \"t\": column \"id\" is part of its "
                 "replica identity, but not of the filter's columns. "));
  EXPECT_THAT(error(R"x("t":{"where":"id IN (SELECT 1)"})x"), StartsWith("pg_slot_create: invalid "));
  EXPECT_THAT(error(R"x("t":{"where":"id > random()"})x"),
              HasSubstr("User-defined or built-in mutable functions are not allowed."));
  EXPECT_EQ(error(R"("t":{"columns":["id","x"]})"),
            "pg_slot_create: column \"x\" of option \"filters\" does not exist in table \"t\"");
  EXPECT_EQ(error(R"("u":{"columns":["id"]})"),
            "pg_slot_create: table \"u\" of option \"filters\" is not one of option \"tables\" with value \"t\"");
  EXPECT_THAT(error(R"("t":{"column":["id"]})"),
              StartsWith("pg_slot_create: invalid value \"column\" for option \"filters\", expected the keys"));
  EXPECT_THAT(error(R"("t":{"where":"id > 1) OR (true"})"), StartsWith("pg_slot_create: "));
  EXPECT_EQ(lab_.cluster.Value("SELECT (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM "
                               "pg_publication)"),
            "0");
}

INSTANTIATE_TEST_SUITE_P(Plugins, FiltersTest, ::testing::Values("deltaflood", "pgoutput"),
                         [](const auto& param) { return param.param; });

// What only one of the two plugins has.
class DeltafloodFiltersTest : public FiltersTest {};
class PublicationFiltersTest : public FiltersTest {
 protected:
  // A slot and a publication that somebody else has made.
  void BeginWith(const std::string& publication) {
    lab_.cluster.Exec(publication);
    lab_.cluster.Exec("SELECT pg_create_logical_replication_slot('mirror', 'pgoutput')");
    Stream();
    lab_.host.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", lab_.Daystream(), "')"));
  }
  void Stream() {
    lab_.host.Exec(absl::StrCat("SELECT * FROM deltastream(", lab::Literal(lab_.cluster.conninfo()), ", 'mirror', ",
                                lab::Literal(lab_.Daystream()),
                                ", '{\"until\":\"caught_up\",\"publication\":\"theirs\"}')"));
  }
  void ExpectEqual() {
    Stream();
    lab_.host.Exec("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')");
    EXPECT_EQ(Differences(), lab::Rows());
  }
};

TEST_P(DeltafloodFiltersTest, NamesMeanWhatTheyMeantAtTheBeginning) {
  lab_.cluster.Exec(
      "CREATE TABLE flights (id int PRIMARY KEY, gate text, price int, note text);"
      "ALTER TABLE flights REPLICA IDENTITY FULL; INSERT INTO flights VALUES (1, 'A', 500, 'x'), (2, 'B', 5, 'y')");
  lab_.Begin(R"({"filters":{"flights":{"columns":["id","gate"],"where":"price > 100 -- dear"}}})");
  EXPECT_EQ(lab_.Bootstrap("flights"), "1");
  lab_.cluster.Exec("ALTER TABLE flights RENAME price TO cost");
  lab_.cluster.Exec("ALTER TABLE flights ADD price int DEFAULT 1; ALTER TABLE flights RENAME gate TO door");
  lab_.cluster.Exec("INSERT INTO flights VALUES (3, 'C', 300, 'z', 2), (4, 'D', 4, 'z', 400)");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Query("SELECT id, door FROM flights ORDER BY 1"), (lab::Rows{{"1", "A"}, {"3", "C"}}));
  lab_.Bootstrap("flights", R"({"again":true})");
  lab_.cluster.Exec("UPDATE flights SET cost = 1000 WHERE id = 4");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Query("SELECT id, door FROM flights ORDER BY 1"),
            (lab::Rows{{"1", "A"}, {"3", "C"}, {"4", "D"}}));
  // a rewrite goes through the filter, too
  lab_.cluster.Exec("ALTER TABLE flights ALTER cost TYPE numeric, ALTER door TYPE varchar(5)");
  lab_.cluster.Exec("ALTER TABLE flights ALTER id TYPE bigint");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Value("SELECT group_concat(id) FROM flights"), "1,3,4");
}

// With REPLICA IDENTITY FULL and without the key in the list, rows may be equal to each other.
TEST_P(DeltafloodFiltersTest, RowsNeedNoKeyInTheList) {
  lab_.cluster.Exec(
      "CREATE TABLE seats (id int PRIMARY KEY, row int, taken bool); ALTER TABLE seats REPLICA IDENTITY FULL;"
      "INSERT INTO seats VALUES (1, 7, false), (2, 7, false), (3, 8, true)");
  lab_.Begin(R"({"filters":{"seats":{"columns":["row","taken"]}}})");
  EXPECT_EQ(lab_.Bootstrap("seats"), "3");
  lab_.cluster.Exec("UPDATE seats SET taken = true WHERE id = 2; DELETE FROM seats WHERE id = 1");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Query("SELECT \"row\", taken FROM seats ORDER BY 1"), (lab::Rows{{"7", "1"}, {"8", "1"}}));
}

TEST_P(DeltafloodFiltersTest, AnAttachedPartitionMayHaveRowsThatAreNotInTheFilter) {
  lab_.cluster.Exec(
      "CREATE TABLE log (id int, level int, PRIMARY KEY (id)) PARTITION BY LIST (id);"
      "CREATE TABLE one (id int PRIMARY KEY, level int); INSERT INTO one VALUES (1, 1)");
  lab_.Begin(R"({"filters":{"log":{"where":"id > 1"}}})");
  lab_.Bootstrap("log,one");
  lab_.cluster.Exec("ALTER TABLE log ATTACH PARTITION one FOR VALUES IN (1)");
  EXPECT_THAT(Error(), HasSubstr("it has rows that the stream did not bring"));
}

TEST_P(DeltafloodFiltersTest, ADaystreamKeepsItsFilters) {
  lab_.cluster.Exec("CREATE TABLE t (id int PRIMARY KEY, v int)");
  lab_.Begin();
  const auto stream = [&](const std::string& filters) {
    return absl::StrCat("SELECT * FROM deltastream(", lab::Literal(lab_.cluster.conninfo()), ", 'mirror', ",
                        lab::Literal(lab_.Daystream()), ", '{\"until\":\"caught_up\",\"filters\":", filters, "}')");
  };
  EXPECT_THAT(
      lab_.host.Error(stream(R"({"t":{"where":"id > 1"}})")),
      HasSubstr("\" was begun with none: its mirrors hold other rows. To begin anew, give a new, empty folder"));
}

TEST_P(DeltafloodFiltersTest, ADroppedColumnOfTheExpressionStopsTheStream) {
  lab_.cluster.Exec("CREATE TABLE t (id int PRIMARY KEY, v int); ALTER TABLE t REPLICA IDENTITY FULL");
  lab_.Begin(R"({"filters":{"t":{"where":"v > 1"}}})");
  lab_.Bootstrap("t");
  lab_.cluster.Exec("ALTER TABLE t DROP v; INSERT INTO t VALUES (1)");
  EXPECT_THAT(
      lab_.host.Error(absl::StrCat("SELECT * FROM deltastream(", lab::Literal(lab_.cluster.conninfo()), ", 'mirror', ",
                                   lab::Literal(lab_.Daystream()), ", '{\"until\":\"caught_up\"}')")),
      HasSubstr("column \"v\" of the filter of table \"t\" does not exist. If it was dropped or renamed, make "
                "the slot anew, with another filter."));
}

INSTANTIATE_TEST_SUITE_P(Plugin, DeltafloodFiltersTest, ::testing::Values("deltaflood"),
                         [](const auto& param) { return param.param; });

TEST_P(PublicationFiltersTest, SomebodyElsesPublicationIsTakenAsItIs) {
  lab_.cluster.Exec(
      "CREATE SCHEMA ops; CREATE TABLE ops.crew (id int PRIMARY KEY, name text, secret text);"
      "CREATE TABLE flights (id int PRIMARY KEY, price int); ALTER TABLE flights REPLICA IDENTITY FULL;"
      "CREATE TABLE unpublished (id int PRIMARY KEY);"
      "INSERT INTO ops.crew VALUES (1, 'ann', 'x'), (2, 'bob', 'y'); INSERT INTO flights VALUES (1, 50), (2, 500);"
      "INSERT INTO unpublished VALUES (1)");
  BeginWith("CREATE PUBLICATION theirs FOR TABLE ops.crew (id, name) WHERE (id > 1), flights WHERE (price > 100)");
  EXPECT_EQ(lab_.Bootstrap("*"), "2");
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM sqlite_master WHERE name = 'unpublished'"), "0");
  lab_.cluster.Exec(
      "UPDATE flights SET price = 550 - price; UPDATE ops.crew SET id = id + 1, secret = 'z' WHERE id = 2");
  lab_.cluster.Exec("INSERT INTO ops.crew VALUES (0, 'zoe', '-'), (9, 'cid', '-')");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Query("SELECT * FROM flights"), (lab::Rows{{"1", "500"}}));
  EXPECT_EQ(lab_.host.Query("SELECT * FROM \"ops.crew\" ORDER BY 1"), (lab::Rows{{"3", "bob"}, {"9", "cid"}}));
  EXPECT_THAT(lab_.host.Error(lab_.BootstrapSql("unpublished")),
              HasSubstr("does not have table \"unpublished\": it is not in publication \"theirs\""));
}

TEST_P(PublicationFiltersTest, PartitionsMayBePublishedUnderTheirOwnNames) {
  lab_.cluster.Exec(
      "CREATE TABLE log (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);"
      "CREATE TABLE low PARTITION OF log FOR VALUES FROM (0) TO (10);"
      "CREATE TABLE high PARTITION OF log FOR VALUES FROM (10) TO (20);"
      "INSERT INTO log VALUES (1, 1), (5, 5), (11, 11)");
  BeginWith("CREATE PUBLICATION theirs FOR TABLE log, low WHERE (id > 2)");
  EXPECT_THAT(lab_.host.Error(lab_.BootstrapSql("log")),
              HasSubstr("does not have table \"log\": publication \"theirs\" publishes the changes of partitions under "
                        "their own names. Mirror these"));
  EXPECT_EQ(lab_.Bootstrap("*"), "2");
  lab_.cluster.Exec("UPDATE log SET id = 3 WHERE id = 1; INSERT INTO log VALUES (2, 2), (6, 6), (12, 12)");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Value("SELECT group_concat(id) FROM (SELECT id FROM low ORDER BY 1)"), "3,5,6");
  EXPECT_EQ(lab_.host.Value("SELECT group_concat(id) FROM (SELECT id FROM high ORDER BY 1)"), "11,12");
}

TEST_P(PublicationFiltersTest, ASchemasTablesHaveNoFilter) {
  lab_.cluster.Exec(
      "CREATE SCHEMA ops; CREATE TABLE ops.crew (id int PRIMARY KEY, name text);"
      "INSERT INTO ops.crew VALUES (1, 'ann'), (2, 'bob')");
  BeginWith("CREATE PUBLICATION theirs FOR TABLES IN SCHEMA ops, TABLE ops.crew WHERE (id > 1)");
  EXPECT_EQ(lab_.Bootstrap("ops.crew"), "2");
  lab_.cluster.Exec("INSERT INTO ops.crew VALUES (-1, 'cid'); DELETE FROM ops.crew WHERE id = 1");
  ExpectEqual();
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM \"ops.crew\""), "2");
}

TEST_P(PublicationFiltersTest, APublicationThatLeavesChangesOutIsRefused) {
  lab_.cluster.Exec("CREATE TABLE t (id int PRIMARY KEY)");
  BeginWith("CREATE PUBLICATION theirs FOR TABLE t WITH (publish = 'insert, update')");
  EXPECT_THAT(
      lab_.host.Error(lab_.BootstrapSql("t")),
      StartsWith("deltamirror_bootstrap: publication \"theirs\" does not publish delete and truncate, so that a "
                 "mirror would not stay equal. Use ALTER PUBLICATION \"theirs\" SET"));
}

TEST_P(PublicationFiltersTest, ItsFiltersAreNotThoseOfDeltastream) {
  lab_.cluster.Exec("CREATE TABLE t (id int PRIMARY KEY)");
  lab_.Begin(R"({"plugin":"pgoutput"})");
  EXPECT_THAT(
      lab_.host.Error(absl::StrCat("SELECT * FROM deltastream(", lab::Literal(lab_.cluster.conninfo()), ", 'mirror', ",
                                   lab::Literal(lab_.Daystream()),
                                   ", '{\"filters\":{\"t\":{\"where\":\"id > 1\"}}}')")),
      HasSubstr("option \"filters\" is for plugin \"deltaflood\", but the plugin of replication slot \"mirror\" "
                "is \"pgoutput\""));
  EXPECT_THAT(lab_.host.Error(absl::StrCat("SELECT pg_slot_create(", lab::Literal(lab_.cluster.conninfo()),
                                           ", 'other', '{\"plugin\":\"pgoutput\",\"filters\":{\"t\":{\"where\":\"id > "
                                           "1\"}}}')")),
              HasSubstr("option \"filters\" has table \"t\", which plugin \"pgoutput\" can filter only where option "
                        "\"tables\" names each table"));
}

INSTANTIATE_TEST_SUITE_P(Plugin, PublicationFiltersTest, ::testing::Values("pgoutput"),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace deltamirror
