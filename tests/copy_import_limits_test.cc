// pg_import at its limits: interrupts, large values, memory, a server that goes away.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/lab/artefacts.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/process.h"
#include "tests/lab/sanitized.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"

namespace deltamirror {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class ImportLimitsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster(); }
  static void TearDownTestSuite() { delete cluster_; }

  std::string Call(const std::string& query, const std::string& options = "{}") {
    return absl::StrCat("SELECT pg_import(", lab::Literal(cluster_->conninfo()), ", ", lab::Literal(query), ", 't', ",
                        lab::Literal(options), ")");
  }
  // Backends that work for an import right now.
  std::string Running() {
    return cluster_->Value(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'deltamirror' AND state = 'active' AND query "
        "LIKE 'COPY%'");
  }
  // Interrupts the host once `condition` holds, and returns how long the call still took.
  absl::Duration InterruptWhen(const std::string& call, const std::function<bool()>& condition) {
    absl::Time interrupted;
    std::thread other([&] {
      EXPECT_TRUE(lab::WaitUntil(condition));
      interrupted = absl::Now();
      sqlite3_interrupt(host_.db());
    });
    const std::string error = host_.Error(call);
    const absl::Time returned = absl::Now();
    other.join();
    EXPECT_EQ(error, "pg_import: interrupted");
    EXPECT_EQ(sqlite3_errcode(host_.db()), SQLITE_INTERRUPT);
    return returned - interrupted;
  }

  static lab::Cluster* cluster_;
  lab::TempDir dir_;
  lab::Host host_{dir_.File("cache.db")};
};

lab::Cluster* ImportLimitsTest::cluster_ = nullptr;

// Twice the second that is promised: the machine may be busy.
constexpr absl::Duration kSoon = absl::Seconds(2);

TEST_F(ImportLimitsTest, InterruptWhileTheServerThinks) {
  EXPECT_LT(InterruptWhen(Call("SELECT pg_sleep(60)"), [this] { return Running() == "1"; }), kSoon);
  EXPECT_TRUE(lab::WaitUntil([this] { return Running() == "0"; }));
  EXPECT_EQ(host_.Value("SELECT count(*) FROM sqlite_schema"), "0");
}

TEST_F(ImportLimitsTest, InterruptWhileRowsCome) {
  host_.Exec("CREATE TABLE t (n, s); INSERT INTO t VALUES (0, 'kept')");
  const std::string endless = "SELECT n, repeat('x', 100) AS s FROM (SELECT generate_series(1, 2000000000) AS n) AS g";
  const absl::Time begin = absl::Now();
  EXPECT_LT(InterruptWhen(Call(endless), [&] { return Running() == "1" && absl::Now() - begin > absl::Seconds(1); }),
            kSoon);
  EXPECT_TRUE(lab::WaitUntil([this] { return Running() == "0"; }));
  EXPECT_EQ(host_.Value("SELECT s FROM t"), "kept");
  EXPECT_EQ(host_.Value(Call("SELECT 1 AS n")), "1");
}

// Rows that come so slowly that SQLite's thread waits for them.
TEST_F(ImportLimitsTest, InterruptWhileRowsAreAwaited) {
  const std::string slow = "SELECT n, pg_sleep(0.2)::text AS s FROM generate_series(1, 1000) AS n";
  const absl::Time begin = absl::Now();
  EXPECT_LT(InterruptWhen(Call(slow), [&] { return Running() == "1" && absl::Now() - begin > absl::Seconds(1); }),
            kSoon);
  EXPECT_TRUE(lab::WaitUntil([this] { return Running() == "0"; }));
}

TEST_F(ImportLimitsTest, ServerThatGoesAway) {
  host_.Exec("CREATE TABLE t (n)");
  std::thread other([] {
    EXPECT_TRUE(lab::WaitUntil([] {
      return cluster_->Value(
                 "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = "
                 "'deltamirror' AND state <> 'idle' AND query LIKE 'COPY%'") != "0";
    }));
  });
  EXPECT_THAT(host_.Error(Call("SELECT n FROM (SELECT generate_series(1, 2000000000) AS n) AS g")),
              AnyOf(HasSubstr("terminating connection due to administrator command"),
                    HasSubstr("lost the connection to the server")));
  other.join();
  EXPECT_EQ(host_.Value("SELECT count(*) FROM t"), "0");
}

