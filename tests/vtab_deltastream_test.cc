// deltastream() on a real server: slot to daystream, end to end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "daystream/files.h"
#include "daystream/reader.h"
#include "daystream/source.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "tests/lab/artefacts.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/process.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"
#include "types/lsn.h"

namespace deltamirror {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// What a reader makes of a daystream: whole transactions only.
struct Content {
  std::vector<std::string> committed;  // "insert a=1": changes of committed transactions, in order
  int64_t commits = 0;
  int64_t rollbacks = 0;
  uint64_t last_commit = 0;  // LSN
};

Content Read(const std::string& path) {
  Content content;
  auto reader = daystream::Reader::Open(path, {});
  if (!reader.ok()) return content;
  std::vector<std::string> open;
  daystream::Line line;
  deltaflood::Parser parser;
  deltaflood::Record record;
  while (true) {
    const absl::StatusOr<bool> got = (*reader)->Next(&line);
    EXPECT_TRUE(got.ok()) << got.status();
    if (!got.ok() || !*got) return content;
    EXPECT_TRUE(parser.Parse(line.record_text, &record).ok()) << line.text;
    switch (record.action) {
      case deltaflood::Action::kCommit:
        EXPECT_GT(record.lsn, content.last_commit) << "transactions come once, in the order of their commits";
        content.last_commit = record.lsn;
        ++content.commits;
        content.committed.insert(content.committed.end(), open.begin(), open.end());
        open.clear();
        break;
      case deltaflood::Action::kRollback:
        ++content.rollbacks;
        open.clear();
        break;
      case deltaflood::Action::kRelation:
        break;
      default:
        open.push_back(absl::StrCat(deltaflood::ActionName(record.action), " ", record.columns[0].name, "=",
                                    record.columns[0].value));
    }
  }
}

class DeltastreamTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster(); }
  static void TearDownTestSuite() {
    delete cluster_;
    cluster_ = nullptr;
  }

  void SetUp() override {
    cluster_->Exec("DROP TABLE IF EXISTS zzz; CREATE TABLE zzz (a integer PRIMARY KEY, b text)");
    CreateSlot("{}");
  }

  void TearDown() override {
    ASSERT_TRUE(lab::WaitUntil([] { return SlotValue("count(*) FILTER (WHERE active)") == "0"; }));
    cluster_->Exec("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
    cluster_->Exec("DROP SCHEMA IF EXISTS deltamirror CASCADE");
  }

  void CreateSlot(const std::string& options) {
    host_.Value(absl::StrCat("SELECT pg_slot_create(", lab::Literal(cluster_->conninfo()), ", 'mirror', ",
                             lab::Literal(options), ")"));
  }

  std::string Stream() const { return dir_.File("ds"); }

  std::string From(const std::string& options, const std::string& conninfo = cluster_->conninfo()) const {
    return absl::StrCat("FROM deltastream(", lab::Literal(conninfo), ", 'mirror', ", lab::Literal(Stream()), ", ",
                        lab::Literal(options), ")");
  }

  // "records transactions" of all rows.
  std::string CatchUp(const std::string& options = R"({"until":"caught_up"})") {
    return host_.Value(
        absl::StrCat("SELECT ifnull(sum(records), 0) || ' ' || ifnull(sum(transactions), 0) ", From(options)));
  }

  std::string Error(const std::string& options = "{}") { return host_.Error(absl::StrCat("SELECT * ", From(options))); }

  std::unique_ptr<lab::Process> Run(const std::string& options) {
    return std::unique_ptr<lab::Process>(
        new lab::Process(lab::Process::Shell("", absl::StrCat("SELECT * ", From(options), ";"))));
  }

  void Insert(int from, int to) {
    cluster_->Exec(absl::StrCat("INSERT INTO zzz SELECT g, 'row ' || g FROM generate_series(", from, ", ", to, ") g"));
  }

  // The same slot for a table that nothing touches.
  void CreateSlotForNothing() {
    cluster_->Exec("SELECT pg_drop_replication_slot('mirror')");
    CreateSlot(R"({"tables":"zzz"})");
  }

  static std::string Inserts(int count) {
    std::string sql;
    for (int i = 0; i < count; ++i) absl::StrAppend(&sql, "INSERT INTO zzz VALUES (", i, ", 'row');\n");
    return sql;
  }

  // Bytes in the day files.
  int64_t Size() const {
    int64_t size = 0;
    const auto files = daystream::ListDayFiles(Stream());
    if (!files.ok()) return 0;
    struct stat status;
    for (const std::string& name : *files) {
      if (stat(absl::StrCat(Stream(), "/", name).c_str(), &status) == 0) size += status.st_size;
    }
    return size;
  }

  static std::string SlotValue(const std::string& expression) {
    return cluster_->Value(absl::StrCat("SELECT ", expression, " FROM pg_replication_slots"));
  }

  // The slot's confirmed LSN, which may never lie behind what the daystream says of itself.
  uint64_t Confirmed() {
    const uint64_t confirmed = *types::ParseLsn(SlotValue("confirmed_flush_lsn"));
    const auto info = daystream::LoadSourceInfo(Stream());
    EXPECT_TRUE(info.ok()) << info.status();
    EXPECT_LE(confirmed, *types::ParseLsn(info->confirmed_lsn));
    return confirmed;
  }

  static lab::Cluster* cluster_;
  lab::TempDir dir_;
  lab::Host host_;
};

