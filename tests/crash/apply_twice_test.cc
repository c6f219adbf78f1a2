// Whatever a mirror is fed again, in whatever way, changes nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "daystream/reader.h"
#include "tests/crash/compare.h"
#include "tests/crash/source.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror::crash {
namespace {

constexpr char kCaughtUp[] = R"('{"until":"caught_up"}')";

struct Line {
  std::string clock;
  std::string seq;
  std::string record;
};
using Transaction = std::vector<Line>;

// What writers left behind (source.h), a table without a key and transactions of some MiB among it; moved in several
// runs, so that each table was announced several times.
class ApplyTwiceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    lab_ = new Lab();
    Source source(lab_->cluster);
    lab::Host host;
    host.Exec(absl::StrCat("SELECT pg_slot_create(", lab::Literal(lab_->cluster.conninfo()), ", 'mirror')"));
    source.Fill();
    for (int run = 0; run < 3; ++run) {
      if (run != 1) source.AskForLarge();
      const int64_t before = source.commits();
      source.Resume();
      while (source.commits() < before + 150) absl::SleepFor(absl::Milliseconds(5));
      source.Pause();
      host.Exec(absl::StrCat("SELECT * FROM deltastream(", lab::Literal(lab_->cluster.conninfo()), ", 'mirror', ",
                             lab::Literal(Daystream()), ", ", kCaughtUp, ")"));
    }
    lab_->expected = ContentOf(lab_->cluster);
    ReadTransactions();
    ASSERT_GT(lab_->transactions.size(), 300u);
  }
  static void TearDownTestSuite() { delete lab_; }

  static std::string Daystream() { return lab_->dir.File("daystream"); }

  static void ReadTransactions() {
    auto reader = daystream::Reader::Open(Daystream(), {});
    ASSERT_TRUE(reader.ok()) << reader.status();
    daystream::Line line;
    Transaction open;
    while ((*reader)->Next(&line).value_or(false)) {
      open.push_back(
          {absl::StrCat(line.position.clock), absl::StrCat(line.position.seq), std::string(line.record_text)});
      if (!absl::EndsWith(line.record_text, "\t_action\tcommit")) continue;
      lab_->transactions.push_back(std::move(open));
      open.clear();
    }
    ASSERT_TRUE(open.empty());
  }

  // A file of lines whose positions are their numbers.
  std::string Stamp(const std::vector<const Transaction*>& transactions) {
    std::string content;
    int64_t number = 0;
    for (const Transaction* transaction : transactions) {
      for (const Line& line : *transaction) {
        absl::StrAppend(&content, "_c\t", 1500000000 + number / 1000, "\t_s\t", number % 1000, "\t", line.record, "\n");
        ++number;
      }
    }
    const std::string file = dir_.File("stamped.daystream");
    lab::WriteFile(file, content);
    return file;
  }

  static void MakeMirror(lab::Host* host, const std::string& source) {
    host->Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", source, "', tables='*')"));
  }
  static void Run(lab::Host* host) { host->Exec(absl::StrCat("SELECT * FROM deltamirror('m', ", kCaughtUp, ")")); }
  static void Feed(lab::Host* host) {
    host->Exec(absl::StrCat("INSERT INTO m(line) SELECT line FROM daystream(", lab::Literal(Daystream()), ")"));
  }

  // The rows, and what the mirror has counted.
  static void ExpectAll(lab::Host* host) { EXPECT_EQ(Difference(lab_->expected, ContentOf(host->db())), ""); }
  static void ExpectNoChange(lab::Host* host, const std::function<void()>& feed) {
    const char* status = R"(SELECT "table", inserts, updates, deletes, truncates, skipped, clock, seq, lsn FROM m)";
    ExpectAll(host);
    const lab::Rows before = host->Query(status);
    feed();
    EXPECT_EQ(host->Query(status), before);
    ExpectAll(host);
  }

  struct Lab {
    lab::Cluster cluster;
    lab::TempDir dir;
    Content expected;
    std::vector<Transaction> transactions;
  };
  static Lab* lab_;
  lab::TempDir dir_;
};

ApplyTwiceTest::Lab* ApplyTwiceTest::lab_ = nullptr;

TEST_F(ApplyTwiceTest, LinesInsertedAgainInOneStatement) {
  lab::Host host;
  MakeMirror(&host, Daystream());
  Feed(&host);
  ExpectNoChange(&host, [&host] { Feed(&host); });
}

TEST_F(ApplyTwiceTest, LinesInsertedBehindARunOfDeltamirror) {
  lab::Host host(dir_.File("mirror.db"));
  MakeMirror(&host, Daystream());
  Run(&host);
  ExpectNoChange(&host, [&host] {
    Feed(&host);
    Run(&host);
    Feed(&host);
  });
}

TEST_F(ApplyTwiceTest, LinesInsertedAgainAfterARollback) {
  lab::Host host;
  MakeMirror(&host, Daystream());
  host.Exec("BEGIN");
  Feed(&host);
  host.Exec("SAVEPOINT s");
  Feed(&host);
  host.Exec("ROLLBACK TO s");
  Feed(&host);
  host.Exec("ROLLBACK");
  Feed(&host);
  ExpectNoChange(&host, [&host] { Feed(&host); });
}

