// Mirrors that do not follow every ALTER: on_ddl='stop', which names the statements to run, and 'keep', which drops
// nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tests/fidelity/stop_fixture.h"

namespace deltamirror::fidelity {
namespace {

using OnDdlKeepTest = StopTest;

struct StopCase {
  const char* name;
  std::vector<std::string> ddl;
  const char* message;
};

std::ostream& operator<<(std::ostream& out, const StopCase& one) {
  return out << one.name;
}

class OnDdlStopTest : public StopTest, public ::testing::WithParamInterface<StopCase> {};

TEST_P(OnDdlStopTest, SaysWhatToRunAndGoesOn) {
  lab_ = std::make_unique<FidelityLab>(server_, "tables='*', on_ddl='stop'");
  ExpectStopAndGoOn({kTable, kRows}, "table \"t\" is new in PostgreSQL, and on_ddl is \"stop\". Run: CREATE TABLE ");
  ExpectStopAndGoOn(GetParam().ddl, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Fidelity, OnDdlStopTest,
    ::testing::Values(
        StopCase{"add_column",
                 {"ALTER TABLE t ADD n text DEFAULT E'it''s'", "UPDATE t SET n = 'x' WHERE id = 1"},
                 "ADD COLUMN"},
        StopCase{"drop_column", {"ALTER TABLE t DROP b", "DELETE FROM t WHERE id = 1"}, "DROP COLUMN"},
        StopCase{"rename_column", {"ALTER TABLE t RENAME a TO \"A b\"", "DELETE FROM t WHERE id = 1"}, "RENAME COLUMN"},
        StopCase{"rename_table", {"ALTER TABLE t RENAME TO u", "DELETE FROM u WHERE id = 1"}, "RENAME TO"},
        StopCase{"drop_table", {"DROP TABLE t"}, "DROP TABLE"},
        StopCase{"type_with_rewrite",
                 {"ALTER TABLE t ALTER b TYPE text USING b || 'x'", "DELETE FROM t WHERE id = 1"},
                 "RENAME TO"},
        StopCase{"type_without_rewrite",
                 {"SET TimeZone = 'UTC'", "ALTER TABLE t ALTER d TYPE timestamptz", "RESET TimeZone",
                  "DELETE FROM t WHERE id = 1"},
                 "CASE WHEN"},
        StopCase{"another_key",
                 {"ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (a)", "DELETE FROM t WHERE id = 1"},
                 "RENAME TO"},
        StopCase{"null_where_it_was_not_allowed",
                 {"ALTER TABLE t ALTER a DROP NOT NULL", "UPDATE t SET a = NULL WHERE id = 1"},
                 "RENAME TO"},
        StopCase{"set_schema",
                 {"CREATE SCHEMA IF NOT EXISTS ops", "ALTER TABLE t SET SCHEMA ops", "DELETE FROM ops.t WHERE id = 1"},
                 "RENAME TO \"ops.t\""},
        StopCase{"volatile_default",
                 {"ALTER TABLE t ADD n float8 DEFAULT random()", "DELETE FROM t WHERE id = 1"},
                 "ADD COLUMN"},
        StopCase{"attach",
                 {"CREATE TABLE p (LIKE t INCLUDING ALL) PARTITION BY RANGE (id)",
                  "ALTER TABLE p ATTACH PARTITION t FOR VALUES FROM (1) TO (10)", "DELETE FROM p WHERE id = 1"},
                 "table \"p\" is new"},
        StopCase{"several",
                 {"BEGIN", "ALTER TABLE t DROP b, ADD n int DEFAULT 5", "ALTER TABLE t RENAME TO u",
                  "INSERT INTO u (id, a) VALUES (10, 'behind')", "CREATE TABLE v (id int PRIMARY KEY)", "COMMIT"},
                 "on_ddl is \"stop\""}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(OnDdlKeepTest, KeepsColumnsAndTables) {
  Begin("tables='*', on_ddl='keep'", {kTable, kRows, "CREATE TABLE gone AS SELECT 1 AS x"});
  lab_->Source({"ALTER TABLE t DROP a, DROP b", "INSERT INTO t VALUES (6, 'new', NULL)", "DELETE FROM t WHERE id = 1",
                "DROP TABLE gone"});
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_EQ(lab_->host.Query("SELECT id, a, b, c FROM t WHERE id IN (1, 2, 6)"),
            (lab::Rows{{"2", "a2", "2", "c"}, {"6", "NULL", "NULL", "new"}}));
  EXPECT_EQ(lab_->host.Value("SELECT x FROM gone"), "1");
  EXPECT_EQ(lab_->mirror.Status("gone", "state"), "absent");
}

// The column that was the key stays, without being it.
TEST_F(OnDdlKeepTest, KeepsAColumnOfTheKey) {
  Begin("tables='*', on_ddl='keep'", {kTable, kRows});
  lab_->Source({"ALTER TABLE t DROP id", "ALTER TABLE t ADD PRIMARY KEY (a)", "INSERT INTO t VALUES ('new', 9)",
                "DELETE FROM t WHERE a = 'a1'", "UPDATE t SET b = 7 WHERE a = 'a2'"});
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_EQ(lab_->host.Query("SELECT id, a, b FROM t WHERE a IN ('a1', 'a2', 'new') ORDER BY a"),
            (lab::Rows{{"2", "a2", "7"}, {"NULL", "new", "9"}}));
  EXPECT_EQ(lab_->host.Query("SELECT name FROM pragma_table_info('t') WHERE pk > 0"), (lab::Rows{{"a"}}));
}

// The rows of the one that was kept are not the new one's, and its columns are no hindrance: one that was NOT NULL kept
// every row out.
TEST_F(OnDdlKeepTest, MakesATableAgain) {
  Begin("tables='*', on_ddl='keep'", {kTable, kRows});
  lab_->Source(
      {"DROP TABLE t", "CREATE TABLE t (n float8, c int, id int PRIMARY KEY)", "INSERT INTO t VALUES (1.5, 7, 1)"});
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_EQ(lab_->host.Query("SELECT id, n, c, typeof(c), a FROM t"),
            (lab::Rows{{"1", "1.5", "7", "integer", "NULL"}}));
  EXPECT_EQ(lab_->mirror.Status("t", "state"), "live");
  lab_->Source({"UPDATE t SET id = 2", "INSERT INTO t VALUES (NULL, NULL, 1)"});
  EXPECT_EQ(lab_->CatchUp(), "");
  EXPECT_EQ(lab_->host.Query("SELECT id, n FROM t ORDER BY id"), (lab::Rows{{"1", "NULL"}, {"2", "1.5"}}));
}

}  // namespace
}  // namespace deltamirror::fidelity
