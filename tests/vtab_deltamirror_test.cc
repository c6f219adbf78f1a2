// deltamirror(): batches, boundaries, errors, and following a source that grows.

#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/lab/process.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"
#include "tests/mirror_fixture.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

class DeltamirrorTest : public ::testing::Test {
 protected:
  DeltamirrorTest() : source_(dir_.File("log")), file_(dir_.File("cache.db")), host_(file_) {
    lab::WriteFile(source_, "");
    host_.Exec(absl::StrCat(
        "CREATE TABLE zzz (a PRIMARY KEY, b); CREATE VIRTUAL TABLE m USING daystream_apply(source='", source_, "')"));
  }

  // Lines behind their position, which goes on by itself.
  void Append(const std::vector<std::string>& lines) {
    std::ofstream file(source_, std::ios::app);
    for (const std::string& line : lines) file << Line(absl::StrCat("_c 5 _s ", seq_++, " ", line)) << "\n";
  }
  // A transaction of our stream that inserts the keys.
  void Transaction(int xid, const std::vector<std::string>& keys, const std::string& end = "commit") {
    std::vector<std::string> lines;
    for (const std::string& key : keys) lines.push_back(Insert(xid, key));
    if (!end.empty()) lines.push_back(End(xid, end));
    Append(lines);
  }
  static std::string Insert(int xid, const std::string& key, const std::string& value = "v") {
    return absl::StrCat("_table zzz _xid ", xid, " _lsn 0/", xid, " _action insert a ", key, " b ", value);
  }
  static std::string End(int xid, const std::string& end = "commit") {
    return absl::StrCat("_xid ", xid, " _lsn 0/", xid, " _time 1507507200000000 _action ", end);
  }

  static std::string InsertInto(const std::string& table, const std::string& line) {
    return absl::StrCat("INSERT INTO ", table, "(line) VALUES (", lab::Literal(Line(line)), ")");
  }
  static std::string Sql(const std::string& columns, const std::string& options = "") {
    return absl::StrCat("SELECT ", columns, " FROM deltamirror('m', '{\"until\":\"caught_up\"",
                        options.empty() ? "" : ", ", options, "}')");
  }
  lab::Rows Run(const std::string& columns = "records, transactions, inserts", const std::string& options = "") {
    return host_.Query(Sql(columns, options));
  }
  std::string Keys() {
    return host_.Value("SELECT coalesce(group_concat(a, ','), '') FROM (SELECT a FROM zzz ORDER BY a)");
  }

  lab::TempDir dir_;
  const std::string source_;
  const std::string file_;
  lab::Host host_;
  int seq_ = 0;
};

TEST_F(DeltamirrorTest, CatchesUpInOneBatchAndStops) {
  Transaction(1, {"x", "y"});
  Transaction(2, {"z"});
  EXPECT_EQ(Run("records, transactions, inserts, updates, deletes, clock, seq, lsn, commit_time"),
            (lab::Rows{{"5", "2", "3", "0", "0", "5", "4", "0/2", "2017-10-09 00:00:00.000000+00:00"}}));
  EXPECT_EQ(Keys(), "x,y,z");
  EXPECT_EQ(Run(), lab::Rows());
  EXPECT_EQ(host_.Query("SELECT inserts, clock, seq, lag_seconds, state FROM m"),
            (lab::Rows{{"3", "5", "4", "0.0", "live"}}));
}

TEST_F(DeltamirrorTest, ABatchEndsWithASourceTransaction) {
  Transaction(1, {"a", "b", "c"});
  Transaction(2, {"d"});
  Transaction(3, {"e"});
  EXPECT_EQ(Run("records, transactions, seq", "\"batch\":5"), (lab::Rows{{"6", "2", "5"}, {"2", "1", "7"}}));
}