TEST_F(ImportLimitsTest, AValueOf200Megabytes) {
  EXPECT_EQ(host_.Value(Call("SELECT 1 AS n, repeat('0123456789', 20000000) AS s, "
                             "decode(repeat('00ff', 10000000), 'hex') AS b UNION ALL SELECT 2, 'x', '\\x01'")),
            "2");
  EXPECT_EQ(host_.Query("SELECT n, length(s), substr(s, -3), length(b) FROM t"),
            (lab::Rows{{"1", "200000000", "789", "20000000"}, {"2", "1", "x", "1"}}));
}

TEST_F(ImportLimitsTest, ManyColumns) {
  std::string columns;
  for (int i = 0; i < 1500; ++i) absl::StrAppend(&columns, i == 0 ? "" : ", ", i, " AS c", i);
  EXPECT_EQ(host_.Value(Call(absl::StrCat("SELECT ", columns))), "1");
  EXPECT_EQ(host_.Value("SELECT c1499 FROM t"), "1499");
}

// 300 MB of rows through a shell: less than 64 MiB over what the shell needs idle.
TEST_F(ImportLimitsTest, MemoryStaysBounded) {
  if (lab::IsSanitized()) GTEST_SKIP() << "a sanitizer needs memory of its own";
  const auto peak_of = [this](const std::string& sql) {
    // It sleeps behind its answer, so that it can be measured.
    lab::Process shell = lab::Process::Shell(dir_.File("large.db"), absl::StrCat(sql, ";\n.system sleep 2\n"));
    EXPECT_TRUE(lab::WaitUntil([&shell] { return !shell.Output().empty(); }, absl::Minutes(2)));
    const int64_t peak = shell.PeakMemory();
    EXPECT_EQ(shell.Wait(), 0) << shell.Errors();
    EXPECT_GT(peak, 0);
    return peak;
  };
  const int64_t idle = peak_of("SELECT count(*) FROM sqlite_schema");
  const int64_t busy = peak_of(Call("SELECT n, repeat(md5(n::text), 9) AS s FROM generate_series(1, 1000000) AS n"));
  EXPECT_LT(busy - idle, int64_t{64} << 20);
}

// Where stderr is a terminal, nobody need ask for it.
TEST_F(ImportLimitsTest, ProgressOnATerminal) {
  const std::string file = dir_.File("script.sql");
  std::ofstream(file) << ".load " << lab::ExtensionPath() << "\n"
                      << Call("SELECT n, pg_sleep(0.2)::text FROM generate_series(1, 10) AS n") << ";\n";
  lab::Process terminal(
      {"script", "-qec",
       absl::StrCat("LD_PRELOAD=$DELTAMIRROR_PRELOAD sqlite3 -batch ", dir_.File("other.db"), " '.read ", file, "'"),
       "/dev/null"});
  EXPECT_EQ(terminal.Wait(), 0);
  EXPECT_THAT(terminal.Output(), HasSubstr(" rows/s"));
}

TEST_F(ImportLimitsTest, ProgressOnlyWhenItIsWanted) {
  const auto errors = [&](const std::string& options) {
    lab::Process shell = lab::Process::Shell(
        "", absl::StrCat(Call("SELECT n, pg_sleep(0.2)::text FROM generate_series(1, 10) AS n", options), ";"));
    EXPECT_EQ(shell.Wait(), 0) << shell.Errors();
    return shell.Errors();
  };
  // stderr is a file here, no terminal.
  EXPECT_EQ(errors("{}"), "");
  EXPECT_EQ(errors("{\"progress\":false}"), "");
  EXPECT_THAT(errors("{\"progress\":true}"), HasSubstr(" rows/s"));
}

}  // namespace
}  // namespace deltamirror
