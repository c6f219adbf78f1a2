// First copies that are cut off in the middle, and run again; and two at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <future>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/handover/row_hook.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

using ::testing::StartsWith;

constexpr char kAgain[] = R"({"again":true})";

// Far more than SQLite keeps in memory and than waits between the server and the host: in the middle, half of the copy
// is in the file, and the server is not done.
constexpr char kMakeTable[] =
    "CREATE TABLE t (id int, filler text); ALTER TABLE t REPLICA IDENTITY FULL; "
    "INSERT INTO t SELECT i, repeat('x', 600) FROM generate_series(1, 40000) i";
constexpr int kMiddle = 20000;

class InterruptionTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete cluster_; }

  InterruptionTest() {
    lab_.cluster.Exec(kMakeTable);
    lab_.Begin();
  }

  // What a hand-over must not get wrong.
  void Write() {
    lab_.cluster.Exec(
        "INSERT INTO t VALUES (-1, 'x'); INSERT INTO t VALUES (-1, 'x'); UPDATE t SET filler = 'y' WHERE "
        "id IN (3, 19999, 20000, 20001)");
    lab_.Stream();
  }
  // A copy fails because of what happens in its middle, with that message.
  void FailInTheMiddle(const std::string& message, const std::function<void()>& event,
                       const std::string& options = "{}") {
    const lab::RowHook hook(&lab_.host, "t", kMiddle, [&] {
      Write();
      event();
    });
    EXPECT_THAT(lab_.host.Error(lab_.BootstrapSql("t", options)), StartsWith(message));
    EXPECT_TRUE(hook.called());
  }
  void ExpectNothing(lab::Host* host) {
    EXPECT_EQ(host->Value("SELECT count(*) FROM sqlite_master WHERE name = 't'"), "0");
    EXPECT_EQ(host->Value("SELECT count(*) FROM m"), "0");
    EXPECT_EQ(host->Value("SELECT clock FROM m_state"), "0");
    EXPECT_EQ(host->Value("PRAGMA integrity_check"), "ok");
  }
  void ExpectEqual(lab::Host* host) {
    lab_.Stream();
    host->Exec("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')");
    lab_.ExpectEqual("t", "id, length(filler), substr(filler, 1, 1)", "", host);
  }
  void CopyAndCompare() {
    lab_.Bootstrap("t", kAgain);
    Write();
    ExpectEqual(&lab_.host);
  }

  static lab::Cluster* cluster_;
  lab::MirrorLab lab_{cluster_};
};

lab::Cluster* InterruptionTest::cluster_ = nullptr;

TEST_F(InterruptionTest, AnInterruptLeavesNothingAndTheCopyCanBeMadeAgain) {
  FailInTheMiddle("deltamirror_bootstrap: interrupted", [this] { sqlite3_interrupt(lab_.host.db()); });
  ExpectNothing(&lab_.host);
  CopyAndCompare();
}

TEST_F(InterruptionTest, AnInterruptOfASecondCopyLeavesTheFirst) {
  lab_.Bootstrap("t");
  FailInTheMiddle(
      "deltamirror_bootstrap: interrupted", [this] { sqlite3_interrupt(lab_.host.db()); }, kAgain);
  EXPECT_EQ(lab_.host.Value("SELECT count(*) FROM t"), "40000");
  ExpectEqual(&lab_.host);
  CopyAndCompare();
}

TEST_F(InterruptionTest, AKilledProcessLeavesNothingAndTheCopyCanBeMadeAgain) {
  for (const char* journal : {"delete", "wal"}) {
    lab_.host.Query(absl::StrCat("PRAGMA journal_mode = ", journal));
    const pid_t child = fork();
    if (child == 0) {
      lab::Host host(lab_.dir.File("mirror.db"));
      const lab::RowHook hook(&host, "t", kMiddle, [] { kill(getpid(), SIGKILL); });
      host.Value(lab_.BootstrapSql("t"));
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    Write();
    ExpectNothing(&lab_.host);
  }
  CopyAndCompare();
}

TEST_F(InterruptionTest, ACrashOfTheServerLeavesNothingAndTheCopyCanBeMadeAgain) {
  FailInTheMiddle("deltamirror_bootstrap: could not copy table \"t\": ", [this] { lab_.cluster.Stop("immediate"); });
  ExpectNothing(&lab_.host);
  lab_.cluster.Start();
  CopyAndCompare();
}

// What the server says when an administrator ends the copy is not an interrupt.
TEST_F(InterruptionTest, ACopyThatIsCanceledOnTheServerSaysSo) {
  FailInTheMiddle("deltamirror_bootstrap: could not copy table \"t\": canceling statement due to user request", [this] {
    lab_.cluster.Exec("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%'");
    // The server is not done, and what it has sent must be read before the error comes.
  });
  ExpectNothing(&lab_.host);
  CopyAndCompare();
}

TEST_F(InterruptionTest, ACopyWhoseServerProcessIsEndedLeavesNothingAndCanBeMadeAgain) {
  FailInTheMiddle("deltamirror_bootstrap: could not copy table \"t\": ", [this] {
    lab_.cluster.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%'");
  });
  ExpectNothing(&lab_.host);
  CopyAndCompare();
}

TEST_F(InterruptionTest, TwoHostsCopyAtOnceFromOneSlot) {
  lab::Host other(lab_.dir.File("other.db"));
  other.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", lab_.Daystream(), "')"));
  std::promise<void> first_is_there;
  std::promise<void> second_is_there;
  const lab::RowHook first_hook(&lab_.host, "t", kMiddle, [&] {
    first_is_there.set_value();
    second_is_there.get_future().wait();
  });
  const lab::RowHook second_hook(&other, "t", kMiddle, [&] { second_is_there.set_value(); });
  std::thread first([this] { lab_.Bootstrap("t"); });
  first_is_there.get_future().wait();
  // The two have different snapshots.
  lab_.cluster.Exec("INSERT INTO t VALUES (-2, 'between')");
  other.Value(lab_.BootstrapSql("t"));
  first.join();
  Write();
  ExpectEqual(&lab_.host);
  ExpectEqual(&other);
}

}  // namespace
}  // namespace deltamirror