TEST_F(DeltamirrorTest, AnUnfinishedTransactionWaits) {
  Transaction(1, {"x"});
  Transaction(2, {"y"}, "");
  EXPECT_EQ(Run(), (lab::Rows{{"2", "1", "1"}}));
  EXPECT_EQ(Keys(), "x");
  Append({End(2)});
  EXPECT_EQ(Run(), (lab::Rows{{"2", "1", "1"}}));
  EXPECT_EQ(Keys(), "x,y");
}

TEST_F(DeltamirrorTest, ATransactionThatWasRolledBackComesAgain) {
  Transaction(1, {"x"});
  Transaction(2, {"y"}, "rollback");
  Transaction(2, {"y", "z"});
  Run();
  EXPECT_EQ(Keys(), "x,y,z");
  EXPECT_EQ(host_.Value("SELECT inserts FROM m"), "3");
}

TEST_F(DeltamirrorTest, AResentTransactionIsPassedOver) {
  Transaction(1, {"x"});
  Transaction(2, {"y"});
  Run();
  host_.Exec("DELETE FROM zzz");
  Transaction(2, {"y"});
  Transaction(3, {"z"});
  Run();
  EXPECT_EQ(Keys(), "z");
}

// Enough to be read ahead: transactions of all kinds, of which that with number `bad` cannot be applied.
TEST_F(DeltamirrorTest, ABacklogEndsAsLineByLine) {
  const auto write = [this](int first, int last, int bad) {
    for (int xid = first; xid <= last; ++xid) {
      const std::string key = absl::StrCat("k", xid % 997);
      std::vector<std::string> lines;
      for (int change = 0; change < xid % 7; ++change) {
        lines.push_back(Insert(xid, absl::StrCat(key, ".", change), xid % 5 == change ? "two\\nlines" : "one"));
      }
      if (xid == bad) lines.push_back(absl::StrCat("_table zzz _xid ", xid, " _action insert a y nope 1"));
      lines.push_back(End(xid, xid % 11 == 0 ? "rollback" : "commit"));
      Append(lines);
      if (xid % 13 == 0) Append(lines);  // sent again
    }
  };
  write(1, 6000, 0);
  write(6001, 12000, 9007);
  Append({Insert(12001, "unfinished")});
  host_.Exec("CREATE VIRTUAL TABLE one USING daystream_apply()");
  EXPECT_THAT(host_.Error(Sql("*")), HasSubstr("table \"zzz\" has no column \"nope\""));
  EXPECT_LT(std::stoi(host_.Value("SELECT seq FROM m")), seq_);
  host_.Exec("ALTER TABLE zzz ADD COLUMN nope");
  const int64_t before = std::stoll(host_.Value("SELECT inserts FROM m"));
  EXPECT_GT(before, 0);
  Run();
  host_.Exec(absl::StrCat("CREATE TABLE mirrored AS SELECT * FROM zzz; DELETE FROM zzz; ",
                          "INSERT INTO one(line) SELECT line FROM daystream('", source_, "')"));
  EXPECT_EQ(host_.Query("SELECT * FROM mirrored EXCEPT SELECT * FROM zzz LIMIT 3"), lab::Rows());
  EXPECT_EQ(host_.Value("SELECT count(*) FROM mirrored"), host_.Value("SELECT count(*) FROM zzz"));
  EXPECT_EQ(host_.Query("SELECT inserts FROM m"), host_.Query("SELECT inserts FROM one"));
  EXPECT_EQ(host_.Value("SELECT count(*) FROM zzz WHERE a = 'unfinished'"), "0");
}

// Some 5 MB of lines: more than is held.
std::vector<std::string> LargeTransaction(int xid) {
  std::vector<std::string> lines;
  for (int i = 0; i < 50000; ++i) {
    lines.push_back(absl::StrCat("_table zzz _xid ", xid, " _lsn 0/", xid, " _action insert a big", i, " b ",
                                 std::string(60, 'b')));
  }
  return lines;
}