lab::Cluster* DeltastreamTest::cluster_ = nullptr;

TEST_F(DeltastreamTest, MovesWholeTransactionsInOrder) {
  cluster_->Exec("INSERT INTO zzz VALUES (1, 'fox')");
  cluster_->Exec("BEGIN; UPDATE zzz SET b = 'hen' WHERE a = 1; DELETE FROM zzz WHERE a = 1; COMMIT");
  cluster_->Exec("BEGIN; INSERT INTO zzz VALUES (2, 'gone'); ROLLBACK");
  EXPECT_EQ(CatchUp(), "6 2") << "relation, insert, commit; update, delete, commit";
  EXPECT_EQ(Read(Stream()).committed, (std::vector<std::string>{"insert a=1", "update a=1", "delete a=1"}));
  EXPECT_GT(Confirmed(), Read(Stream()).last_commit) << "what is safe is confirmed at the end";
}

TEST_F(DeltastreamTest, RowsTellOfDurableBatches) {
  Insert(1, 10);
  const lab::Rows rows = host_.Query(absl::StrCat("SELECT * ", From(R"({"until":"caught_up"})")));
  ASSERT_EQ(rows.size(), 1u);
  ASSERT_EQ(rows[0].size(), 7u);
  EXPECT_EQ(rows[0][0], "12");
  EXPECT_EQ(rows[0][1], "1");
  EXPECT_EQ(rows[0][4], "11") << "seq of the last line";
  EXPECT_GT(*types::ParseLsn(rows[0][5]), Read(Stream()).last_commit);
  EXPECT_EQ(rows[0][6], "0") << "nothing is left behind";
}

TEST_F(DeltastreamTest, StartsAgainWhereItWasWithNothingLostOrTwice) {
  for (int round = 0; round < 5; ++round) {
    Insert(10 * round, 10 * round + 9);
    CatchUp();
  }
  EXPECT_EQ(CatchUp(), "0 0");
  EXPECT_EQ(Read(Stream()).committed.size(), 50u);
  EXPECT_EQ(Read(Stream()).rollbacks, 0);
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
  EXPECT_EQ(Read(Stream()).committed, (std::vector<std::string>{"insert a=1"}));
  CatchUp();
  EXPECT_EQ(Read(Stream()).committed, (std::vector<std::string>{"insert a=1", "insert a=2"}));
}

