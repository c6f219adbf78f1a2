// deltastream() on a real server: slot to daystream, end to end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "daystream/reader.h"
#include "tests/daystream_content.h"
#include "tests/deltastream_fixture.h"
#include "tests/lab/artefacts.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/lab/process.h"
#include "tests/lab/sanitized.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"
#include "types/lsn.h"

namespace deltamirror {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(DeltastreamTest, MovesWholeTransactionsInOrder) {
  cluster_->Exec("INSERT INTO zzz VALUES (1, 'fox')");
  cluster_->Exec("BEGIN; UPDATE zzz SET b = 'hen' WHERE a = 1; DELETE FROM zzz WHERE a = 1; COMMIT");
  cluster_->Exec("BEGIN; INSERT INTO zzz VALUES (2, 'gone'); ROLLBACK");
  EXPECT_EQ(CatchUp(), "6 2") << "relation, insert, commit; update, delete, commit";
  EXPECT_EQ(ReadContent(Stream()).committed, (std::vector<std::string>{"insert a=1", "update a=1", "delete a=1"}));
  EXPECT_GT(Confirmed(), ReadContent(Stream()).last_commit) << "what is safe is confirmed at the end";
}

TEST_F(DeltastreamTest, RowsTellOfDurableBatches) {
  Insert(1, 10);
  const lab::Rows rows = host_.Query(absl::StrCat("SELECT * ", From(R"({"until":"caught_up"})")));
  ASSERT_EQ(rows.size(), 1u);
  ASSERT_EQ(rows[0].size(), 9u);
  EXPECT_EQ(rows[0][0], "12");
  EXPECT_EQ(rows[0][1], "1");
  EXPECT_EQ(rows[0][4], "11") << "seq of the last line";
  EXPECT_GT(*types::ParseLsn(rows[0][5]), ReadContent(Stream()).last_commit);
  EXPECT_EQ(rows[0][6], "0") << "nothing is left behind";
  EXPECT_EQ(rows[0][7], "streaming");
  EXPECT_EQ(rows[0][8], "NULL") << "nothing has happened";
}

TEST_F(DeltastreamTest, StartsAgainWhereItWasWithNothingLostOrTwice) {
  for (int round = 0; round < 5; ++round) {
    Insert(10 * round, 10 * round + 9);
    CatchUp();
  }
  EXPECT_EQ(CatchUp(), "0 0");
  EXPECT_EQ(ReadContent(Stream()).committed.size(), 50u);
  EXPECT_EQ(ReadContent(Stream()).rollbacks, 0);
}

TEST_F(DeltastreamTest, IdleServerIsCaughtUpAtOnce) {
  const absl::Time begin = absl::Now();
  EXPECT_EQ(CatchUp(), "0 0");
  EXPECT_LT(absl::Now() - begin, absl::Seconds(3));
}

TEST_F(DeltastreamTest, StopsAtAnLsn) {
  Insert(1, 1);
  const std::string lsn = cluster_->Value("SELECT pg_current_wal_lsn()");
  Insert(2, 2);
  CatchUp(absl::StrCat(R"({"until":")", lsn, R"("})"));
  EXPECT_EQ(ReadContent(Stream()).committed, (std::vector<std::string>{"insert a=1"}));
  CatchUp();
  EXPECT_EQ(ReadContent(Stream()).committed, (std::vector<std::string>{"insert a=1", "insert a=2"}));
}

TEST_F(DeltastreamTest, IdleKeepalivesAdvanceTheSlot) {
  cluster_->Exec("CREATE TABLE IF NOT EXISTS other (x int)");
  cluster_->Exec("SELECT pg_drop_replication_slot('mirror')");
  CreateSlot(R"({"tables":"zzz"})");  // for a table that nothing touches
  auto stream = Run("{}");
  ASSERT_TRUE(lab::WaitUntil(SlotIsActive));
  for (int i = 0; i < 3; ++i) {
    cluster_->Exec("INSERT INTO other SELECT generate_series(1, 1000)");
    const std::string end = cluster_->Value("SELECT pg_current_wal_lsn()");
    EXPECT_TRUE(lab::WaitUntil([&] { return SlotValue(absl::StrCat("confirmed_flush_lsn >= '", end, "'")) == "t"; }))
        << "the slot does not hold WAL that has nothing for it";
  }
  Confirmed();
  stream->Kill(SIGINT);
  stream->Wait();
  EXPECT_EQ(ReadContent(Stream()).commits, 0);
}

TEST_F(DeltastreamTest, TablesOfTheSlotAreAskedFor) {
  LAB_NEEDS_DELTAFLOOD();
  cluster_->Exec("CREATE SCHEMA IF NOT EXISTS ops; CREATE TABLE IF NOT EXISTS ops.crew (id int PRIMARY KEY)");
  cluster_->Exec("SELECT pg_drop_replication_slot('mirror')");
  CreateSlot(R"({"tables":"ops.*"})");
  Insert(1, 1);
  cluster_->Exec("TRUNCATE ops.crew; INSERT INTO ops.crew VALUES (7)");
  CatchUp();
  const Content content = ReadContent(Stream());
  EXPECT_EQ(content.committed.back(), "insert id=7");
  for (const std::string& change : content.committed) EXPECT_FALSE(absl::StrContains(change, "a=")) << change;
  Insert(2, 2);
  CatchUp(R"({"until":"caught_up","tables":"zzz"})");
  EXPECT_EQ(ReadContent(Stream()).committed.back(), "insert a=2") << "the option comes first";
}

TEST_F(DeltastreamTest, KilledInTheMiddleOfATransaction) {
  Insert(1, 1000);
  // Slow enough to be killed on its way: the server waits for us.
  cluster_->Exec("INSERT INTO zzz SELECT g, repeat('x', 1000) FROM generate_series(1001, 150000) g");
  Insert(150001, 150010);
  auto stream = Run("{}");
  ASSERT_TRUE(lab::WaitUntil([this] { return Size() > 10 << 20; }));
  stream->Kill(SIGKILL);
  EXPECT_EQ(stream->Wait(), 128 + SIGKILL);
  const Content cut = ReadContent(Stream());
  EXPECT_EQ(cut.commits, 1) << "the large transaction is under way";
  EXPECT_LE(Confirmed(), *types::ParseLsn(cluster_->Value("SELECT pg_current_wal_lsn()")));
  CatchUp();
  const Content content = ReadContent(Stream());
  EXPECT_EQ(content.committed.size(), 150010u);
  EXPECT_EQ(content.commits, 3);
  EXPECT_EQ(content.rollbacks, 1) << "what was cut off is closed, and comes again in full";
}

TEST_F(DeltastreamTest, KilledAgainAndAgainUnderLoad) {
  const uint64_t beginning = Confirmed();
  lab::Process writer({"psql", "-Xqd", cluster_->conninfo()}, Inserts(3000));
  for (int round = 0; round < 6; ++round) {
    const int64_t before = Size();
    auto stream = Run(R"({"status_interval":1})");
    lab::WaitUntil([&] { return Size() > before; }, absl::Seconds(1));
    absl::SleepFor(absl::Milliseconds(100 + 130 * round));
    stream->Kill(SIGKILL);
    stream->Wait();
    // A slow start may be killed before it has anything.
    EXPECT_LE(Confirmed(), std::max(beginning, ReadContent(Stream()).last_commit + 1000))
        << "never ahead of what is there";
  }
  EXPECT_EQ(writer.Wait(), 0) << writer.Errors();
  CatchUp();
  const Content content = ReadContent(Stream());
  EXPECT_EQ(content.committed.size(), 3000u);
  EXPECT_EQ(content.commits, 3000);
}

TEST_F(DeltastreamTest, InterruptEndsItWithEverythingConfirmed) {
  Insert(1, 100);
  std::thread interrupter([this] {
    EXPECT_TRUE(lab::WaitUntil([this] { return ReadContent(Stream()).commits == 1; }));
    sqlite3_interrupt(host_.db());
  });
  const absl::Time begin = absl::Now();
  // SQLite notices it, too, between two rows.
  EXPECT_THAT(Error(), AnyOf("deltastream: interrupted", "interrupted"));
  EXPECT_EQ(sqlite3_errcode(host_.db()), SQLITE_INTERRUPT);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  interrupter.join();
  EXPECT_GT(Confirmed(), ReadContent(Stream()).last_commit);
  EXPECT_EQ(SlotValue("active"), "f") << "the slot is free at once";
}

TEST_F(DeltastreamTest, AStatementThatIsGivenUpHasConfirmedWhatItGave) {
  Insert(1, 100);
  sqlite3_stmt* statement = nullptr;
  const std::string sql = absl::StrCat("SELECT * ", From("{}"));
  ASSERT_EQ(sqlite3_prepare_v2(host_.db(), sql.c_str(), -1, &statement, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW) << sqlite3_errmsg(host_.db());
  EXPECT_EQ(sqlite3_finalize(statement), SQLITE_OK);
  EXPECT_EQ(ReadContent(Stream()).committed.size(), 100u);
  EXPECT_GT(Confirmed(), ReadContent(Stream()).last_commit);
  EXPECT_EQ(SlotValue("active"), "f") << "the slot is free at once";
}

TEST_F(DeltastreamTest, LargeTransactionInBoundedMemory) {
  Insert(1, 300000);
  auto stream = Run(R"({"until":"caught_up"})");
  int64_t peak = 0;
  while (stream->Running()) {
    peak = std::max(peak, stream->PeakMemory());
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_EQ(stream->Wait(), 0) << stream->Errors();
  EXPECT_EQ(ReadContent(Stream()).committed.size(), 300000u);
  EXPECT_GT(peak, 0);
  if (!lab::IsSanitized()) {
    EXPECT_LT(peak, 32 << 20);
  }
}

TEST_F(DeltastreamTest, CommitsAreVisibleWithinMilliseconds) {
  auto stream = Run("{}");
  ASSERT_TRUE(lab::WaitUntil(SlotIsActive));
  lab::Session session(*cluster_);
  auto reader = daystream::Reader::Open(Stream(), {});
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::vector<absl::Duration> times;
  for (int i = 0; i < 50; ++i) {
    session.Exec(absl::StrCat("INSERT INTO zzz VALUES (", i, ", 'now')"));
    const absl::Time committed = absl::Now();
    daystream::Line line;
    bool seen = false;
    while (!seen && absl::Now() - committed < absl::Seconds(5)) {
      while (*(*reader)->Next(&line)) seen = seen || absl::EndsWith(line.text, "_action\tcommit");
    }
    ASSERT_TRUE(seen);
    times.push_back(absl::Now() - committed);
  }
  std::sort(times.begin(), times.end());
  // A fraction of a millisecond on a quiet machine; tests do not run on one.
  EXPECT_LT(times[25], absl::Milliseconds(20));
  stream->Kill(SIGINT);
  stream->Wait();
}

TEST_F(DeltastreamTest, FullDiskIsAnErrorAndNothingIsConfirmedThatIsNotThere) {
  Insert(1, 10);
  CatchUp();
  const uint64_t confirmed = Confirmed();
  Insert(11, 50000);
  // As full as a disk can be made without owning it: files of at most 512 KiB.
  lab::Process limited(
      {"sh", "-c", "trap '' XFSZ; ulimit -f 1024; LD_PRELOAD=$DELTAMIRROR_PRELOAD exec sqlite3 -batch -bail"},
      absl::StrCat(".load ", lab::ExtensionPath(), "\nSELECT * ", From("{}"), ";\n"));
  EXPECT_EQ(limited.Wait(), 1);
  EXPECT_THAT(limited.Errors(), AllOf(HasSubstr("deltastream: could not write file \""), HasSubstr(Stream()),
                                      HasSubstr("File too large")));
  EXPECT_EQ(Confirmed(), confirmed);
  EXPECT_EQ(ReadContent(Stream()).committed.size(), 10u);
  CatchUp();
  EXPECT_EQ(ReadContent(Stream()).committed.size(), 50000u);
}

TEST_F(DeltastreamTest, TemporarySlotLivesUntilItWasRead) {
  cluster_->Exec("SELECT pg_drop_replication_slot('mirror')");
  CreateSlot(R"({"temporary":true,"tables":"zzz"})");
  EXPECT_EQ(SlotValue("temporary"), "t");
  Insert(1, 3);
  EXPECT_EQ(CatchUp(), "5 1");
  EXPECT_TRUE(lab::WaitUntil([] { return SlotValue("count(*)") == "0"; }));
  CreateSlot(R"({"temporary":true})");
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT pg_slot_drop(", lab::Literal(cluster_->conninfo()), ", 'mirror')")), "1");
  {
    lab::Host other;
    other.Value(absl::StrCat("SELECT pg_slot_create(", lab::Literal(cluster_->conninfo()),
                             R"(, 'mirror', '{"temporary":true}'))"));
    EXPECT_EQ(SlotValue("count(*)"), "1");
  }
  EXPECT_TRUE(lab::WaitUntil([] { return SlotValue("count(*)") == "0"; })) << "it goes with its owner";
}

TEST_F(DeltastreamTest, LagIsWhatIsStillToCome) {
  for (int i = 0; i < 4; ++i) Insert(100000 * i, 100000 * i + 99999);
  const lab::Rows rows = host_.Query(absl::StrCat("SELECT lag_bytes ", From(R"({"until":"caught_up"})")));
  ASSERT_GE(rows.size(), 2u);
  int64_t lag = 0;
  EXPECT_TRUE(absl::SimpleAtoi(rows[0][0], &lag));
  EXPECT_GT(lag, 8 << 20);
  // The server writes some WAL by itself, which nobody is told of: what transactions are running, and what autovacuum
  // and checkpoints do.
  EXPECT_TRUE(absl::SimpleAtoi(rows.back()[0], &lag));
  EXPECT_LT(lag, 4 << 20);
}

TEST_F(DeltastreamTest, ArgumentsThatDoNotFit) {
  EXPECT_EQ(host_.Error("SELECT * FROM deltastream('', 'mirror')"),
            "deltastream: expected the arguments conninfo, slot, destination and, if wanted, options, like "
            "deltastream('dbname=prod', 'mirror', '/var/lib/daystream')");
  EXPECT_THAT(
      Error(R"({"until":"tomorrow"})"),
      HasSubstr("invalid value \"tomorrow\" for option \"until\", expected \"forever\", \"caught_up\" or an LSN"));
  EXPECT_THAT(Error(R"({"untl":"caught_up"})"), HasSubstr("unknown option \"untl\""));
  EXPECT_THAT(Error(R"({"status_interval":0})"),
              HasSubstr("invalid value 0 for option \"status_interval\", expected a whole number from 1 to 3600"));
  EXPECT_THAT(Error(R"({"tables":","})"), HasSubstr("invalid list of tables"));
  if (!lab::PluginPath().empty()) {
    EXPECT_THAT(Error(R"({"publication":"p"})"), HasSubstr("is for plugin \"pgoutput\""));
  }
  EXPECT_THAT(host_.Error("SELECT * FROM deltastream('', NULL, '/tmp/x')"),
              HasSubstr("expected the name of a replication slot as second argument"));
  EXPECT_THAT(host_.Error("SELECT * FROM deltastream('file:/x', 'mirror', '/tmp/x')"),
              HasSubstr("expected NULL as second argument, got \"mirror\""));
  EXPECT_THAT(host_.Error("SELECT * FROM deltastream('file:/x', NULL, '/tmp/x', '{\"until\":\"caught_up\"}')"),
              HasSubstr("unknown option \"until\""));
  EXPECT_THAT(Error(R"({"until":"caught_up","tables":"no such list"})"), HasSubstr("deltastream: "));
}

TEST_F(DeltastreamTest, PasswordsAreNeverShown) {
  const std::string error =
      host_.Error(absl::StrCat("SELECT * ", From("{}", "host=/nowhere dbname=prod password=sesame")));
  EXPECT_THAT(error, AllOf(HasSubstr("deltastream: could not connect to the server"), Not(HasSubstr("sesame"))));
}

TEST_F(DeltastreamTest, LinesThatPgRecvlogicalPrints) {
  LAB_NEEDS_DELTAFLOOD();
  Insert(1, 5);
  const std::string end = cluster_->Value("SELECT pg_current_wal_lsn()");
  lab::Process receive({"sh", "-c",
                        absl::StrCat("pg_recvlogical -d '", cluster_->conninfo(), "' -S mirror --start -E ", end,
                                     " --no-loop -o mirror -f - > ", dir_.File("lines"))});
  ASSERT_EQ(receive.Wait(), 0) << receive.Errors();
  EXPECT_EQ(host_.Query(absl::StrCat("SELECT sum(records), sum(transactions), max(lag_bytes) FROM deltastream('file:",
                                     dir_.File("lines"), "', NULL, ", lab::Literal(Stream()), ")")),
            (lab::Rows{{"7", "1", "NULL"}}));
  EXPECT_EQ(ReadContent(Stream()).committed.size(), 5u);
}

TEST_F(DeltastreamTest, MayNotBeReachedFromASchema) {
  host_.Exec(absl::StrCat("CREATE VIEW v AS SELECT * ", From("{}")));
  EXPECT_THAT(host_.Error("SELECT * FROM v"), HasSubstr("unsafe use of virtual table \"deltastream\""));
}

}  // namespace
}  // namespace deltamirror
