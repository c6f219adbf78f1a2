#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/process.h"

namespace deltamirror::lab {
namespace {

using ::testing::HasSubstr;

TEST(ClusterTest, KeepsWhatItHoldsThroughARestart) {
  Cluster cluster;
  cluster.Exec("CREATE TABLE zzz (a text PRIMARY KEY, b text); INSERT INTO zzz VALUES ('fox61', NULL)");
  cluster.Restart("immediate");
  EXPECT_EQ(cluster.Query("SELECT a, b FROM zzz"), (Rows{{"fox61", "NULL"}}));
  EXPECT_EQ(cluster.Value("SHOW wal_level"), "logical");
}

TEST(ClusterTest, IsLikeNoOther) {
  const std::string identifier = "SELECT system_identifier FROM pg_control_system()";
  Cluster one;
  Cluster other;
  EXPECT_NE(one.Value(identifier), other.Value(identifier));
}

TEST(ClusterTest, ListensOnTcpWhenAskedTo) {
  Cluster cluster({.settings = {"max_wal_senders=4"}, .tcp = true});
  Process psql({"psql", "-XAtd", cluster.tcp_conninfo(), "-c", "SHOW max_wal_senders"});
  EXPECT_EQ(psql.Wait(), 0) << psql.Errors();
  EXPECT_EQ(psql.Output(), "4\n");
}

TEST(ClusterTest, SessionKeepsItsTransaction) {
  Cluster cluster;
  cluster.Exec("CREATE TABLE t (a int)");
  Session session(cluster);
  session.Exec("BEGIN");
  session.Exec("INSERT INTO t VALUES (1)");
  EXPECT_EQ(cluster.Value("SELECT count(*) FROM t"), "0");
  session.Exec("COMMIT");
  EXPECT_EQ(cluster.Value("SELECT count(*) FROM t"), "1");
  EXPECT_THAT(session.Error("SELECT no_such_column"), HasSubstr("no_such_column"));
}

TEST(ProcessTest, TellsOfItsEnd) {
  Process sleeper({"sleep", "600"});
  EXPECT_TRUE(sleeper.Running());
  sleeper.Kill(SIGTERM);
  EXPECT_EQ(sleeper.Wait(), 128 + SIGTERM);
  EXPECT_EQ(Process({"sh", "-c", "exit 3"}).Wait(), 3);
  Process cat({"cat"}, "what it reads");
  EXPECT_EQ(cat.Wait(), 0);
  EXPECT_EQ(cat.Output(), "what it reads");
}

}  // namespace
}  // namespace deltamirror::lab