TEST_F(DeltastreamTest, IdleKeepalivesAdvanceTheSlot) {
  cluster_->Exec("CREATE TABLE IF NOT EXISTS other (x int)");
  CreateSlotForNothing();
  auto stream = Run("{}");
  ASSERT_TRUE(lab::WaitUntil([] { return SlotValue("active") == "t"; }));
  for (int i = 0; i < 3; ++i) {
    cluster_->Exec("INSERT INTO other SELECT generate_series(1, 1000)");
    const std::string end = cluster_->Value("SELECT pg_current_wal_lsn()");
    EXPECT_TRUE(lab::WaitUntil([&] { return SlotValue(absl::StrCat("confirmed_flush_lsn >= '", end, "'")) == "t"; }))
        << "the slot does not hold WAL that has nothing for it";
  }
  Confirmed();
  stream->Kill(SIGINT);
  stream->Wait();
  EXPECT_EQ(Read(Stream()).commits, 0);
}

TEST_F(DeltastreamTest, TablesOfTheSlotAreAskedFor) {
  cluster_->Exec("CREATE SCHEMA IF NOT EXISTS ops; CREATE TABLE IF NOT EXISTS ops.crew (id int PRIMARY KEY)");
  cluster_->Exec("SELECT pg_drop_replication_slot('mirror')");
  CreateSlot(R"({"tables":"ops.*"})");
  Insert(1, 1);
  cluster_->Exec("TRUNCATE ops.crew; INSERT INTO ops.crew VALUES (7)");
  CatchUp();
  const Content content = Read(Stream());
  EXPECT_EQ(content.committed.back(), "insert id=7");
  for (const std::string& change : content.committed) EXPECT_FALSE(absl::StrContains(change, "a=")) << change;
  Insert(2, 2);
  CatchUp(R"({"until":"caught_up","tables":"zzz"})");
  EXPECT_EQ(Read(Stream()).committed.back(), "insert a=2") << "the option comes first";
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
  const Content cut = Read(Stream());
  EXPECT_EQ(cut.commits, 1) << "the large transaction is under way";
  EXPECT_LE(Confirmed(), *types::ParseLsn(cluster_->Value("SELECT pg_current_wal_lsn()")));
  CatchUp();
  const Content content = Read(Stream());
  EXPECT_EQ(content.committed.size(), 150010u);
  EXPECT_EQ(content.commits, 3);
  EXPECT_EQ(content.rollbacks, 1) << "what was cut off is closed, and comes again in full";
}

TEST_F(DeltastreamTest, KilledAgainAndAgainUnderLoad) {
  lab::Process writer({"psql", "-Xqd", cluster_->conninfo()}, Inserts(3000));
  for (int round = 0; round < 6; ++round) {
    const int64_t before = Size();
    auto stream = Run(R"({"status_interval":1})");
    lab::WaitUntil([&] { return Size() > before; }, absl::Seconds(1));
    absl::SleepFor(absl::Milliseconds(100 + 130 * round));
    stream->Kill(SIGKILL);
    stream->Wait();
    EXPECT_LE(Confirmed(), Read(Stream()).last_commit + 1000) << "never ahead of what is there";
  }
  EXPECT_EQ(writer.Wait(), 0) << writer.Errors();
  CatchUp();
  const Content content = Read(Stream());
  EXPECT_EQ(content.committed.size(), 3000u);
  EXPECT_EQ(content.commits, 3000);
}

TEST_F(DeltastreamTest, InterruptEndsItWithEverythingConfirmed) {
  Insert(1, 100);
  std::thread interrupter([this] {
    EXPECT_TRUE(lab::WaitUntil([this] { return Read(Stream()).commits == 1; }));
    sqlite3_interrupt(host_.db());
  });
  const absl::Time begin = absl::Now();
  EXPECT_EQ(Error(), "deltastream: interrupted");
  EXPECT_EQ(sqlite3_errcode(host_.db()), SQLITE_INTERRUPT);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  interrupter.join();
  EXPECT_GT(Confirmed(), Read(Stream()).last_commit);
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
  EXPECT_EQ(Read(Stream()).committed.size(), 300000u);
  EXPECT_GT(peak, 0);
  EXPECT_LT(peak, 32 << 20);
}

