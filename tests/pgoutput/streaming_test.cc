// Transactions that a server streams before they end: what was rolled back in them never reaches the daystream, and
// what was committed does once, in the order of the commits. A server that keeps next to nothing in memory streams all
// that is larger than that. DELTAMIRROR_STREAMED_ROWS sets the size of the large one (default 200,000):
//   bazel test --test_env=DELTAMIRROR_STREAMED_ROWS=5000000 --test_timeout=3600 //tests/pgoutput:streaming_test

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/lab/process.h"
#include "tests/lab/sanitized.h"
#include "tests/lab/wait.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;
using ::testing::Lt;

constexpr int64_t kMebibyte = 1024 * 1024;
constexpr int kPieces = 20;
constexpr int kSmall = 500;

int64_t Rows() {
  const char* text = std::getenv("DELTAMIRROR_STREAMED_ROWS");
  return text == nullptr ? 200000 : std::atoll(text);
}

class StreamingTest : public ::testing::Test {
 protected:
  StreamingTest() : lab_({.settings = {"logical_decoding_work_mem=64kB"}}) {
    cluster_.Exec("CREATE TABLE t (a bigint PRIMARY KEY, b text, c integer); CREATE TABLE small (a int PRIMARY KEY)");
    lab_.Begin(R"({"plugin":"pgoutput"})");
    lab_.Bootstrap("t,small");
  }

  void StartStream() {
    stream_.reset(new lab::Process(lab::Process::Shell(
        "", absl::StrCat("SELECT * FROM deltastream(", lab::Literal(cluster_.conninfo()), ", 'mirror', ",
                         lab::Literal(lab_.Daystream()), ", '{\"status_interval\":1}');"))));
    ASSERT_TRUE(lab::WaitUntil([&] { return Slot("active") == "t"; }));
  }

  void StopStream(int signal) {
    stream_->Kill(signal);
    stream_->Wait();
    ASSERT_TRUE(lab::WaitUntil([&] { return Slot("active") == "f"; }));
  }

  std::string Slot(const std::string& column) {
    return cluster_.Value(absl::StrCat("SELECT ", column, " FROM pg_replication_slots"));
  }

  // Everything that has committed is in the daystream. (What was inserted after that need not be flushed.)
  void AwaitStream() {
    const std::string end = cluster_.Value("SELECT pg_current_wal_flush_lsn()");
    const auto confirmed = [&] { return Slot(absl::StrCat("confirmed_flush_lsn >= '", end, "'")) == "t"; };
    ASSERT_TRUE(lab::WaitUntil([&] { return !stream_->Running() || confirmed(); }, absl::Minutes(20)));
    ASSERT_TRUE(stream_->Running()) << stream_->Errors();
  }

  // How much of the last transactions has come in streams, by the server's count; servers before 14 do not stream.
  void ExpectStreamed(int64_t transactions) {
    if (cluster_.Version() < 14) return;
    EXPECT_TRUE(lab::WaitUntil([&] {
      return cluster_.Value(absl::StrCat("SELECT count(*) FROM pg_stat_replication_slots WHERE stream_txns >= ",
                                         transactions, " AND stream_count > stream_txns")) == "1";
    }));
  }

  // The daystream's lines of that transaction.
  std::string LinesOf(const std::string& xid) {
    return lab_.host.Value(
        absl::StrCat("SELECT count(*) FROM daystream(", lab::Literal(lab_.Daystream()), ") WHERE xid = ", xid));
  }

  static std::string Xid(lab::Session* session) {
    return session->Value("SELECT pg_current_xact_id()::text::numeric % 4294967296");
  }

  // In a process of its own. Its largest memory.
  int64_t ApplyElsewhere() {
    lab::Process mirror = lab::Process::Shell(lab_.dir.File("mirror.db"),
                                              "SELECT count(*) FROM deltamirror('m', '{\"until\":\"caught_up\"}')");
    int64_t peak = 0;
    EXPECT_TRUE(lab::WaitUntil(
        [&] {
          peak = std::max(peak, mirror.PeakMemory());
          return !mirror.Running();
        },
        absl::Minutes(40)));
    EXPECT_EQ(mirror.Wait(), 0) << mirror.Errors();
    return peak;
  }

  void Apply() { lab_.host.Exec("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')"); }

