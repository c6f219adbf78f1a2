// What pgoutput does not tell: a rewrite, a partition that is truncated, attached or dropped alone, a table that is
// gone. The mirror stops and says which table to copy again, or follows. What only looks like it does not stop the
// mirror.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/fidelity/fidelity_lab.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/process.h"
#include "tests/lab/wait.h"
#include "tests/mirror_lab.h"

namespace deltamirror::fidelity {
namespace {

using ::testing::HasSubstr;
using Sql = std::vector<std::string>;

constexpr char kTable[] =
    "CREATE TABLE t (id int PRIMARY KEY, a text, n int DEFAULT 4); INSERT INTO t SELECT i, 'a' || i, i FROM "
    "generate_series(1, 5) i";
constexpr char kNarrow[] =  // without a TOAST table
    "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t SELECT i, i FROM generate_series(1, 5) i";
constexpr char kTree[] =
    "CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);"
    "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (10);"
    "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);"
    "INSERT INTO p VALUES (1, 'x'), (2, 'y'), (11, 'z')";
constexpr char kNarrowTree[] =
    "CREATE TABLE p (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);"
    "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (10);"
    "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);"
    "INSERT INTO p VALUES (1, 1), (2, 2), (11, 3)";
constexpr char kFilled[] =
    "CREATE TABLE filled (id int PRIMARY KEY, v text); INSERT INTO filled VALUES (21, 'x'), (22, 'y')";
constexpr char kDoubtful[] = "pgoutput does not tell which columns' values they have";
constexpr char kRewritten[] = "it may have been rewritten with other values";

struct Untold {
  const char* name;
  const char* setup;
  Sql ddl;
  // What the mirror stops with; "": it goes on.
  const char* message;
  // The table that is to be copied again.
  const char* table = "t";
};

std::ostream& operator<<(std::ostream& out, const Untold& one) {
  return out << one.name;
}

class UntoldTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete server_; }

  void Begin(const std::string& setup) {
    lab_ = std::make_unique<FidelityLab>(server_, "tables='*'", "pgoutput");
    lab_->Source({setup});
    ASSERT_EQ(lab_->CatchUp(), "");
    lab_->mirror.Bootstrap("*", R"({"again":true})");
    lab_->ExpectEqual("after the copy");
  }

  static inline lab::Cluster* server_ = nullptr;
  std::unique_ptr<FidelityLab> lab_;
};

class UntoldStatementTest : public UntoldTest, public ::testing::WithParamInterface<Untold> {};

TEST_P(UntoldStatementTest, StopsTheMirrorOrNot) {
  const Untold& one = GetParam();
  Begin(one.setup);
  lab_->Source(one.ddl);
  const std::string message = lab_->CatchUp();
  if (*one.message != '\0') {
    EXPECT_THAT(message, HasSubstr(one.message));
    EXPECT_THAT(message, HasSubstr(absl::StrCat("Bootstrap the table again: SELECT deltamirror_bootstrap('m', "
                                                "'CONNINFO', '\"",
                                                one.table, "\"', '{\"again\":true}')")));
    EXPECT_EQ(lab_->BootstrapAgain(one.table), "");
  } else {
    EXPECT_EQ(message, "");
  }
  lab_->ExpectEqual("afterwards");
  // It is told once.
  lab_->Source({"CREATE TABLE later (id int PRIMARY KEY)", "INSERT INTO later VALUES (1)"});
  lab_->ExpectEqual("later");
}

