// Everything but the replication connection through PgBouncer, in both modes of pooling.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/process.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

// $1: the folder. PgBouncer does not run as root.
constexpr char kRun[] = R"sh(
  chmod 777 "$1"; chmod 644 "$1/bouncer.ini"
  [ "$(id -u)" = 0 ] || exec pgbouncer -q "$1/bouncer.ini"
  exec setpriv --reuid=postgres --regid=postgres --clear-groups -- /usr/sbin/pgbouncer -q "$1/bouncer.ini"
)sh";

// Turns round its connections to the server after each use, so that what is left of a session is soon somebody else's.
class Bouncer {
 public:
  Bouncer(const lab::Cluster& cluster, const std::string& mode) {
    lab::WriteFile(dir_.File("bouncer.ini"),
                   absl::StrCat("[databases]\n* = host=", cluster.path(), "/socket port=5432 user=postgres\n",
                                "[pgbouncer]\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = ", dir_.path(),
                                "\nauth_type = any\npool_mode = ", mode,
                                "\ndefault_pool_size = 3\nmin_pool_size = 3\nserver_round_robin = 1\n"));
    process_ = std::make_unique<lab::Process>(std::vector<std::string>{"bash", "-c", kRun, "bouncer", dir_.path()});
    // Its socket is a file before anybody listens there.
    EXPECT_TRUE(lab::WaitUntil([this] {
      return lab::Process({"pg_isready", "-q", "-d", conninfo()}).Wait() == 0;
    })) << process_->Errors();
  }

  std::string conninfo() const {
    return absl::StrCat("host=", dir_.path(), " port=6432 user=postgres dbname=postgres");
  }

 private:
  lab::TempDir dir_;
  std::unique_ptr<lab::Process> process_;
};

class PgbouncerTest : public ::testing::TestWithParam<std::string> {
 protected:
  PgbouncerTest() {
    // What sessions have that nobody has set.
    lab_.cluster.Exec(
        "ALTER ROLE postgres SET IntervalStyle = 'iso_8601'; ALTER ROLE postgres SET bytea_output = 'escape';"
        "ALTER ROLE postgres SET extra_float_digits = 0; ALTER ROLE postgres SET DateStyle = 'SQL, DMY';"
        "ALTER ROLE postgres SET TimeZone = 'Asia/Tokyo'; ALTER ROLE postgres SET statement_timeout = '7min'");
    lab_.cluster.Exec(
        "CREATE TABLE t (id int PRIMARY KEY, i interval, f float8[], b bytea[], r tstzrange, d date[]);"
        "INSERT INTO t SELECT n, n * interval '1 day 2 hours', ARRAY[n / 3.0::float8], ARRAY['\\x00ff'::bytea],"
        " tstzrange('2026-08-01 12:00+00', '2026-08-02 12:00+00'), ARRAY[date '2026-08-01']"
        " FROM generate_series(1, 2000) n");
    bouncer_ = std::make_unique<Bouncer>(lab_.cluster, GetParam());
  }

  std::string Pooled() const { return lab::Literal(bouncer_->conninfo()); }

  lab::MirrorLab lab_;
  std::unique_ptr<Bouncer> bouncer_;
};

TEST_P(PgbouncerTest, CopiesAndComparesThroughIt) {
  lab_.Begin();
  lab::Host& host = lab_.host;
  EXPECT_EQ(host.Value(absl::StrCat("SELECT deltamirror_bootstrap('m', ", Pooled(), ", 't')")), "2000");
  lab_.cluster.Exec("UPDATE t SET i = i * 2 WHERE id % 10 = 0; DELETE FROM t WHERE id = 7");
  lab_.CatchUp();
  EXPECT_EQ(host.Query(absl::StrCat("SELECT \"table\", equal, differing FROM deltamirror_verify('m', ", Pooled(), ")")),
            (lab::Rows{{"t", "1", "0"}}));
  EXPECT_EQ(host.Query("SELECT * FROM t WHERE id = 1"),
            (lab::Rows{{"1", "1 day 02:00:00", "{0.3333333333333333}", "{\"\\\\x00ff\"}",
                        "[\"2026-08-01 12:00:00+00\",\"2026-08-02 12:00:00+00\")", "{2026-08-01}"}}));
}

TEST_P(PgbouncerTest, ImportExportExecAndQuery) {
  lab::Host& host = lab_.host;
  EXPECT_EQ(host.Value(absl::StrCat("SELECT pg_import(", Pooled(), ", 't', 'copy')")), "2000");
  EXPECT_EQ(host.Query("SELECT i, f, b, d FROM copy WHERE id = 1"),
            (lab::Rows{{"1 day 02:00:00", "{0.3333333333333333}", "{\"\\\\x00ff\"}", "{2026-08-01}"}}));
  EXPECT_EQ(host.Value(absl::StrCat("SELECT pg_exec(", Pooled(), ", 'CREATE TABLE back (LIKE t)')")), "NULL");
  EXPECT_EQ(host.Value(absl::StrCat("SELECT pg_export(", Pooled(), ", 'copy', 'back')")), "2000");
  EXPECT_EQ(lab_.cluster.Value("SELECT count(*) FROM (SELECT * FROM t EXCEPT SELECT * FROM back) x"), "0");
  EXPECT_EQ(host.Value(absl::StrCat("SELECT row FROM pg_query(", Pooled(), ", 'SELECT id, d FROM t WHERE id = 1')")),
            R"({"id":1,"d":"{2026-08-01}"})");
  EXPECT_EQ(host.Value(absl::StrCat("SELECT count(*) FROM pg_schema(", Pooled(), ", 't')")), "6");
  EXPECT_EQ(host.Value(absl::StrCat("SELECT pg_schema_save(", Pooled(), ", 't')")), "1");
  EXPECT_EQ(host.Value(absl::StrCat("SELECT count(*) FROM pg_slots(", Pooled(), ")")), "0");
}

// It changed the settings of sessions that belong to everybody.
TEST_P(PgbouncerTest, LeavesOtherSessionsAsTheyWere) {
  lab_.Begin();
  lab_.host.Exec(absl::StrCat("SELECT deltamirror_bootstrap('m', ", Pooled(), ", 't')"));
  lab_.host.Exec(absl::StrCat("SELECT pg_import(", Pooled(), ", 't', 'copy')"));
  for (int i = 0; i < 6; ++i) {
    lab::Process other({"psql", "-XAtq", bouncer_->conninfo(), "-c",
                        "SELECT current_setting('IntervalStyle') || ' ' || current_setting('bytea_output') || ' ' || "
                        "current_setting('extra_float_digits') || ' ' || current_setting('statement_timeout')"});
    EXPECT_EQ(other.Wait(), 0) << other.Errors();
    EXPECT_EQ(other.Output(), "iso_8601 escape 0 7min\n");
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, PgbouncerTest, ::testing::Values("transaction", "session"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace deltamirror