TEST_F(DeltamirrorTest, ALargeTransactionHasABatchOfItsOwn) {
  Transaction(1, {"x"});
  std::vector<std::string> large = LargeTransaction(2);
  large.push_back(End(2));
  Append(large);
  Transaction(3, {"y"});
  EXPECT_EQ(Run(), (lab::Rows{{"2", "1", "1"}, {"50001", "1", "50000"}, {"2", "1", "1"}}));
  EXPECT_EQ(host_.Value("SELECT count(*) FROM zzz"), "50002");
}

TEST_F(DeltamirrorTest, ALargeTransactionCanBeRolledBack) {
  Transaction(1, {"x"});
  std::vector<std::string> large = LargeTransaction(2);
  large.push_back(End(2, "rollback"));
  Append(large);
  Transaction(3, {"y"});
  Run();
  EXPECT_EQ(Keys(), "x,y");
}

TEST_F(DeltamirrorTest, ALargeUnfinishedTransactionIsLeftForTheNextRun) {
  Transaction(1, {"x"});
  Append(LargeTransaction(2));
  EXPECT_EQ(Run(), (lab::Rows{{"2", "1", "1"}}));
  EXPECT_EQ(Keys(), "x");
  Append({End(2)});
  EXPECT_EQ(Run(), (lab::Rows{{"50001", "1", "50000"}}));
}

TEST_F(DeltamirrorTest, WithoutCommitLinesAChangeOfXidIsTheBoundary) {
  Append({"_table zzz _xid 1 _action insert a x b 1", "_table zzz _xid 1 _action replace a x",
          "_table zzz _xid 1 _action update a y b 1", "_table zzz _xid 2 _action insert a z b 1"});
  EXPECT_EQ(Run("records, transactions, inserts, updates, seq", "\"batch\":1"),
            (lab::Rows{{"3", "1", "1", "1", "2"}, {"1", "1", "1", "0", "3"}}));
  EXPECT_EQ(Keys(), "y,z");
}

TEST_F(DeltamirrorTest, WhatCannotBeAppliedStopsTheMirrorAndIsNoted) {
  Transaction(1, {"x"});
  Run();
  Append({"_table zzz _xid 2 _lsn 0/2 _action insert a y nope 1", End(2)});
  const std::string error =
      "deltamirror: could not apply insert to table \"zzz\" with key (a=y) at position (5, 2): table \"zzz\" has no "
      "column \"nope\"";
  EXPECT_EQ(host_.Error(Sql("*")), error);
  EXPECT_EQ(host_.Query("SELECT state, seq FROM m"), (lab::Rows{{"error", "1"}}));
  EXPECT_THAT(host_.Value("SELECT last_error FROM m"), HasSubstr("has no column \"nope\""));
  EXPECT_EQ(Keys(), "x");
  // Mended, it goes on.
  host_.Exec("ALTER TABLE zzz ADD COLUMN nope");
  EXPECT_EQ(Run(), (lab::Rows{{"2", "1", "1"}}));
  EXPECT_EQ(host_.Query("SELECT state, last_error FROM m"), (lab::Rows{{"live", "NULL"}}));
}

TEST_F(DeltamirrorTest, ALineThatIsNoRecordStopsTheMirror) {
  Transaction(1, {"x"});
  Append({"_table zzz _action"});
  EXPECT_THAT(host_.Error(Sql("*")),
              HasSubstr("deltamirror: cannot read the line at position (5, 2): expected key-value pairs"));
  EXPECT_THAT(host_.Error(Sql("*")), HasSubstr(absl::StrCat("of file \"", source_, "\"")));
}