INSTANTIATE_TEST_SUITE_P(
    Alarms, UntoldStatementTest,
    ::testing::Values(
        Untold{"same_type_using", kTable, {"ALTER TABLE t ALTER n TYPE int USING n * 3"}, kRewritten},
        Untold{"same_type_using_without_a_toast_table",
               kNarrow,
               {"ALTER TABLE t ALTER n TYPE int USING n * 3"},
               kRewritten},
        Untold{"another_type", kTable, {"ALTER TABLE t ALTER n DROP DEFAULT, ALTER n TYPE text"}, kRewritten},
        Untold{"volatile_default", kTable, {"ALTER TABLE t ADD x float DEFAULT random()"}, kRewritten},
        Untold{"serial", kNarrow, {"ALTER TABLE t ADD x serial"}, kRewritten},
        Untold{"identity", kTable, {"ALTER TABLE t ADD x int GENERATED ALWAYS AS IDENTITY"}, kRewritten},
        Untold{"among_rows",
               kTable,
               {"UPDATE t SET n = 7 WHERE id = 1", "ALTER TABLE t ALTER n TYPE int USING n * 3",
                "UPDATE t SET a = 'x' WHERE id = 1"},
               kRewritten},
        Untold{"a_value_for_old_rows_that_vacuum_full_took_away",
               kTable,
               {"ALTER TABLE t ADD x int DEFAULT 7", "VACUUM FULL t", "UPDATE t SET a = 'x' WHERE id = 1"},
               kRewritten},
        Untold{
            "rewritten_through_the_root", kTree, {"ALTER TABLE p ALTER v TYPE text USING v || '!'"}, kRewritten, "p"},
        Untold{"a_truncated_partition", kTree, {"TRUNCATE p1"}, "partition \"p1\" was truncated alone", "p"},
        Untold{"a_truncated_partition_without_a_toast_table",
               kNarrowTree,
               {"TRUNCATE p1"},
               "partition \"p1\" was truncated alone",
               "p"},
        Untold{"a_truncated_partition_after_its_root",
               kTree,
               {"TRUNCATE p", "INSERT INTO p VALUES (3, 'new')", "TRUNCATE p1"},
               "partition \"p1\" was truncated alone",
               "p"},
        // It may have been truncated before.
        Untold{"vacuum_full_of_a_partition", kTree, {"VACUUM FULL p1"}, "or rewritten by VACUUM FULL or CLUSTER", "p"},
        Untold{"a_dropped_partition", kTree, {"DROP TABLE p1"}, "partition \"p1\" was detached or dropped", "p"},
        Untold{
            "a_column_made_again_in_the_transaction_of_an_update",
            kTable,
            {"BEGIN", "UPDATE t SET n = 7 WHERE id = 1", "ALTER TABLE t DROP n", "ALTER TABLE t ADD n int", "COMMIT"},
            kDoubtful},
        Untold{
            "a_column_dropped_in_the_transaction_of_an_update_and_another_added_since",
            kTable,
            {"BEGIN", "UPDATE t SET n = 7 WHERE id = 1", "ALTER TABLE t DROP n", "COMMIT", "ALTER TABLE t ADD m int"},
            kDoubtful},
        Untold{
            "an_attached_partition",
            "CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY RANGE (id); CREATE TABLE filled (id int PRIMARY "
            "KEY, v text); INSERT INTO filled VALUES (21, 'x')",
            {"ALTER TABLE p ATTACH PARTITION filled FOR VALUES FROM (20) TO (30)"},
            "partition \"filled\" was attached",
            "p"},
        Untold{"a_partition_that_was_made_and_filled_before_it_was_attached",
               kTree,
               {kFilled, "ALTER TABLE p ATTACH PARTITION filled FOR VALUES FROM (20) TO (30)"},
               "partition \"filled\" came with rows",
               "p"}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    NoAlarms, UntoldStatementTest,
    ::testing::Values(
        Untold{"a_column_without_a_default", kTable, {"ALTER TABLE t ADD x int", "UPDATE t SET x = 1"}, ""},
        Untold{"a_column_with_a_constant", kTable, {"ALTER TABLE t ADD x int DEFAULT 7", "UPDATE t SET n = 1"}, ""},
        Untold{"a_column_of_the_middle_made_again_in_the_transaction_of_an_update",
               kTable,
               {"BEGIN", "UPDATE t SET a = 'x' WHERE id = 1", "ALTER TABLE t DROP a", "ALTER TABLE t ADD a text",
                "UPDATE t SET a = 'y' WHERE id = 2", "COMMIT"},
               ""},
        Untold{"a_column_of_another_length_in_the_transaction_of_an_update",
               kTable,
               {"BEGIN", "ALTER TABLE t DROP n", "ALTER TABLE t ADD m text", "UPDATE t SET m = 'x' WHERE id = 1",
                "COMMIT"},
               ""},
        Untold{"a_column_moved_in_one_transaction",
               kTable,
               {"BEGIN", "ALTER TABLE t ADD m int", "UPDATE t SET m = n", "ALTER TABLE t DROP n", "COMMIT",
                "UPDATE t SET a = 'x' WHERE id = 1"},
               ""},
        Untold{"names_swapped_and_a_column_added_before_the_rows_were_read",
               "CREATE TABLE t (id int PRIMARY KEY, a text, b text); INSERT INTO t VALUES (1, 'a1', 'b1'), (2, 'a2', "
               "'b2')",
               {"UPDATE t SET a = 'x' WHERE id = 1",
                "ALTER TABLE t RENAME a TO z; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME z TO b; ALTER TABLE t "
                "ADD c "
                "int",
                "UPDATE t SET a = 'y' WHERE id = 2"},
               ""},
        Untold{"vacuum_full", kTable, {"VACUUM FULL t"}, ""},
        Untold{"vacuum_full_without_a_toast_table", kNarrow, {"VACUUM FULL t"}, ""},
        Untold{"vacuum_full_and_a_renamed_column",
               kTable,
               {"ALTER TABLE t RENAME a TO b", "VACUUM FULL t", "INSERT INTO t VALUES (6)"},
               ""},
        Untold{"cluster", kTable, {"CLUSTER t USING t_pkey", "INSERT INTO t VALUES (6)"}, ""},
        Untold{"what_changes_no_value",
               kTable,
               {"ALTER TABLE t RENAME a TO b", "ALTER TABLE t ALTER b SET NOT NULL", "CREATE INDEX ON t (b)",
                "ALTER TABLE t ALTER n SET STATISTICS 10", "GRANT SELECT (n) ON t TO PUBLIC", "REINDEX TABLE t",
                "ANALYZE t", "INSERT INTO t VALUES (6, 'x')"},
               ""},
        Untold{"truncate", kNarrow, {"TRUNCATE t", "INSERT INTO t VALUES (6)"}, ""},
        Untold{"truncate_and_a_new_column",
               kNarrow,
               {"BEGIN", "TRUNCATE t", "ALTER TABLE t ADD x int", "COMMIT", "INSERT INTO t VALUES (6)"},
               ""},
        Untold{"truncate_of_the_root", kTree, {"TRUNCATE p", "INSERT INTO p VALUES (3, 'x')"}, ""},
        Untold{"truncate_of_the_root_without_a_toast_table",
               kNarrowTree,
               {"TRUNCATE p", "INSERT INTO p VALUES (3, 4)"},
               ""},
        Untold{
            "a_constant_for_rows_of_partitions",
            kTree,
            {"ALTER TABLE p ADD x text DEFAULT 'old', ADD y bool DEFAULT true", "UPDATE p SET v = 'new' WHERE id = 1"},
            ""},
        Untold{"a_new_partition",
               kTree,
               {"CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30)", "INSERT INTO p VALUES (21, 'x')"},
               ""},
        Untold{
            "an_empty_partition",
            kTree,
            {"CREATE TABLE n (LIKE p INCLUDING ALL)", "ALTER TABLE p ATTACH PARTITION n FOR VALUES FROM (20) TO (30)",
             "ALTER TABLE p ADD x int", "INSERT INTO p VALUES (3, 'x', 1)"},
            ""},
        Untold{"a_dropped_generated_column",
               "CREATE TABLE t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED, a text);"
               "INSERT INTO t VALUES (1), (2)",
               {"UPDATE t SET a = 'x'", "ALTER TABLE t DROP g", "INSERT INTO t VALUES (3, 'y')"},
               ""},
        Untold{"a_dropped_table_with_a_generated_column",
               "CREATE TABLE t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED, a text)",
               {"INSERT INTO t VALUES (3)", "DROP TABLE t"},
               ""},
        Untold{"a_renamed_table",
               kTable,
               {"ALTER TABLE t RENAME TO u", "UPDATE u SET a = 'x' WHERE id = 1", "DELETE FROM u WHERE id = 2"},
               ""},
        Untold{"another_tablespace",
               kTable,
               {"SET allow_in_place_tablespaces = on",  // servers that lack it are passed over
                "CREATE TABLESPACE elsewhere LOCATION ''", "ALTER TABLE t SET TABLESPACE elsewhere",
                "ALTER TABLE t SET TABLESPACE pg_default", "DROP TABLESPACE elsewhere", "INSERT INTO t VALUES (6)"},
               ""},
        Untold{"an_unlogged_table", kTable, {"ALTER TABLE t SET UNLOGGED", "INSERT INTO t VALUES (6)"}, ""},
        Untold{"a_dropped_table", kTable, {"DROP TABLE t"}, ""}, Untold{"a_dropped_tree", kTree, {"DROP TABLE p"}, ""},
        Untold{"dropped_and_made_again",
               kTable,
               {"DROP TABLE t", "CREATE TABLE t (id int PRIMARY KEY, b text)", "INSERT INTO t VALUES (1, 'new')"},
               ""}),
    [](const auto& info) { return std::string(info.param.name); });

// Under on_error='detach' a gap holds up its own table alone, also while that is copied again.
TEST_F(UntoldTest, TheOtherTablesGoOn) {
  lab_ = std::make_unique<FidelityLab>(server_, "tables='*', on_error='detach'", "pgoutput");
  lab_->Source({kTable, "CREATE TABLE other (id int PRIMARY KEY, v text)", "INSERT INTO other VALUES (1, 'one')"});
  ASSERT_EQ(lab_->CatchUp(), "");
  lab_->mirror.Bootstrap("*", R"({"again":true})");
  lab_->Source({"ALTER TABLE t ALTER n TYPE int USING n * 3", "INSERT INTO other VALUES (2, 'two')"});
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_THAT(lab_->mirror.Status("t", "last_error"), HasSubstr(kRewritten));
  EXPECT_EQ(lab_->host.Value("SELECT count(*) FROM other"), "2");
  // Told by the stream before the copy, after it, and applied last.
  lab_->Source({"UPDATE other SET v = v || '!'", "UPDATE t SET a = 'new' WHERE id = 1"});
  lab_->mirror.Stream();
  EXPECT_EQ(lab_->BootstrapAgain("t"), "");
  lab_->Source(
      {"DELETE FROM other WHERE id = 1", "INSERT INTO other VALUES (3, 'three')", "DELETE FROM t WHERE id = 2"});
  lab_->ExpectEqual("after the copy");
  EXPECT_EQ(lab_->mirror.Status("other", "skipped"), "0");
}

// The tree and its former part are copied again, each by what the mirror says of it.
TEST_F(UntoldTest, ADetachedPartitionIsATableOfItsOwn) {
  Begin(kTree);
  lab_->Source({"ALTER TABLE p DETACH PARTITION p1", "INSERT INTO p1 VALUES (3, 'own')"});
  EXPECT_THAT(lab_->CatchUp(), HasSubstr("partition \"p1\" was detached or dropped"));
  EXPECT_EQ(lab_->BootstrapAgain("p"), "");
  EXPECT_THAT(lab_->CatchUp(), HasSubstr("it was a partition, when its rows came"));
  EXPECT_EQ(lab_->BootstrapAgain("p1"), "");
  lab_->ExpectEqual("afterwards");
}

// There is nothing to be dropped when it goes: the next look misses it.
TEST_F(UntoldTest, ATableThatComesAndGoesBetweenTwoLooks) {
  Begin(kTable);
  lab_->Source({"CREATE TABLE gone (id int PRIMARY KEY)", "INSERT INTO gone VALUES (1)", "DROP TABLE gone"});
  EXPECT_EQ(lab_->CatchUp(), "");
  lab_->ExpectEqual("after the next look");
}

// The tables of a publication that somebody else looks after.
class UntoldPublicationTest : public ::testing::Test {
 protected:
  UntoldPublicationTest() {
    lab_.cluster.Exec(
        "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY); INSERT INTO t VALUES (1);"
        "INSERT INTO u VALUES (1); CREATE PUBLICATION theirs FOR TABLE t");
    lab_.Begin(R"({"publication":"theirs"})");
    lab_.host.Exec(absl::StrCat("DROP TABLE m; CREATE VIRTUAL TABLE m USING daystream_apply(source='", lab_.Daystream(),
                                "', tables='*')"));
    lab_.Bootstrap("*");
  }
  std::string Stopped() {
    lab_.Stream();
    return lab_.host.Error("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')");
  }
  void BootstrapAgain(const std::string& table) { lab_.Bootstrap(table, R"({"again":true})"); }

  lab::MirrorLab lab_;
};

TEST_F(UntoldPublicationTest, ATableThatLeavesItStopsTheMirror) {
  lab_.cluster.Exec("ALTER PUBLICATION theirs DROP TABLE t");
  EXPECT_THAT(Stopped(), HasSubstr("it has left the publication"));
  // There is no copy of what is not published.
  EXPECT_THAT(lab_.host.Error(lab_.BootstrapSql("t", R"({"again":true})")),
              HasSubstr("it is not in publication \"theirs\""));
  lab_.cluster.Exec("INSERT INTO t VALUES (2); ALTER PUBLICATION theirs ADD TABLE t; INSERT INTO t VALUES (3)");
  lab_.Stream();
  BootstrapAgain("t");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "id");
}