  // Both sides, a thousand rows at a time.
  void ExpectEqual() {
    Apply();
    const std::string sums =
        "SELECT a / 1000 AS k, count(*), sum(a), sum(c), sum(a % 997 * c), sum(length(b)), min(b), max(b) FROM t GROUP "
        "BY k ORDER BY k";
    const lab::Rows source = cluster_.Query(sums);
    const lab::Rows copy = lab_.host.Query(sums);
    ASSERT_EQ(source.size(), copy.size());
    for (size_t i = 0; i < source.size(); ++i) ASSERT_EQ(source[i], copy[i]) << "thousand " << source[i][0];
    lab_.ExpectEqual("small", "a");
  }

  static std::string Insert(int64_t from, int64_t to) {
    return absl::StrCat("INSERT INTO t SELECT g, 'row ' || g, g % 1000 FROM generate_series(", from, "::bigint, ",
                        to - 1, ") g; ");
  }

  // A part of the large transaction, with subtransactions that end well and some that do not.
  static std::string Piece(int piece, int64_t from, int64_t to) {
    const std::string update =
        absl::StrCat("UPDATE t SET b = b || ' piece ", piece, "', c = c + 1 WHERE a >= ", from, " AND a < ", to, "; ");
    switch (piece % 4) {
      case 0:
        return Insert(from, to);
      case 1:
        return absl::StrCat("SAVEPOINT s; ", Insert(from, to), update, "ROLLBACK TO s; ", Insert(from, (from + to) / 2),
                            "RELEASE s;");
      case 2:
        return absl::StrCat("SAVEPOINT outside; ", Insert(from, to), "SAVEPOINT inside; ", update,
                            "DELETE FROM t WHERE a % 3 = 0 AND a >= ", from, " AND a < ", to,
                            "; ROLLBACK TO inside; UPDATE t SET c = -c WHERE a >= ", from, " AND a < ", to,
                            "; RELEASE outside;");
      default:
        return absl::StrCat("SAVEPOINT outside; ", Insert(from, to), "SAVEPOINT inside; ", update,
                            "RELEASE inside; ROLLBACK TO outside; ", Insert(from, to),
                            "SAVEPOINT late; DELETE FROM t WHERE a % 2 = 0 AND a >= ", from, " AND a < ", to,
                            "; RELEASE late;");
    }
  }

  // One of the five hundred: its row among the large one's, and a part that is rolled back.
  void Small(int i) {
    cluster_.Exec(absl::StrCat(
        "BEGIN; INSERT INTO small VALUES (", 2 * i, "); SAVEPOINT s; INSERT INTO small VALUES (", 2 * i + 1,
        "); INSERT INTO t SELECT -1000 - g, 'gone', 1 FROM generate_series(1, 1000) g; ROLLBACK TO s; "
        "INSERT INTO t VALUES (",
        -1 - i, ", 'small', ", i, "); COMMIT"));
  }

  lab::MirrorLab lab_;
  lab::Cluster& cluster_ = lab_.cluster;
  std::unique_ptr<lab::Process> stream_;
};

TEST_F(StreamingTest, FiveHundredSmallTransactionsAndALargeOne) {
  StartStream();
  const int64_t idle = stream_->PeakMemory();
  lab::Session large(cluster_);
  large.Exec("BEGIN");
  const std::string xid = Xid(&large);
  const int64_t rows = Rows() / kPieces;
  for (int piece = 0; piece < kPieces; ++piece) {
    large.Exec(Piece(piece, piece * rows, (piece + 1) * rows));
    for (int i = 0; i < kSmall / kPieces; ++i) Small(piece * (kSmall / kPieces) + i);
  }
  AwaitStream();
  ExpectStreamed(1);
  EXPECT_EQ(LinesOf(xid), "0");
  large.Exec("COMMIT");
  AwaitStream();
  EXPECT_NE(LinesOf(xid), "0");
  const int64_t peak = stream_->PeakMemory();
  RecordProperty("idle_mib", absl::StrCat(idle / kMebibyte));
  RecordProperty("peak_mib", absl::StrCat(peak / kMebibyte));
  StopStream(SIGINT);
  const int64_t mirror_peak = ApplyElsewhere();
  RecordProperty("mirror_peak_mib", absl::StrCat(mirror_peak / kMebibyte));
  if (!lab::IsSanitized()) {
    EXPECT_THAT(peak, Lt(idle + 64 * kMebibyte));
    EXPECT_THAT(mirror_peak, Lt(idle + 64 * kMebibyte));
  }
  ExpectEqual();
}