TEST_F(DeltamirrorTest, NeedsAMirrorWithASource) {
  EXPECT_THAT(host_.Error("SELECT * FROM deltamirror('nothing')"),
              HasSubstr("deltamirror: mirror \"nothing\" does not exist. Make it with CREATE VIRTUAL TABLE"));
  host_.Exec("CREATE VIRTUAL TABLE n USING daystream_apply()");
  EXPECT_THAT(host_.Error("SELECT * FROM deltamirror('n')"),
              HasSubstr("deltamirror: mirror \"n\" has no source to read"));
  host_.Exec("CREATE VIRTUAL TABLE o USING daystream_apply(source='/nonexistent/log')");
  EXPECT_THAT(host_.Error("SELECT * FROM deltamirror('o')"), HasSubstr("/nonexistent/log"));
}

TEST_F(DeltamirrorTest, OptionsAreChecked) {
  EXPECT_THAT(host_.Error("SELECT * FROM deltamirror('m', '{\"untl\":\"forever\"}')"),
              HasSubstr("deltamirror: unknown option \"untl\""));
  EXPECT_THAT(host_.Error("SELECT * FROM deltamirror('m', '{\"until\":\"noon\"}')"),
              HasSubstr("deltamirror: invalid value \"noon\" for option \"until\", expected one of \"forever\", "
                        "\"caught_up\""));
  EXPECT_THAT(host_.Error("SELECT * FROM deltamirror('m', '{\"batch\":0}')"),
              HasSubstr("deltamirror: invalid value 0 for option \"batch\""));
}

TEST_F(DeltamirrorTest, NeedsTransactionsOfItsOwn) {
  host_.Exec("BEGIN");
  EXPECT_EQ(host_.Error(Sql("*")),
            "deltamirror cannot run inside a transaction: it commits transactions of its own. COMMIT first");
  host_.Exec("ROLLBACK");
  EXPECT_EQ(host_.Error(absl::StrCat("CREATE TABLE t AS ", Sql("*"))),
            "deltamirror cannot run inside a statement that writes: it commits transactions of its own. Use a plain "
            "SELECT");
}

TEST_F(DeltamirrorTest, MayNotBeUsedFromASchema) {
  host_.Exec("CREATE VIEW v AS SELECT * FROM deltamirror('m')");
  EXPECT_THAT(host_.Error("SELECT * FROM v"), HasSubstr("unsafe use of virtual table \"deltamirror\""));
}

TEST_F(DeltamirrorTest, RefusesAnotherDaystreamThanTheOneItFollowed) {
  const std::string source = dir_.File("stream");
  std::filesystem::create_directory(source);
  lab::WriteFile(source + "/20260101.daystream",
                 Line("_c 1767225600 _s 0 _table zzz _xid 1 _lsn 0/1 _action insert a x b 1\n"
                      "_c 1767225600 _s 1 _xid 1 _lsn 0/1 _action commit\n"));
  const auto describe = [&](const std::string& system) {
    lab::WriteFile(source + "/daystream.json",
                   absl::StrCat("{\"format\":1,\"system_identifier\":\"", system,
                                "\",\"timeline\":1,\"database\":\"prod\",\"slot\":\"mirror\",\"plugin\":\"deltaflood\","
                                "\"tables\":\"\",\"began\":1767225600,\"confirmed_lsn\":\"\"}"));
  };
  describe("7001");
  host_.Exec(absl::StrCat("DROP TABLE m; CREATE VIRTUAL TABLE m USING daystream_apply(source='", source, "')"));
  Run();
  EXPECT_EQ(Keys(), "x");
  describe("7002");
  EXPECT_EQ(host_.Error(Sql("*")),
            absl::StrCat("deltamirror: the daystream \"", source,
                         "\" is of another source: it comes from slot \"mirror\" of database \"prod\" on system 7002, "
                         "but the mirror follows slot \"mirror\" of database \"prod\" on system 7001. Name the right "
                         "daystream, or make a new mirror and bootstrap it"));
}

