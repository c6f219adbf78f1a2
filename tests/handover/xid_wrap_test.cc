// The hand-over where transaction ids pass 2^31 and 2^32, on a server that was brought there with pg_resetwal.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/process.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

constexpr uint64_t kHalf = uint64_t{1} << 31;
constexpr uint64_t kWhole = uint64_t{1} << 32;

// $1: the data folder, $2: the next transaction id, $3: its segment of pg_xact, which must be there. Runs as the
// server's user, with the server's programs.
constexpr char kReset[] = R"sh(
  set -e; cd /
  bin=${DELTAMIRROR_PGBIN:-$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)}
  as_server() {
    if [ "$(id -u)" != 0 ]; then "$@"; return; fi
    setpriv --reuid="$(stat -c %u "$data")" --regid="$(stat -c %g "$data")" --clear-groups "$@"
  }
  data=$1
  as_server "$bin/pg_resetwal" -x "$2" "$data"
  as_server dd if=/dev/zero of="$data/pg_xact/$(printf %04X "$3")" bs=8192 count=32 status=none
)sh";

// Freezes all that is there and goes on at `xid`, which must be less than 2^31 ahead.
void MoveTo(lab::Cluster& cluster, uint64_t xid) {
  // A slot would keep the catalog from being frozen.
  cluster.Exec("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
  cluster.Exec("UPDATE pg_database SET datallowconn = true");
  for (const char* database : {"postgres", "template0", "template1"}) {
    lab::Process vacuum(
        {"psql", "-XAtqd", absl::StrCat(cluster.conninfo(), " dbname=", database), "-c", "VACUUM FREEZE"});
    EXPECT_EQ(vacuum.Wait(), 0) << vacuum.Errors();
  }
  cluster.Exec("CHECKPOINT");
  cluster.Stop();
  // A page of pg_xact has 32,768 transactions, a segment 32 pages.
  const uint64_t segment = static_cast<uint32_t>(xid) / (32768 * 32);
  lab::Process reset({"bash", "-c", kReset, "reset", absl::StrCat(cluster.path(), "/data"),
                      absl::StrCat(static_cast<uint32_t>(xid)), absl::StrCat(segment)});
  EXPECT_EQ(reset.Wait(), 0) << reset.Errors();
  cluster.Start();
}

// Uses ids up until the next one is past `limit`.
void PassBy(lab::Session& session, uint64_t limit) {
  uint64_t xid = 0;
  while (xid <= limit) ASSERT_TRUE(absl::SimpleAtoi(session.Value("SELECT pg_current_xact_id()"), &xid));
}

// A transaction from before the turn is open across the copy, others end on both sides of it and on both of the copy.
void CopyAcross(lab::Cluster& cluster, uint64_t turn) {
  lab::MirrorLab lab(&cluster);
  cluster.Exec("CREATE TABLE t (a int, at text); ALTER TABLE t REPLICA IDENTITY FULL");
  lab.Begin();
  lab::Session early(cluster);
  early.Exec("BEGIN");
  early.Exec("INSERT INTO t VALUES (1, 'open across')");
  uint64_t early_xid = 0;
  ASSERT_TRUE(absl::SimpleAtoi(early.Value("SELECT pg_current_xact_id()"), &early_xid));
  ASSERT_LT(early_xid, turn);
  cluster.Exec("INSERT INTO t VALUES (2, 'before the turn')");
  lab::Session session(cluster);
  PassBy(session, turn + 3);
  cluster.Exec("INSERT INTO t VALUES (3, 'behind the turn')");
  lab::Session late(cluster);
  late.Exec("BEGIN");
  late.Exec("INSERT INTO t VALUES (4, 'open across, behind the turn')");
  EXPECT_EQ(lab.Bootstrap("t"), "2");
  cluster.Exec("INSERT INTO t VALUES (5, 'behind the copy')");
  late.Exec("COMMIT");
  early.Exec("INSERT INTO t VALUES (6, 'open across')");
  early.Exec("COMMIT");
  lab.CatchUp();
  lab.ExpectEqual("t", "a, at");
  EXPECT_EQ(lab.Status("t", "inserts"), "4");
}

// The mirror is older than the turn: the copy begins before it, the stream goes on behind.
void CopyBefore(lab::Cluster& cluster, uint64_t turn) {
  lab::MirrorLab lab(&cluster);
  cluster.Exec("CREATE TABLE t (a int); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1)");
  lab.Begin();
  EXPECT_EQ(lab.Bootstrap("t"), "1");
  lab::Session session(cluster);
  PassBy(session, turn + 3);
  cluster.Exec("INSERT INTO t VALUES (2)");
  lab.CatchUp();
  lab.ExpectEqual("t", "a");
}

TEST(XidWrapTest, TheHandOverHoldsAcrossEachTurn) {
  if (const char* bin = std::getenv("DELTAMIRROR_PGBIN");
      bin != nullptr && access(absl::StrCat(bin, "/pg_resetwal").c_str(), X_OK) != 0) {
    GTEST_SKIP() << "needs pg_resetwal, which this server was not packed with";
  }
  lab::Cluster cluster;
  MoveTo(cluster, kHalf - 100'000'000);
  MoveTo(cluster, kHalf - 500);
  CopyAcross(cluster, kHalf);
  MoveTo(cluster, kWhole - 300'000'000);
  MoveTo(cluster, kWhole - 1000);
  CopyBefore(cluster, kWhole - 600);
  CopyAcross(cluster, kWhole);
  EXPECT_EQ(cluster.Value("SELECT pg_current_xact_id()::text::numeric > 4294967296"), "t");
}

}  // namespace
}  // namespace deltamirror