TEST_F(StreamingTest, ATransactionThatIsRolledBackLeavesNothing) {
  StartStream();
  lab::Session large(cluster_);
  large.Exec("BEGIN; " + Insert(0, 20000));
  const std::string xid = Xid(&large);
  large.Exec("SAVEPOINT s; " + Insert(20000, 30000));
  // PostgreSQL 18 streams nothing of a transaction of which it finds that it has been rolled back.
  ExpectStreamed(1);
  large.Exec("ROLLBACK");
  cluster_.Exec(Insert(5, 10));
  AwaitStream();
  EXPECT_EQ(LinesOf(xid), "0");
  StopStream(SIGINT);
  ExpectEqual();
}

TEST_F(StreamingTest, TransactionsThatAreStreamedAtTheSameTime) {
  StartStream();
  constexpr int kSessions = 12;
  std::vector<std::unique_ptr<lab::Session>> sessions;
  for (int i = 0; i < kSessions; ++i) {
    sessions.push_back(std::make_unique<lab::Session>(cluster_));
    sessions.back()->Exec("BEGIN");
  }
  for (int64_t round = 0; round < 4; ++round) {
    for (int i = 0; i < kSessions; ++i) {
      const int64_t from = (i * 4 + round) * 2000;
      sessions[i]->Exec(Piece(i + static_cast<int>(round), from, from + 2000));
    }
  }
  // Not in the order in which they began; every fourth in vain.
  for (int i = kSessions - 1; i >= 0; --i) sessions[i]->Exec(i % 4 == 3 ? "ROLLBACK" : "COMMIT");
  AwaitStream();
  ExpectStreamed(kSessions - 1);
  StopStream(SIGINT);
  ExpectEqual();
}

TEST_F(StreamingTest, AShapeThatChangesInsideOfAStream) {
  StartStream();
  lab::Session large(cluster_);
  large.Exec("BEGIN; " + Insert(0, 5000));
  large.Exec("SAVEPOINT s; ALTER TABLE t ADD gone int DEFAULT 1; UPDATE t SET gone = 2; ROLLBACK TO s");
  large.Exec(Insert(5000, 10000));
  large.Exec("ALTER TABLE t ADD d text DEFAULT 'kept'; UPDATE t SET d = 'set' WHERE a % 2 = 0");
  large.Exec("INSERT INTO t SELECT g, 'late', 3, 'new' FROM generate_series(10000, 15000) g; COMMIT");
  AwaitStream();
  ExpectStreamed(1);
  StopStream(SIGINT);
  ExpectEqual();
  lab_.ExpectEqual("t", "a, b, c, d");
}

// A server may fail to decode what is still running, for reasons of its own ("could not map filenode" of a table that
// was altered, and was not, in a subtransaction) or of the user's, as here.
TEST_F(StreamingTest, WhatCannotBeStreamedComesInOnePieceOrNotAtAll) {
  LAB_NEEDS_VERSION(cluster_, 15, "row filters");
  cluster_.Exec("DROP PUBLICATION mirror; CREATE PUBLICATION mirror FOR TABLE t WHERE (10 / c > 0), small");
  StartStream();
  lab::Session large(cluster_);
  large.Exec("BEGIN; INSERT INTO t VALUES (0, 'division by zero', 0)");
  large.Exec("INSERT INTO t SELECT g, repeat('x', 100), 1 FROM generate_series(1, 5000) g");
  // The server has begun anew, with nothing in pieces.
  ASSERT_TRUE(lab::WaitUntil([&] { return cluster_.Log().find("division by zero") != std::string::npos; }));
  large.Exec("ROLLBACK");
  Small(1);
  AwaitStream();
  StopStream(SIGINT);
  EXPECT_THAT(stream_->Output(), HasSubstr("division by zero. Trying again with large transactions in one piece"));
  ExpectEqual();
}