TEST_F(UntoldPublicationTest, ATableThatComesIntoItWithRowsStopsTheMirror) {
  lab_.cluster.Exec("ALTER PUBLICATION theirs ADD TABLE u; INSERT INTO u VALUES (2)");
  EXPECT_THAT(Stopped(), HasSubstr("it was not published, or had another name, when its rows came"));
  BootstrapAgain("u");
  lab_.cluster.Exec("UPDATE u SET id = id + 10");
  lab_.CatchUp();
  lab_.ExpectEqual("u", "id");
}

TEST_F(UntoldTest, NamesThatDifferOnlyInCase) {
  Begin(kTable);
  lab_->Source({"CREATE TABLE \"T\" (id int PRIMARY KEY)", "INSERT INTO \"T\" VALUES (1)"});
  EXPECT_THAT(lab_->CatchUp(), HasSubstr("SQLite does not tell the name \"T\" apart"));
  lab_->host.Exec("INSERT INTO m(\"table\", state) VALUES ('\"T\"', 'detached')");
  lab_->Source({"DELETE FROM t WHERE id = 1"});
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_EQ(lab_->host.Value("SELECT count(*) FROM t"), "4");
}

// PostgreSQL itself refuses them to the application, once a publication has the table.
TEST_F(UntoldTest, UpdatesOfATableWithoutAnIdentityAreRefusedAtTheSource) {
  lab_ = std::make_unique<FidelityLab>(server_, "tables='*'", "pgoutput");
  lab_->Source({"CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)"});
  const auto exec = [this](const std::string& sql) {
    return absl::StrCat("SELECT pg_exec(", lab::Literal(lab_->mirror.cluster.conninfo()), ", ", lab::Literal(sql), ")");
  };
  EXPECT_THAT(lab_->host.Error(exec("UPDATE t SET a = 2")),
              HasSubstr("cannot update table \"t\" because it does not have a replica identity and publishes updates"));
  EXPECT_THAT(lab_->host.Error(exec("DELETE FROM t")), HasSubstr("cannot delete from table \"t\""));
  lab_->Source({"INSERT INTO t VALUES (3)"});
  lab_->ExpectEqual("after an insert");
  lab_->Source({"ALTER TABLE t REPLICA IDENTITY FULL", "UPDATE t SET a = 2 WHERE a = 1", "DELETE FROM t WHERE a = 3"});
  lab_->ExpectEqual("with an identity");
  // A slot that names its tables leaves others alone.
  lab_->mirror.cluster.Exec("CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE other (a int)");
  EXPECT_EQ(lab_->host.Value("SELECT pg_slot_drop(" + lab::Literal(lab_->mirror.cluster.conninfo()) + ", 'mirror')"),
            "1");
  lab_->host.Exec("SELECT pg_slot_create(" + lab::Literal(lab_->mirror.cluster.conninfo()) +
                  R"(, 'mirror', '{"plugin":"pgoutput","tables":"u"}'))");
  EXPECT_EQ(lab_->host.Value(exec("DELETE FROM other")), "0");
}

// While it runs, too, and with what was there before the stream came to it.
TEST_F(UntoldTest, IsNoticedByAStreamThatRuns) {
  Begin(kTable);
  lab::MirrorLab& mirror = lab_->mirror;
  lab::Process stream =
      lab::Process::Shell("", absl::StrCat("SELECT * FROM deltastream(", lab::Literal(mirror.cluster.conninfo()),
                                           ", 'mirror', ", lab::Literal(mirror.Daystream()), ")"));
  ASSERT_TRUE(lab::WaitUntil(
      [&] { return mirror.cluster.Value("SELECT count(*) FROM pg_replication_slots WHERE active") == "1"; }));
  lab_->Source({"ALTER TABLE t ALTER n TYPE int USING n * 3"});
  const std::string gaps =
      absl::StrCat("SELECT count(*) FROM daystream(", lab::Literal(mirror.Daystream()), ") WHERE action = 'gap'");
  EXPECT_TRUE(lab::WaitUntil([&] { return lab_->host.Value(gaps) == "1"; }));
  stream.Kill(SIGINT);
  stream.Wait();
}

}  // namespace
}  // namespace deltamirror::fidelity