// The commit LSN alone tells that they were here.
TEST_F(ApplyTwiceTest, LinesWithoutPositionsInsertedAgain) {
  lab::Host host;
  MakeMirror(&host, Daystream());
  sqlite3_stmt* insert = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(host.db(), "INSERT INTO m(line) VALUES (?)", -1, &insert, nullptr), SQLITE_OK);
  const auto feed = [&] {
    host.Exec("BEGIN");
    for (const Transaction& transaction : lab_->transactions) {
      for (const Line& line : transaction) {
        sqlite3_bind_text(insert, 1, line.record.data(), static_cast<int>(line.record.size()), SQLITE_STATIC);
        ASSERT_EQ(sqlite3_step(insert), SQLITE_DONE) << sqlite3_errmsg(host.db());
        sqlite3_reset(insert);
      }
    }
    host.Exec("COMMIT");
  };
  feed();
  ExpectNoChange(&host, feed);
  sqlite3_finalize(insert);
}

// As a log would look that did not drop what the server sends again.
TEST_F(ApplyTwiceTest, EachTransactionTwiceInARow) {
  std::vector<const Transaction*> doubled;
  for (const Transaction& transaction : lab_->transactions) doubled.insert(doubled.end(), 2, &transaction);
  lab::Host host(dir_.File("mirror.db"));
  MakeMirror(&host, Stamp(doubled));
  Run(&host);
  ExpectAll(&host);
}

TEST_F(ApplyTwiceTest, TransactionsSentAgainFromAnEarlierOneOn) {
  std::vector<const Transaction*> again;
  const size_t count = lab_->transactions.size();
  for (size_t i = 0; i < count; ++i) again.push_back(&lab_->transactions[i]);
  for (size_t i = count / 10; i < count; ++i) again.push_back(&lab_->transactions[i]);
  for (size_t i = count / 2; i < count; ++i) again.push_back(&lab_->transactions[i]);
  lab::Host host;
  MakeMirror(&host, Stamp(again));
  Run(&host);
  ExpectAll(&host);
}

TEST_F(ApplyTwiceTest, LinesMovedFromAFileTwiceComeOnce) {
  std::string lines;
  for (const Transaction& transaction : lab_->transactions) {
    for (const Line& line : transaction) absl::StrAppend(&lines, line.record, "\n");
  }
  lab::WriteFile(dir_.File("lines"), lines);
  const std::string move = absl::StrCat("SELECT sum(records) FROM deltastream('file:", dir_.File("lines"), "', NULL, ",
                                        lab::Literal(dir_.File("log")), ")");
  lab::Host host;
  EXPECT_NE(host.Value(move), "NULL");
  EXPECT_EQ(host.Value(move), "NULL") << "all were there";
  MakeMirror(&host, dir_.File("log"));
  Run(&host);
  ExpectAll(&host);
}

// A copy of the file from any moment, put back, goes on from there, and so does each copy of that.
TEST_F(ApplyTwiceTest, CopiesOfAnEarlierStateCatchUp) {
  const std::vector<const Transaction*> all = [] {
    std::vector<const Transaction*> pointers;
    for (const Transaction& transaction : lab_->transactions) pointers.push_back(&transaction);
    return pointers;
  }();
  const std::string whole = Stamp(all);
  const std::string content = lab::ReadFile(whole);
  lab::Host host(dir_.File("mirror.db"));
  MakeMirror(&host, whole);
  constexpr int kStates = 6;
  for (int state = 1; state <= kStates; ++state) {
    // Cut anywhere, within lines and transactions too.
    lab::WriteFile(whole, content.substr(0, content.size() / (kStates + 1) * state + state));
    Run(&host);
    host.Exec(absl::StrCat("VACUUM INTO '", dir_.File(absl::StrCat("state-", state, ".db")), "'"));
  }
  lab::WriteFile(whole, content);
  for (int state = 1; state <= kStates; ++state) {
    lab::Host copy(dir_.File(absl::StrCat("state-", state, ".db")));
    Run(&copy);
    ExpectNoChange(&copy, [&copy] { Run(&copy); });
  }
}

// A first copy sets the mirror back: it reads everything again that the copy already has.
TEST_F(ApplyTwiceTest, AFirstCopyReadsWhatItHasAlready) {
  lab::Host host(dir_.File("mirror.db"));
  host.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", Daystream(), "')"));
  const auto copy = [&host](const std::string& tables, const std::string& options) {
    host.Exec(absl::StrCat("SELECT deltamirror_bootstrap('m', ", lab::Literal(lab_->cluster.conninfo()), ", '", tables,
                           "', '", options, "')"));
  };
  copy(Source::TableList(), "{}");
  Run(&host);
  EXPECT_EQ(host.Value("SELECT sum(inserts + updates + deletes + truncates + skipped) FROM m"), "0");
  ExpectNoChange(&host, [&host] { Feed(&host); });
  copy("log,bulk", R"({"again":true})");
  Feed(&host);
  ExpectAll(&host);
  copy("item", R"({"again":true})");
  Run(&host);
  ExpectNoChange(&host, [&host] { Feed(&host); });
}

}  // namespace
}  // namespace deltamirror::crash