TEST_F(DeltastreamTest, CommitsAreVisibleWithinMilliseconds) {
  auto stream = Run("{}");
  ASSERT_TRUE(lab::WaitUntil([] { return SlotValue("active") == "t"; }));
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
  lab::Process limited({"sh", "-c", "trap '' XFSZ; ulimit -f 1024; exec sqlite3 -batch -bail"},
                       absl::StrCat(".load ", lab::ExtensionPath(), "\nSELECT * ", From("{}"), ";\n"));
  EXPECT_EQ(limited.Wait(), 1);
  EXPECT_THAT(limited.Errors(), AllOf(HasSubstr("deltastream: could not write file \""), HasSubstr(Stream()),
                                      HasSubstr("File too large")));
  EXPECT_EQ(Confirmed(), confirmed);
  EXPECT_EQ(Read(Stream()).committed.size(), 10u);
  CatchUp();
  EXPECT_EQ(Read(Stream()).committed.size(), 50000u);
}

TEST_F(DeltastreamTest, TwoWritersAreRefused) {
  auto stream = Run("{}");
  ASSERT_TRUE(lab::WaitUntil([] { return SlotValue("active") == "t"; }));
  const std::string pid = SlotValue("active_pid");
  EXPECT_EQ(Error(), absl::StrCat("deltastream: replication slot \"mirror\" is in use by PID ", pid,
                                  " of the server. Only one deltastream can read a slot at a time"));
  EXPECT_TRUE(stream->Running());
  stream->Kill(SIGINT);
  stream->Wait();
}

TEST_F(DeltastreamTest, OneDestinationHasOneWriter) {
  auto stream = Run("{}");
  ASSERT_TRUE(lab::WaitUntil([] { return SlotValue("active") == "t"; }));
  cluster_->Exec("SELECT pg_create_logical_replication_slot('second', 'deltaflood')");
  EXPECT_THAT(host_.Error(absl::StrCat("SELECT * FROM deltastream(", lab::Literal(cluster_->conninfo()), ", 'second', ",
                                       lab::Literal(Stream()), ")")),
              AllOf(HasSubstr("deltastream: "), HasSubstr(Stream())));
  stream->Kill(SIGINT);
  stream->Wait();
}

TEST_F(DeltastreamTest, MissingSlot) {
  EXPECT_EQ(host_.Error(absl::StrCat("SELECT * FROM deltastream(", lab::Literal(cluster_->conninfo()), ", 'nobody', ",
                                     lab::Literal(Stream()), ")")),
            "deltastream: replication slot \"nobody\" does not exist. Make it with pg_slot_create(conninfo, "
            "'nobody')");
  EXPECT_EQ(access(Stream().c_str(), F_OK), -1) << "no daystream is begun for it";
}

TEST_F(DeltastreamTest, SlotMadeAnewIsRefused) {
  Insert(1, 1);
  CatchUp();
  cluster_->Exec("SELECT pg_drop_replication_slot('mirror')");
  Insert(2, 2);
  CreateSlot("{}");
  EXPECT_THAT(Error(R"({"until":"caught_up"})"),
              AllOf(HasSubstr("deltastream: replication slot \"mirror\" begins at "),
                    HasSubstr("the changes between them would be missing. The slot was made anew"),
                    HasSubstr("new, empty folder as the destination and bootstrap the mirrors again")));
}

TEST_F(DeltastreamTest, SlotThatSomethingElseHasReadIsRefused) {
  CatchUp();
  Insert(1, 1);
  cluster_->Exec("SELECT pg_replication_slot_advance('mirror', pg_current_wal_lsn())");
  EXPECT_THAT(Error(R"({"until":"caught_up"})"), HasSubstr("or something else has read it"));
}

TEST_F(DeltastreamTest, RestartedServerIsWaitedFor) {
  auto stream = Run("{}");
  Insert(1, 10);
  ASSERT_TRUE(lab::WaitUntil([this] { return Read(Stream()).commits == 1; }));
  cluster_->Restart();
  Insert(11, 20);
  EXPECT_TRUE(lab::WaitUntil([this] { return Read(Stream()).commits == 2; }));
  cluster_->Restart("immediate");
  Insert(21, 30);
  EXPECT_TRUE(lab::WaitUntil([this] { return Read(Stream()).commits == 3; }));
  EXPECT_TRUE(stream->Running()) << stream->Errors();
  EXPECT_EQ(Read(Stream()).committed.size(), 30u);
  stream->Kill(SIGINT);
  stream->Wait();
}

