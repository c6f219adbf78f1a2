// What other programs of this kind got wrong, each through either plugin: a first copy and a stream that disagree,
// values and transactions that are lost, statements of the source that end the program for good.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tests/fidelity/fidelity_lab.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/lab/wait.h"

namespace {

// By which the clock that stamps lines is ahead in this process.
std::atomic<int64_t> seconds_ahead = 0;

}  // namespace

// Found before the C library's by the extension, as the program is linked with -rdynamic.
extern "C" time_t time(time_t* out) noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const auto shifted = static_cast<time_t>(now.tv_sec + seconds_ahead);
  if (out != nullptr) *out = shifted;
  return shifted;
}

namespace deltamirror::fidelity {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kCatchUp[] = "SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')";

// A statement that runs until this goes out of scope.
class Running {
 public:
  Running(const std::string& file, const std::string& sql)
      : host_(file), thread_([this, sql] {
          sqlite3_exec(host_.db(), sql.c_str(), nullptr, nullptr, nullptr);
          ended_ = true;
        }) {}
  ~Running() {
    // One that comes before the statement has begun is lost.
    while (!ended_) {
      sqlite3_interrupt(host_.db());
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    thread_.join();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  std::atomic<bool> ended_ = false;
  lab::Host host_;
  std::thread thread_;
};

class TrapsTest : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() {
    server_ = new lab::Cluster({.settings = {"logical_decoding_work_mem=64kB", "log_connections=on"}});
  }
  static void TearDownTestSuite() { delete server_; }

  void SetUp() override {
    if (pgoutput()) return;
    LAB_NEEDS_DELTAFLOOD();
  }
  bool pgoutput() const { return GetParam() == "pgoutput"; }
  // All tables that are there are copied first.
  void Begin(const std::vector<std::string>& setup, const std::string& arguments = "tables='*'") {
    lab_ = std::make_unique<FidelityLab>(server_, arguments, GetParam());
    if (setup.empty()) return;
    lab_->Source(setup);
    ASSERT_EQ(lab_->CatchUp(), "");
    lab_->mirror.Bootstrap("*", R"({"again":true})");
  }
  lab::Rows Ask(const std::string& sql) { return lab_->host.Query(sql); }

  static inline lab::Cluster* server_ = nullptr;
  std::unique_ptr<FidelityLab> lab_;
};

// The same row comes by the copy and by the stream. Elsewhere bytea was a blob and then JSON text, infinity was then
// NULL, a NULL in an array then the text "NULL", real 1.1 first 1.1000000238418579, inet ::1 first ::1/128, the year 1
// then 1901; a point ended the copy.
TEST_P(TrapsTest, TheCopyAndTheStreamGiveTheSameValues) {
  const std::string row =
      "'\\x00ff', 'Infinity', '-Infinity', '{a,NULL,\"NULL\"}', 1.1, '::1', '0001-01-01', '(1.5,-2)', 'infinity',"
      " 'NaN', 'NaN', '{\"a\": null}', true";
  Begin(
      {"CREATE TABLE t (id int PRIMARY KEY, raw bytea, up float8, down float4, list text[], r real, ip inet, day date,"
       " p point, at timestamptz, n numeric, f float8, j jsonb, b bool)",
       absl::StrCat("INSERT INTO t VALUES (1, ", row, ")")});
  lab_->Source({absl::StrCat("INSERT INTO t VALUES (2, ", row, ")")});
  lab_->ExpectEqual("after the stream");
  const std::string all =
      "typeof(raw), quote(raw), typeof(up), up, down, list, typeof(r), r, ip, day, p, at, n, typeof(f), "
      "f, j, b";
  EXPECT_EQ(Ask(absl::StrCat("SELECT ", all, " FROM t WHERE id = 2")),
            (lab::Rows{{"blob", "X'00FF'", "real", "Inf", "-Inf", "{a,NULL,\"NULL\"}", "real", "1.1", "::1",
                        "0001-01-01", "(1.5,-2)", "infinity", "NaN", "text", "NaN", "{\"a\": null}", "1"}}));
  EXPECT_EQ(lab_->host.Value(absl::StrCat("SELECT count(*) FROM (SELECT DISTINCT ", all, " FROM t)")), "1");
}

// Elsewhere a numeric was a double, and a whole number between 2^63 and 1e21 ended the program at every start.
TEST_P(TrapsTest, LargeNumbersKeepTheirDigitsAndTheMirrorGoesOn) {
  Begin({"CREATE TABLE t (id int PRIMARY KEY, n numeric, f float8, w numeric(40,20))"});
  lab_->Source(
      {"INSERT INTO t VALUES (1, 9223372036854775808, 9223372036854775808, 0.1), (2, 1e20, 1e20, 1e19),"
       " (3, 18446744073709551616, 1e21, 12345678901234567890.12345678901234567890), (4, 0.1, 0.1, 0.30)",
       "UPDATE t SET n = n + 1, f = f + 1"});
  lab_->ExpectEqual("after large numbers");
  EXPECT_EQ(Ask("SELECT n, w FROM t WHERE id IN (1, 3) ORDER BY id"),
            (lab::Rows{{"9223372036854775809", "0.1"},
                       {"18446744073709551617", "12345678901234567890.12345678901234567890"}}));
  EXPECT_EQ(lab_->host.Value("SELECT n + 1.25 FROM t WHERE id = 4"), "2.35");
  // As at the next start.
  lab_->Source({"UPDATE t SET n = n * 10", "INSERT INTO t VALUES (5, 1e25, 1e25, -0.5)"});
  lab_->mirror.Stream();
  lab::Host(lab_->mirror.dir.File("mirror.db")).Exec(kCatchUp);
  lab_->ExpectEqual("with another host");
}

// Elsewhere both ended the program for good.
TEST_P(TrapsTest, CreateTableAsAndFullWithoutAKey) {
  Begin({"CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)"});
  lab_->Source({"CREATE TABLE made AS SELECT id, 'x' || id AS v FROM t", "ALTER TABLE made REPLICA IDENTITY FULL",
                "INSERT INTO made VALUES (3, NULL), (3, NULL)", "UPDATE made SET v = 'y' WHERE id < 3",
                "DELETE FROM made WHERE ctid = (SELECT min(ctid) FROM made WHERE id = 3)"});
  lab_->ExpectEqual("after CREATE TABLE AS");
}

// Elsewhere the mirror held the old values without a word. Where the stream does not bring the new ones, it must stop.
TEST_P(TrapsTest, AlterTypeUsingNeverDivergesSilently) {
  Begin({"CREATE TABLE t (id int PRIMARY KEY, v text)", "INSERT INTO t VALUES (1, '5'), (2, '6')"});
  lab_->Source({"ALTER TABLE t ALTER v TYPE int USING v::int * 100", "INSERT INTO t VALUES (3, 7)"});
  const std::string stopped = lab_->CatchUp();
  if (!stopped.empty()) {
    EXPECT_TRUE(pgoutput()) << stopped;
    EXPECT_THAT(stopped, HasSubstr("SELECT deltamirror_bootstrap("));
    EXPECT_EQ(lab_->BootstrapAgain("t"), "");
  }
  lab_->ExpectEqual("after the change of type");
}

// Elsewhere a transaction that outgrew logical_decoding_work_mem was lost, all or in part.
TEST_P(TrapsTest, ALargeTransactionComesWhole) {
  Begin({"CREATE TABLE t (id int PRIMARY KEY, v text)"});
  lab_->Source({"BEGIN", "INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, 5000) i", "SAVEPOINT s",
                "DELETE FROM t WHERE id > 10", "ROLLBACK TO s", "UPDATE t SET v = 'u' WHERE id % 7 = 0",
                "DELETE FROM t WHERE id % 11 = 0", "COMMIT", "INSERT INTO t VALUES (-1, 'behind')"});
  lab_->ExpectEqual("after a large transaction");
}

// Elsewhere NULLs in the other columns kept a DELETE from finding its row, and an UPDATE without the old row was an
// error.
TEST_P(TrapsTest, TheDefaultIdentityIsEnough) {
  Begin(
      {"CREATE TABLE t (id int PRIMARY KEY, a text, b int, c numeric)",
       "INSERT INTO t VALUES (1, NULL, NULL, NULL), (2, 'x', NULL, 1.50), (3, NULL, 7, NULL), (4, NULL, NULL, NULL)"});
  lab_->Source({"DELETE FROM t WHERE id = 1", "UPDATE t SET a = NULL, b = 1 WHERE id = 2",
                "UPDATE t SET c = 'NaN' WHERE id = 3", "UPDATE t SET id = 40 WHERE id = 4",
                "DELETE FROM t WHERE id = 3"});
  lab_->ExpectEqual("after updates and deletes");
}

// Elsewhere a change that could not be applied was logged, and the next commit moved the position past it.
TEST_P(TrapsTest, AChangeThatCannotBeAppliedHoldsThePosition) {
  Begin({"CREATE TABLE t (id int PRIMARY KEY, v text)", "INSERT INTO t VALUES (1, 'x')"});
  lab_->ExpectEqual("before");
  lab_->host.Exec(
      "CREATE TRIGGER no BEFORE INSERT ON t WHEN new.v = 'bad' BEGIN SELECT raise(ABORT, 'not today'); END");
  const std::string position = lab_->host.Value("SELECT clock || '/' || seq FROM m");
  lab_->Source(
      {"BEGIN", "UPDATE t SET v = 'y'", "INSERT INTO t VALUES (2, 'bad')", "COMMIT", "INSERT INTO t VALUES (3, 'z')"});
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_THAT(lab_->CatchUp(), HasSubstr("with key (id=2)"));
    EXPECT_EQ(lab_->host.Value("SELECT clock || '/' || seq FROM m"), position);
    EXPECT_EQ(Ask("SELECT * FROM t"), (lab::Rows{{"1", "x"}}));
    EXPECT_EQ(lab_->mirror.Status("t", "state"), "error");
  }
  lab_->host.Exec("DROP TRIGGER no");
  lab_->ExpectEqual("once the trigger is gone");
}

// Elsewhere the host's own transaction, or a reader that has the file open, kept the mirror from applying, or from
// starting.
TEST_P(TrapsTest, AReaderOfTheFileDoesNotHinder) {
  Begin({"CREATE TABLE t (id int PRIMARY KEY)"});
  lab_->host.Exec("PRAGMA journal_mode = WAL");
  lab::Host reader(lab_->mirror.dir.File("mirror.db"));
  reader.Exec("BEGIN; SELECT count(*) FROM t");
  lab_->Source({"INSERT INTO t VALUES (1)"});
  lab_->ExpectEqual("while somebody reads");
  EXPECT_EQ(reader.Value("SELECT count(*) FROM t"), "0");
  reader.Exec("COMMIT");
  EXPECT_EQ(reader.Value("SELECT count(*) FROM t"), "1");
  // A mirror that begins in a file that somebody reads.
  const std::string file = lab_->mirror.dir.File("second.db");
  lab::Host second_reader(file);
  second_reader.Exec("PRAGMA journal_mode = WAL; CREATE TABLE own (x); BEGIN; SELECT count(*) FROM own");
  lab::Host second(file);
  second.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", lab_->mirror.Daystream(), "')"));
  second.Exec(lab_->mirror.BootstrapSql("t"));
  lab_->Source({"INSERT INTO t VALUES (2)"});
  lab_->mirror.Stream();
  second.Exec(kCatchUp);
  EXPECT_EQ(second.Value("SELECT count(*) FROM t"), "2");
  second_reader.Exec("COMMIT");
  lab_->host.Exec("BEGIN");
  EXPECT_EQ(lab_->host.Error("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')"),
            "deltamirror cannot run inside a transaction: it commits transactions of its own. COMMIT first");
  lab_->host.Exec("COMMIT");
}

// Elsewhere the file was in a private form. Any SQLite reads ours, without the extension.
TEST_P(TrapsTest, ThePlainShellReadsTheFile) {
  Begin({"CREATE TABLE t (id int PRIMARY KEY, n numeric)", "INSERT INTO t VALUES (1, 1.5)"});
  sqlite3* plain = nullptr;
  ASSERT_EQ(sqlite3_open_v2(lab_->mirror.dir.File("mirror.db").c_str(), &plain, SQLITE_OPEN_READONLY, nullptr),
            SQLITE_OK);
  sqlite3_stmt* query = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(plain, "SELECT n * 2 FROM t", -1, &query, nullptr), SQLITE_OK) << sqlite3_errmsg(plain);
  EXPECT_EQ(sqlite3_step(query), SQLITE_ROW);
  EXPECT_EQ(sqlite3_column_double(query, 0), 3.0);
  sqlite3_finalize(query);
  ASSERT_EQ(sqlite3_prepare_v2(plain, "PRAGMA integrity_check", -1, &query, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_step(query), SQLITE_ROW);
  EXPECT_STREQ(reinterpret_cast<const char*>(sqlite3_column_text(query, 0)), "ok");
  sqlite3_finalize(query);
  sqlite3_close(plain);
}

// Elsewhere each table cost a connection to the server, and each file a slot.
TEST_P(TrapsTest, ManyTablesAndMirrorsTakeOneSlotAndFewConnections) {
  std::vector<std::string> setup;
  for (int i = 0; i < 40; ++i) setup.push_back(absl::StrCat("CREATE TABLE t", i, " (id int PRIMARY KEY)"));
  Begin(setup);
  lab_->host.Exec(absl::StrCat("ATTACH '", lab_->mirror.dir.File("second.db"), "' AS second"));
  for (const std::string mirror : {"m", "n"}) {
    lab_->host.Exec(absl::StrCat("CREATE VIRTUAL TABLE second.", mirror, " USING daystream_apply(source='",
                                 lab_->mirror.Daystream(), "')"));
    const std::string table = mirror == "m" ? "t1" : "t2";
    lab_->host.Exec(
        absl::StrReplaceAll(lab_->mirror.BootstrapSql(table), {{"'m'", absl::StrCat("'second.", mirror, "'")}}));
  }
  std::vector<std::string> rows;
  for (int i = 0; i < 40; ++i) rows.push_back(absl::StrCat("INSERT INTO t", i, " VALUES (", i, ")"));
  lab_->Source(rows);
  const auto connections = [] {
    const std::vector<std::string> parts = absl::StrSplit(server_->Log(), "connection authorized");
    return parts.size();
  };
  const size_t before = connections();
  lab_->mirror.Stream();
  EXPECT_LE(connections(), before + 3);
  lab_->ExpectEqual("after rows of forty tables");
  for (const std::string mirror : {"m", "n"}) {
    lab_->host.Exec(absl::StrCat("SELECT * FROM deltamirror('second.", mirror, "', '{\"until\":\"caught_up\"}')"));
  }
  EXPECT_EQ(Ask("SELECT t1.id, t2.id FROM second.t1, second.t2"), (lab::Rows{{"1", "2"}}));
  EXPECT_EQ(server_->Value("SELECT count(*) FROM pg_replication_slots"), "1");
}

// Elsewhere cleaning up looked at a slot's name alone, and took that of another database.
TEST_P(TrapsTest, ASlotOfAnotherDatabaseStays) {
  Begin({});
  server_->Exec("DROP DATABASE IF EXISTS elsewhere");
  server_->Exec("CREATE DATABASE elsewhere");
  EXPECT_EQ(
      lab_->host.Error(absl::StrCat(
          "SELECT pg_slot_drop(", lab::Literal(absl::StrCat(server_->conninfo(), " dbname=elsewhere")), ", 'mirror')")),
      "pg_slot_drop: replication slot \"mirror\" belongs to database \"postgres\", but the connection is to database "
      "\"elsewhere\"");
  EXPECT_EQ(server_->Value("SELECT count(*) FROM pg_replication_slots"), "1");
}

// Elsewhere making room in the log of changes held up replication. Here old files are removed by whoever likes, while
// both sides are at work.
TEST_P(TrapsTest, OldFilesOfTheLogMayGoMeanwhile) {
  Begin({"CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)"});
  lab_->Source({"INSERT INTO t VALUES (2)"});
  lab_->ExpectEqual("on the first day");
  const auto has_rows = [this](const std::string& rows) {
    return lab::WaitUntil([&] { return lab_->host.Value("SELECT count(*) FROM t") == rows; });
  };
  const auto day_files = [this] {
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(lab_->mirror.Daystream())) {
      if (entry.path().extension() == ".daystream") files.insert(entry.path().string());
    }
    return files;
  };
  seconds_ahead = 86400;
  {
    Running stream(":memory:", absl::StrCat("SELECT * FROM deltastream(", lab::Literal(server_->conninfo()),
                                            ", 'mirror', ", lab::Literal(lab_->mirror.Daystream()), ")"));
    Running mirror(lab_->mirror.dir.File("mirror.db"), "SELECT * FROM deltamirror('m')");
    lab_->Source({"INSERT INTO t VALUES (3)"});
    EXPECT_TRUE(has_rows("3"));
    ASSERT_EQ(day_files().size(), 2u);
    std::filesystem::remove(*day_files().begin());
    lab_->Source({"INSERT INTO t VALUES (4)"});
    EXPECT_TRUE(has_rows("4"));
  }
  lab_->Source({"DELETE FROM t WHERE id = 1"});
  lab_->ExpectEqual("after the next start");
  EXPECT_EQ(day_files().size(), 1u);
  seconds_ahead = 0;
}

// Elsewhere errors were results, which a script takes for success.
TEST_P(TrapsTest, FailuresAreErrors) {
  Begin({});
  EXPECT_THAT(lab_->host.Error("SELECT pg_slot_create('host=/nowhere', 'x')"),
              StartsWith("pg_slot_create: could not connect"));
  EXPECT_THAT(lab_->host.Error(lab_->mirror.BootstrapSql("nix")), StartsWith("deltamirror_bootstrap: table \"nix\""));
  EXPECT_THAT(lab_->host.Error("SELECT * FROM deltamirror('nix')"),
              StartsWith("deltamirror: mirror \"nix\" does not exist"));
  EXPECT_THAT(lab_->host.Error("SELECT * FROM deltastream('host=/nowhere', 'mirror', '/tmp/nowhere/at/all')"),
              StartsWith("deltastream: "));
}

INSTANTIATE_TEST_SUITE_P(Fidelity, TrapsTest, ::testing::Values("deltaflood", "pgoutput"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace deltamirror::fidelity
