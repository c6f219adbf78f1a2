// A server that says nothing any more, though its connection stays: noticed on both sides, and never for nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/daystream_content.h"
#include "tests/faults/fixture.h"
#include "tests/faults/running_query.h"
#include "tests/lab/cluster.h"
#include "tests/lab/proxy.h"
#include "tests/lab/wait.h"

namespace deltamirror {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class SilenceTest : public FaultsTest {
 protected:
  void TearDown() override {
    cluster_->Exec("ALTER SYSTEM RESET wal_sender_timeout");
    cluster_->Exec("SELECT pg_reload_conf()");
    FaultsTest::TearDown();
  }

  static void SetWalSenderTimeout(const std::string& value) {
    cluster_->Exec(absl::StrCat("ALTER SYSTEM SET wal_sender_timeout = '", value, "'"));
    cluster_->Exec("SELECT pg_reload_conf()");
  }
};

TEST_F(SilenceTest, SilentServerIsGivenUpAndConnectedAgain) {
  SetWalSenderTimeout("2s");
  lab::Proxy proxy(*cluster_);
  RunningQuery stream(Rows(R"({"receive_timeout":2})", proxy.conninfo()));
  Insert(1, 10);
  ASSERT_TRUE(Arrives(1));
  proxy.Stall();
  ASSERT_TRUE(HasNote(stream,
                      "waiting: lost the connection to the server: it has said nothing for 2s, though it was "
                      "asked. Trying again in 250ms"));
  // Nor does it answer a new connection.
  ASSERT_TRUE(HasNote(stream, "waiting: could not connect to the server: it did not answer in time"));
  Insert(11, 20);
  proxy.Resume();
  EXPECT_TRUE(HasNote(stream, "connected again"));
  EXPECT_TRUE(Arrives(2));
  EXPECT_EQ(ReadContent(Stream()).committed.size(), 20u);
}

TEST_F(SilenceTest, SilentServerEndsABoundedRun) {
  lab::Proxy proxy(*cluster_);
  Insert(1, 200000);
  RunningQuery stream(Rows(R"({"receive_timeout":2,"until":"caught_up"})", proxy.conninfo()));
  ASSERT_TRUE(lab::WaitUntil([&] { return proxy.received() > 1 << 20; }));
  proxy.Stall();
  EXPECT_THAT(stream.Wait(),
              AllOf(StartsWith("deltastream: lost the connection to the server: "), HasSubstr("said nothing for 2s")));
}

TEST_F(SilenceTest, InterruptIsHeardInASilentConnection) {
  lab::Proxy proxy(*cluster_);
  RunningQuery stream(Rows("{}", proxy.conninfo()));
  ASSERT_TRUE(lab::WaitUntil(SlotIsActive));
  proxy.Stall();
  const absl::Time begin = absl::Now();
  EXPECT_THAT(stream.Interrupt(), EndsWith("interrupted"));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
}

// Once, the request to cancel what the server does was waited for without end, if the server did not take that either.
TEST_F(SilenceTest, InterruptIsHeardWhileASilentServerOwesAnAnswer) {
  lab::Proxy proxy(*cluster_);
  RunningQuery query(absl::StrCat("SELECT * FROM pg_query('", proxy.conninfo(), "', 'SELECT pg_sleep(3600)')"));
  ASSERT_TRUE(lab::WaitUntil([] {
    return cluster_->Value(
               "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%' AND "
               "pid <> pg_backend_pid()") == "1";
  }));
  proxy.Stall();
  EXPECT_THAT(query.Interrupt(), EndsWith("interrupted"));
}

// An idle server has nothing to say, and does not ask on its own where wal_sender_timeout is off: it must be asked.
TEST_F(SilenceTest, IdleServerIsNotTakenForASilentOne) {
  for (const char* const timeout : {"0", "2s"}) {
    SetWalSenderTimeout(timeout);
    RunningQuery stream(Rows(R"({"receive_timeout":1,"status_interval":3600})"));
    ASSERT_TRUE(lab::WaitUntil(SlotIsActive));
    absl::SleepFor(absl::Milliseconds(2500));
    EXPECT_THAT(Notes(stream), IsEmpty()) << timeout;
    stream.Interrupt();
    ASSERT_TRUE(IsFree());
  }
}

// The rows' reader may take its time: nobody listens meanwhile, and what was said then counts.
TEST_F(SilenceTest, SlowReaderOfTheRowsLosesNothing) {
  SetWalSenderTimeout("0");
  Insert(1, 10);
  sqlite3_stmt* statement = nullptr;
  const std::string sql = Rows(R"({"receive_timeout":1})");
  ASSERT_EQ(sqlite3_prepare_v2(host_.db(), sql.c_str(), -1, &statement, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  absl::SleepFor(absl::Seconds(3));
  Insert(11, 20);
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  EXPECT_EQ(sqlite3_column_type(statement, 1), SQLITE_NULL) << sqlite3_column_text(statement, 1);
  EXPECT_EQ(sqlite3_column_int(statement, 3), 1);
  sqlite3_finalize(statement);
}

class LongDecodingTest : public SilenceTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    SilenceTest::SetUp();
    cluster_->Exec("DROP PUBLICATION IF EXISTS mirror; SELECT pg_drop_replication_slot('mirror')");
    cluster_->Exec("CREATE TABLE IF NOT EXISTS other (x int)");
    CreateSlot(absl::StrCat(R"({"tables":"zzz","plugin":")", GetParam(), R"("})"));
    cluster_->Exec("INSERT INTO other SELECT generate_series(1, 300000)");
    Insert(1, 1);
  }
};

// What is not for us prints nothing: the server must hear of us meanwhile, or it would end the connection.
TEST_P(LongDecodingTest, ServerDoesNotGiveUsUp) {
  SetWalSenderTimeout("2s");
  RunningQuery stream(Rows());
  EXPECT_TRUE(Arrives(1));
  EXPECT_THAT(Notes(stream), IsEmpty());
}

// A server that is busy looks like one that is lost, and begins anew with each connection: the limit must grow.
TEST_P(LongDecodingTest, ServerIsNotGivenUpForEver) {
  SetWalSenderTimeout("60s");
  RunningQuery stream(Rows(R"({"receive_timeout":1})"));
  EXPECT_TRUE(Arrives(1));
}

INSTANTIATE_TEST_SUITE_P(Plugins, LongDecodingTest, ::testing::Values("deltaflood", "pgoutput"));

}  // namespace
}  // namespace deltamirror
