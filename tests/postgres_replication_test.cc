// ReplicationStream on a real server.

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "postgres/connection.h"
#include "postgres/replication.h"
#include "postgres/server_error.h"
#include "tests/lab/cluster.h"
#include "tests/lab/wait.h"

namespace deltamirror::postgres {
namespace {

constexpr char kIsActive[] = "SELECT active FROM pg_replication_slots";

class ReplicationTest : public ::testing::Test {
 protected:
  void SetUp() override { cluster_.Exec("SELECT pg_create_logical_replication_slot('mirror', 'pgoutput')"); }

  absl::StatusOr<ReplicationStream> Start(absl::Duration patience) {
    absl::StatusOr<Connection> connection = Connection::Open(cluster_.conninfo(), {.replication = true});
    if (!connection.ok()) return connection.status();
    return ReplicationStream::Start(*std::move(connection), "mirror", 0,
                                    {{"proto_version", "1"}, {"publication_names", "none"}}, patience);
  }

  lab::Cluster cluster_;
};

TEST_F(ReplicationTest, ASlotThatIsInUseForAMomentIsWaitedFor) {
  absl::StatusOr<ReplicationStream> first = Start(absl::ZeroDuration());
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(lab::WaitUntil([this] { return cluster_.Value(kIsActive) == "t"; }));
  EXPECT_EQ(SqlState(Start(absl::Milliseconds(100)).status()), "55006");
  std::thread end([&first] {
    absl::SleepFor(absl::Milliseconds(300));
    first->Stop();
  });
  const absl::StatusOr<ReplicationStream> second = Start(absl::Minutes(1));
  end.join();
  EXPECT_TRUE(second.ok()) << second.status();
}

}  // namespace
}  // namespace deltamirror::postgres
