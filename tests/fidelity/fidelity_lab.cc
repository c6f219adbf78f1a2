#include "tests/fidelity/fidelity_lab.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/fidelity/compare.h"

namespace deltamirror::fidelity {
namespace {

// What a mirror of all tables has: its name in SQL, and the one in SQLite.
constexpr char kSourceTables[] =
    "SELECT c.oid::regclass, CASE nspname WHEN 'public' THEN '' ELSE nspname || '.' END || relname, c.oid || ' ' || "
    "c.xmin ||"
    " (SELECT string_agg(a.xmin || ' ' || attnum, ',' ORDER BY attnum) FROM pg_attribute a WHERE attrelid = c.oid)"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
    " WHERE relkind IN ('r', 'p') AND relpersistence = 'p' AND NOT relispartition AND nspname !~ '^pg_'"
    " AND nspname NOT IN ('information_schema', 'deltamirror')"
    " AND EXISTS (SELECT 1 FROM pg_attribute a WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped)"
    " ORDER BY 2";
constexpr char kMirroredTables[] =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT IN ('m', 'm_state', "
    "'m_table') ORDER BY 1";

}  // namespace

FidelityLab::FidelityLab(lab::Cluster* cluster, const std::string& arguments, const std::string& plugin)
    : mirror(cluster),
      catalog_(mirror.cluster),
      connection_(PQconnectdb(mirror.cluster.conninfo().c_str())),
      generated_(plugin == "deltaflood" || mirror.cluster.Version() >= 18) {
  PQsetNoticeProcessor(
      connection_, [](void*, const char*) {}, nullptr);
  Source({"SET search_path = public"});
  host.Exec(absl::StrCat("SELECT pg_slot_create(", lab::Literal(mirror.cluster.conninfo()), ", 'mirror', ",
                         lab::Literal(absl::StrCat("{\"plugin\":\"", plugin, "\"}")), ")"));
  mirror.Stream();
  host.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", mirror.Daystream(), "'",
                         arguments.empty() ? "" : ", ", arguments, ")"));
}

FidelityLab::~FidelityLab() {
  PQfinish(connection_);
}

void FidelityLab::Source(const std::vector<std::string>& statements) {
  for (const std::string& sql : statements) {
    PGresult* result = PQexec(connection_, sql.c_str());
    const ExecStatusType status = PQresultStatus(result);
    EXPECT_TRUE(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) << PQresultErrorMessage(result) << sql;
    PQclear(result);
  }
}

void FidelityLab::SourceAnyway(const std::vector<std::string>& statements) {
  for (const std::string& sql : statements) PQclear(PQexec(connection_, sql.c_str()));
}

std::string FidelityLab::Run(const std::string& sql) {
  char* message = nullptr;
  sqlite3_exec(host.db(), sql.c_str(), nullptr, nullptr, &message);
  std::string text = message == nullptr ? "" : message;
  sqlite3_free(message);
  return text;
}

std::string FidelityLab::CatchUp() {
  mirror.Stream();
  return Run("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')");
}

std::string FidelityLab::BootstrapAgain(const std::string& table) {
  return Run(mirror.BootstrapSql(table, R"({"again":true})"));
}

void FidelityLab::ExpectEqual(const std::string& moment) {
  EXPECT_EQ(CatchUp(), "") << moment;
  std::vector<std::string> expected;
  for (const SourceTable& table : SourceTables()) {
    expected.push_back(table.target);
    EXPECT_THAT(TableDifferences(table), ::testing::IsEmpty()) << table.name << ", " << moment;
  }
  std::vector<std::string> mirrored;
  for (const auto& row : host.Query(kMirroredTables)) mirrored.push_back(row[0]);
  EXPECT_THAT(mirrored, ::testing::UnorderedElementsAreArray(expected)) << moment;
}

std::vector<std::string> FidelityLab::TableDifferences(const SourceTable& table) {
  return Differences(connection_, host.db(), table.name, table.target, generated_);
}

std::vector<SourceTable> FidelityLab::SourceTables() {
  std::vector<SourceTable> tables;
  for (const auto& row : catalog_.Query(kSourceTables)) tables.push_back({row[0], row[1], row[2]});
  return tables;
}

}  // namespace deltamirror::fidelity