// One transaction with all that can be in one, through two slots: in pieces, and in one piece.
TEST_F(StreamingTest, EveryKindOfMessageInPiecesGivesTheSameLines) {
  cluster_.Exec(
      "CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE DOMAIN word AS text;"
      "CREATE TABLE whole (a int, m mood, w word); ALTER TABLE whole REPLICA IDENTITY FULL;"
      "CREATE TABLE keyed (a int PRIMARY KEY, w word); CREATE TABLE emptied (a int PRIMARY KEY);"
      "CREATE TABLE tree (a int PRIMARY KEY, m mood) PARTITION BY RANGE (a);"
      "CREATE TABLE low PARTITION OF tree FOR VALUES FROM (0) TO (1000);"
      "CREATE TABLE high PARTITION OF tree FOR VALUES FROM (1000) TO (100000)");
  lab_.Stream();
  const auto sql = [this](const char* call, const std::string& rest) {
    return absl::StrCat("SELECT ", call, "(", lab::Literal(cluster_.conninfo()), ", 'second', ", rest, ")");
  };
  lab_.host.Exec(sql("pg_slot_create", R"('{"publication":"mirror"}')"));
  cluster_.Exec("SELECT pg_replication_origin_create('elsewhere')");
  lab::Session session(cluster_);
  session.Exec("SELECT pg_replication_origin_session_setup('elsewhere')");
  session.Exec("BEGIN; SELECT pg_replication_origin_xact_setup('0/10', now())");
  session.Exec("INSERT INTO whole SELECT i, 'glad', repeat('w', i % 50) FROM generate_series(1, 900) i");
  session.Exec("INSERT INTO keyed SELECT i, 'k' || i FROM generate_series(1, 900) i");
  session.Exec("INSERT INTO tree SELECT i, 'sad' FROM generate_series(1, 900) i; INSERT INTO emptied VALUES (1)");
  session.Exec("SAVEPOINT s; TRUNCATE keyed, tree; INSERT INTO keyed SELECT generate_series(1, 900); ROLLBACK TO s");
  session.Exec("UPDATE whole SET m = 'sad' WHERE a % 2 = 0; DELETE FROM whole WHERE a % 5 = 0");
  session.Exec("SELECT pg_logical_emit_message(true, 'app', repeat('x', 5000))");
  session.Exec("UPDATE keyed SET a = a + 1000 WHERE a > 500; UPDATE tree SET a = a + 1000, m = 'glad' WHERE a > 500");
  session.Exec("TRUNCATE emptied, small; INSERT INTO emptied VALUES (2); DELETE FROM keyed WHERE a < 100");
  session.Exec(Insert(0, 3000) + "COMMIT");
  lab_.Stream();
  ExpectStreamed(1);
  cluster_.Exec("ALTER SYSTEM SET logical_decoding_work_mem = '1GB'");
  cluster_.Exec("SELECT pg_reload_conf()");
  const std::string other = lab::Literal(lab_.dir.File("other"));
  lab_.host.Exec("SELECT count(*) FROM " +
                 sql("deltastream", other + R"(, '{"until":"caught_up","publication":"mirror"}')").substr(7));
  const std::string lines = "SELECT \"table\", xid, lsn, action, record FROM daystream(";
  const lab::Rows in_pieces = lab_.host.Query(absl::StrCat(lines, lab::Literal(lab_.Daystream()), ")"));
  const lab::Rows in_one = lab_.host.Query(absl::StrCat(lines, other, ")"));
  ASSERT_EQ(in_pieces.size(), in_one.size());
  for (size_t i = 0; i < in_one.size(); ++i) ASSERT_EQ(in_pieces[i], in_one[i]) << "line " << i;
  EXPECT_GT(in_one.size(), 6000u);
}

TEST_F(StreamingTest, LargeValues) {
  cluster_.Exec("ALTER TABLE t ALTER b SET STORAGE EXTERNAL");
  StartStream();
  lab::Session large(cluster_);
  large.Exec("BEGIN; INSERT INTO t SELECT g, repeat('x', 100000), g FROM generate_series(1, 50) g");
  large.Exec("SAVEPOINT s; UPDATE t SET b = repeat('y', 300000); ROLLBACK TO s; UPDATE t SET c = -c");
  large.Exec("INSERT INTO t VALUES (100, repeat('z', 30000000), 1); COMMIT");
  AwaitStream();
  ExpectStreamed(1);
  StopStream(SIGINT);
  ExpectEqual();
}

TEST_F(StreamingTest, AStreamThatIsKilledInTheMiddleOfATransactionGoesOn) {
  StartStream();
  lab::Session large(cluster_);
  large.Exec("BEGIN; " + Piece(0, 0, 20000));
  Small(1);
  AwaitStream();
  StopStream(SIGKILL);
  large.Exec(Piece(1, 20000, 40000));
  Small(2);
  StartStream();
  large.Exec(Piece(2, 40000, 60000));
  AwaitStream();
  large.Exec("COMMIT");
  // Perhaps while it is written.
  StopStream(SIGKILL);
  StartStream();
  AwaitStream();
  ExpectStreamed(2);
  StopStream(SIGINT);
  ExpectEqual();
}

}  // namespace
}  // namespace deltamirror