TEST_F(DeltamirrorTest, ARemovedPositionIsAnError) {
  const std::string source = dir_.File("stream");
  std::filesystem::create_directory(source);
  lab::WriteFile(source + "/20260101.daystream", Line("_c 1767225600 _s 0 _table zzz _xid 1 _action insert a x b 1\n"));
  host_.Exec(absl::StrCat("DROP TABLE m; CREATE VIRTUAL TABLE m USING daystream_apply(source='", source, "')"));
  Run();
  std::filesystem::remove(source + "/20260101.daystream");
  lab::WriteFile(source + "/20260103.daystream", Line("_c 1767398400 _s 0 _table zzz _xid 2 _action insert a y b 1\n"));
  EXPECT_THAT(host_.Error(Sql("*")), HasSubstr("deltamirror: "));
  EXPECT_EQ(Keys(), "x");
}

TEST_F(DeltamirrorTest, AMirrorInAnAttachedDatabase) {
  host_.Exec(absl::StrCat("ATTACH '", dir_.File("aux.db"),
                          "' AS aux; CREATE TABLE aux.zzz (a PRIMARY KEY, b);"
                          "CREATE VIRTUAL TABLE aux.n USING daystream_apply(source='",
                          source_, "')"));
  Transaction(1, {"x"});
  host_.Query("SELECT * FROM deltamirror('aux.n', '{\"until\":\"caught_up\"}')");
  EXPECT_EQ(host_.Value("SELECT group_concat(a) FROM aux.zzz"), "x");
  EXPECT_EQ(Keys(), "");
  // Two mirrors of one source.
  Run();
  EXPECT_EQ(Keys(), "x");
}

TEST_F(DeltamirrorTest, ADatabaseLockedByAnotherWriterIsAClearError) {
  sqlite3_busy_timeout(host_.db(), 0);
  Transaction(1, {"x"});
  lab::Host other(file_);
  other.Exec("BEGIN IMMEDIATE");
  EXPECT_THAT(host_.Error(Sql("*")), HasSubstr("database is locked"));
  other.Exec("ROLLBACK");
  Run();
  EXPECT_EQ(Keys(), "x");
}

TEST_F(DeltamirrorTest, AnInterruptEndsItWithinASecond) {
  Transaction(1, {"x"});
  std::thread interrupter([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    sqlite3_interrupt(host_.db());
  });
  const absl::Time start = absl::Now();
  EXPECT_EQ(host_.Error("SELECT * FROM deltamirror('m')"), "deltamirror: interrupted");
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(1300));
  interrupter.join();
  EXPECT_EQ(Keys(), "x");
  EXPECT_EQ(host_.Value("SELECT state FROM m"), "live");
}

TEST_F(DeltamirrorTest, FollowsASourceThatGrows) {
  lab::Process follower = lab::Process::Shell(file_, "SELECT * FROM deltamirror('m');");
  for (const char* key : {"x", "y", "z"}) {
    Transaction(seq_ + 1, {key});
    EXPECT_TRUE(lab::WaitUntil([&] {
      return host_.Value("SELECT count(*) FROM zzz WHERE a = '" + std::string(key) + "'") == "1";
    })) << follower.Errors();
  }
  // Killed, it goes on where it was.
  follower.Kill();
  follower.Wait();
  Transaction(seq_ + 1, {"after"});
  EXPECT_EQ(Run("records"), (lab::Rows{{"2"}}));
  EXPECT_EQ(Keys(), "after,x,y,z");
}

// A statement that runs for days once kept its read lock for all that time: with a rollback journal nobody else could
// write, and with WAL the first other writer ended it.
TEST_F(DeltamirrorTest, OthersWriteTheSameFileMeanwhile) {
  for (const char* mode : {"delete", "wal"}) {
    host_.Exec(absl::StrCat("PRAGMA journal_mode = ", mode, "; CREATE TABLE IF NOT EXISTS own (x); DELETE FROM own"));
    lab::Process follower = lab::Process::Shell(file_, "SELECT * FROM deltamirror('m');");
    for (int round = 0; round < 3; ++round) {
      const std::string key = absl::StrCat(mode, round);
      Transaction(seq_ + 1, {key});
      EXPECT_TRUE(lab::WaitUntil([&] {
        return host_.Value("SELECT count(*) FROM zzz WHERE a = '" + key + "'") == "1";
      })) << mode
          << follower.Errors();
      host_.Exec("INSERT INTO own VALUES (1)");
    }
    EXPECT_TRUE(follower.Running()) << follower.Errors();
  }
}

