// A connection that is cut after so many bytes, of what the server sends or of what it is sent: from the login to the
// last message. What has come is there as a whole or not at all, and the next run ends as if nothing had been.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/daystream_content.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/proxy.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr int kCuts = 14;  // in each direction
constexpr int kRows = 400;

class CutSweepTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete cluster_; }

  CutSweepTest() {
    lab_.cluster.Exec(absl::StrCat("CREATE TABLE t (id int PRIMARY KEY, filler text); INSERT INTO t SELECT i, ",
                                   "repeat('x', 100) FROM generate_series(1, ", kRows, ") i"));
  }

  // "" if it came to its end.
  std::string Try(const std::string& sql) {
    char* message = nullptr;
    if (sqlite3_exec(lab_.host.db(), sql.c_str(), nullptr, nullptr, &message) == SQLITE_OK) return "";
    const std::string error = message == nullptr ? "an error without a message" : message;
    sqlite3_free(message);
    return error;
  }

  // Runs `sql`, whose connection is cut here and there, and `check` after each run. A run that ends well is undone by
  // `reset`; the last one is left alone.
  void Sweep(const std::string& sql, const std::function<void(const std::string& when, bool done)>& check,
             const std::function<void()>& reset) {
    const int64_t received_before = proxy_.received();
    const int64_t sent_before = proxy_.sent();
    ASSERT_EQ(Try(sql), "");
    const int64_t received = proxy_.received() - received_before;
    const int64_t sent = proxy_.sent() - sent_before;
    reset();
    for (int i = 0; i < 2 * kCuts && !HasFailure(); ++i) {
      // The beginning, where each message is another one, more often than what comes thousands of times.
      const double part = static_cast<double>(i / 2) / kCuts;
      const bool server = i % 2 == 0;
      const auto bytes = static_cast<int64_t>(part * part * static_cast<double>(server ? received : sent));
      const std::string when = absl::StrCat("cut after ", bytes, " bytes ", server ? "received" : "sent");
      server ? proxy_.CutAfter(bytes) : proxy_.CutAfterSent(bytes);
      const std::string error = Try(sql);
      if (!error.empty()) {
        EXPECT_THAT(error, AnyOf(HasSubstr("connection"), HasSubstr("server"))) << when;
        EXPECT_NE(sqlite3_get_autocommit(lab_.host.db()), 0) << when;
      }
      check(when, error.empty());
      if (error.empty()) reset();
    }
    ASSERT_EQ(Try(sql), "");
  }

  std::string Conninfo() const { return lab::Literal(proxy_.conninfo()); }
  std::string Count(const std::string& table) { return lab_.host.Value("SELECT count(*) FROM " + table); }

  static lab::Cluster* cluster_;
  lab::MirrorLab lab_{cluster_};
  lab::Proxy proxy_{*cluster_};
};

lab::Cluster* CutSweepTest::cluster_ = nullptr;

TEST_F(CutSweepTest, AFirstCopyIsThereAsAWholeOrNotAtAll) {
  lab_.Begin();
  Sweep(
      absl::StrCat("SELECT deltamirror_bootstrap('m', ", Conninfo(), ", 't')"),
      [this](const std::string& when, bool done) {
        EXPECT_EQ(Count("sqlite_master WHERE name = 't'"), done ? "1" : "0") << when;
        EXPECT_EQ(Count("m"), done ? "1" : "0") << when;
        if (!done) {
          EXPECT_EQ(lab_.host.Value("SELECT clock FROM m_state"), "0") << when;
        }
      },
      [this] {
        lab_.host.Exec(absl::StrCat("DROP TABLE m; DROP TABLE t; CREATE VIRTUAL TABLE m USING daystream_apply(source='",
                                    lab_.Daystream(), "')"));
      });
  lab_.cluster.Exec("UPDATE t SET filler = 'y' WHERE id % 3 = 0; DELETE FROM t WHERE id % 5 = 0");
  lab_.CatchUp();
  lab_.ExpectEqual("t", "id, filler");
}

TEST_F(CutSweepTest, AnImportIsThereAsAWholeOrNotAtAll) {
  Sweep(
      absl::StrCat("SELECT pg_import(", Conninfo(), ", 't', 't')"),
      [this](const std::string& when, bool done) {
        EXPECT_EQ(Count("sqlite_master WHERE name = 't'"), done ? "1" : "0") << when;
      },
      [this] { lab_.host.Exec("DROP TABLE t"); });
  lab_.ExpectEqual("t", "id, filler");
}

// The server commits it, or not; which of them, is not known where the connection is lost at the very end.
TEST_F(CutSweepTest, AnExportIsThereAsAWholeOrNotAtAll) {
  lab_.cluster.Exec("CREATE TABLE e (id int, filler text)");
  lab_.host.Exec(absl::StrCat("CREATE TABLE e AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE ",
                              "i < ", kRows, ") SELECT i AS id, 'x' AS filler FROM n"));
  Sweep(
      absl::StrCat("SELECT pg_export(", Conninfo(), ", 'e', 'e')"),
      [this](const std::string& when, bool done) {
        EXPECT_TRUE(lab::WaitUntil([this] {
          return lab_.cluster.Value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'deltamirror'") ==
                 "0";
        }));
        const std::string rows = lab_.cluster.Value("SELECT count(*) FROM e");
        EXPECT_TRUE(rows == std::to_string(kRows) || (rows == "0" && !done)) << when << ": " << rows;
        lab_.cluster.Exec("TRUNCATE e");
      },
      [this] { lab_.cluster.Exec("TRUNCATE e"); });
  lab_.ExpectEqual("e", "id, filler");
}

TEST_F(CutSweepTest, AStreamGoesOnWhereItWas) {
  lab_.Begin();
  int last = 0;
  // New transactions for each run; they are told from one another by their ids.
  const auto write = [&] {
    for (int i = 0; i < 3; ++i, ++last) {
      lab_.cluster.Exec(absl::StrCat("INSERT INTO t SELECT g, repeat('y', 100) FROM generate_series(", 1000 + 20 * last,
                                     ", ", 1019 + 20 * last, ") g"));
    }
  };
  write();
  Sweep(
      absl::StrCat("SELECT * FROM deltastream(", Conninfo(), ", 'mirror', ", lab::Literal(lab_.Daystream()),
                   R"(, '{"until":"caught_up","reconnect":false}'))"),
      [&](const std::string& when, bool done) {
        const Content content = ReadContent(lab_.Daystream());
        EXPECT_LE(content.commits, last) << when;
        if (done) {
          EXPECT_EQ(content.commits, last) << when;
        }
        // As many bytes for the next run as for the first one.
        if (!done) lab_.Stream();
        write();
      },
      [] {});
  std::vector<std::string> all;
  for (int i = 0; i < 20 * last; ++i) all.push_back(absl::StrCat("insert id=", 1000 + i));
  EXPECT_EQ(ReadContent(lab_.Daystream()).committed, all);
}

}  // namespace
}  // namespace deltamirror