TEST_F(DeltastreamTest, ServerShutsDownWithoutWaitingForUs) {
  auto stream = Run("{}");
  ASSERT_TRUE(lab::WaitUntil([] { return SlotValue("active") == "t"; }));
  Insert(1, 10);
  const absl::Time begin = absl::Now();
  cluster_->Stop();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
  stream->Kill(SIGINT);
  stream->Wait();
  cluster_->Start();
  CatchUp();
  EXPECT_EQ(Read(Stream()).committed.size(), 10u);
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
  EXPECT_GT(lag, 1 << 20);
  EXPECT_EQ(rows.back()[0], "0");
}

TEST_F(DeltastreamTest, PromotedServerIsFollowedIfItHasEverything) {
  lab::Cluster cluster;
  cluster.Exec("CREATE TABLE zzz (a integer PRIMARY KEY)");
  const std::string catch_up = absl::StrCat("SELECT count(*) FROM deltastream(", lab::Literal(cluster.conninfo()),
                                            ", 'mirror', ", lab::Literal(Stream()), R"(, '{"until":"caught_up"}'))");
  host_.Value(absl::StrCat("SELECT pg_slot_create(", lab::Literal(cluster.conninfo()), ", 'mirror')"));
  cluster.Exec("INSERT INTO zzz VALUES (1)");
  host_.Exec(catch_up);
  // (a) The server ends its recovery, and goes on under timeline 2.
  cluster.Stop();
  lab::WriteFile(cluster.path() + "/data/recovery.signal", "");
  lab::WriteFile(cluster.path() + "/data/postgresql.auto.conf", "restore_command = 'false'\n");
  cluster.Start();
  ASSERT_TRUE(lab::WaitUntil([&] { return cluster.Value("SELECT pg_is_in_recovery()") == "f"; }));
  cluster.Exec("INSERT INTO zzz VALUES (2)");
  host_.Exec(catch_up);
  EXPECT_EQ(Read(Stream()).committed, (std::vector<std::string>{"insert a=1", "insert a=2"}));
  // (b) As if timeline 1 had gone on, and the daystream had followed it.
  daystream::SourceInfo info = *daystream::LoadSourceInfo(Stream());
  EXPECT_EQ(info.timeline, 2);
  info.timeline = 1;
  ASSERT_TRUE(daystream::SaveSourceInfo(Stream(), info).ok());
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_THAT(host_.Error(catch_up),
                AllOf(HasSubstr("the server is on timeline 2, daystream"), HasSubstr("which the server has left at ")));
  }
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
  EXPECT_THAT(Error(R"({"publication":"p"})"), HasSubstr("is for plugin \"pgoutput\""));
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
  Insert(1, 5);
  const std::string end = cluster_->Value("SELECT pg_current_wal_lsn()");
  lab::Process receive({"sh", "-c",
                        absl::StrCat("pg_recvlogical -d '", cluster_->conninfo(), "' -S mirror --start -E ", end,
                                     " --no-loop -o mirror -f - > ", dir_.File("lines"))});
  ASSERT_EQ(receive.Wait(), 0) << receive.Errors();
  EXPECT_EQ(host_.Query(absl::StrCat("SELECT sum(records), sum(transactions), max(lag_bytes) FROM deltastream('file:",
                                     dir_.File("lines"), "', NULL, ", lab::Literal(Stream()), ")")),
            (lab::Rows{{"7", "1", "NULL"}}));
  EXPECT_EQ(Read(Stream()).committed.size(), 5u);
}

TEST_F(DeltastreamTest, MayNotBeReachedFromASchema) {
  host_.Exec(absl::StrCat("CREATE VIEW v AS SELECT * ", From("{}")));
  EXPECT_THAT(host_.Error("SELECT * FROM v"), HasSubstr("unsafe use of virtual table \"deltastream\""));
}

}  // namespace
}  // namespace deltamirror