TEST_F(DeltamirrorTest, TakesATableThatIsAddedWhileItRuns) {
  host_.Exec("CREATE TABLE yyy (a PRIMARY KEY, b)");
  Append({"_table yyy _xid 1 _lsn 0/1 _action insert a early b 1", End(1)});
  host_.Exec("DROP TABLE m");
  host_.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", source_, "', tables='zzz')"));
  lab::Process follower = lab::Process::Shell(file_, "SELECT * FROM deltamirror('m');");
  Transaction(2, {"x"});
  EXPECT_TRUE(lab::WaitUntil([&] { return Keys() == "x"; })) << follower.Errors();
  // What a bootstrap does: a row for the table, the others' start, and the position set back.
  host_.Exec(
      "BEGIN; UPDATE m_table SET from_clock = 5, from_seq = 3; UPDATE m_state SET clock = 0, seq = -1, lsn = NULL, "
      "number = 0,"
      " generation = generation + 1; INSERT INTO m_table SELECT NULL, schema, 'yyy', 'yyy', 0, '', '{}', 1, 'live', "
      "NULL,"
      " 0, 0, 0, 0, 0, 0, -1, NULL, 0, -1, NULL FROM m_table WHERE name = 'zzz'; DELETE FROM zzz; COMMIT");
  EXPECT_TRUE(lab::WaitUntil([&] { return host_.Value("SELECT count(*) FROM yyy") == "1"; })) << follower.Errors();
  Transaction(3, {"y"});
  EXPECT_TRUE(lab::WaitUntil([&] { return Keys() == "y"; })) << follower.Errors();
}

TEST_F(DeltamirrorTest, WorksInMemoryOnTheHostsConnection) {
  lab::Host host;
  host.Exec(absl::StrCat("CREATE TABLE zzz (a PRIMARY KEY, b); CREATE VIRTUAL TABLE m USING daystream_apply(source='",
                         source_, "')"));
  Transaction(1, {"x"});
  EXPECT_EQ(host.Query(Sql("records")), (lab::Rows{{"2"}}));
  EXPECT_EQ(host.Value("SELECT group_concat(a) FROM zzz"), "x");
}

// A trigger may call what only the host's connection has.
TEST_F(DeltamirrorTest, UsesTheHostsConnectionWhereTriggersNeedIt) {
  sqlite3_create_function_v2(
      host_.db(), "note", 1, SQLITE_UTF8, nullptr,
      [](sqlite3_context* context, int, sqlite3_value** values) { sqlite3_result_value(context, values[0]); }, nullptr,
      nullptr, nullptr);
  host_.Exec(
      "CREATE TABLE log (x); CREATE TRIGGER r AFTER INSERT ON zzz BEGIN INSERT INTO log VALUES (note(new.a)); END");
  Transaction(1, {"x"});
  host_.Exec(InsertInto("m", "_c 4 _s 0 _table zzz _xid 1 _action insert a first b 1"));
  Run();
  EXPECT_EQ(host_.Value("SELECT group_concat(x) FROM log"), "first,x");
}

TEST_F(DeltamirrorTest, AnIdleSourceEndsTheLastTransactionWithoutCommitLines) {
  lab::Process follower = lab::Process::Shell(file_, "SELECT * FROM deltamirror('m');");
  Append({"_table zzz _xid 1 _action insert a x b 1", "_table zzz _xid 1 _action insert a y b 1"});
  EXPECT_TRUE(lab::WaitUntil([&] { return Keys() == "x,y"; })) << follower.Errors();
}

}  // namespace
}  // namespace deltamirror
