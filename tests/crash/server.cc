#include "tests/crash/server.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "tests/lab/host.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"

namespace deltamirror::crash {
namespace {

pid_t Postmaster(const lab::Cluster& cluster) {
  return std::atoi(lab::ReadFile(cluster.path() + "/data/postmaster.pid").c_str());
}

}  // namespace

Server::Server() : cluster_({.settings = {"deadlock_timeout=50ms", "max_connections=40"}}) {}

void Server::Crash() {
  const pid_t postmaster = Postmaster(cluster_);
  ASSERT_GT(postmaster, 1) << "the server does not run";
  kill(postmaster, SIGQUIT);
  running_ = false;
}

void Server::Start() {
  if (running_) return;
  // It removes the file when it ends.
  const std::string file = cluster_.path() + "/data/postmaster.pid";
  ASSERT_TRUE(lab::WaitUntil([&file] { return access(file.c_str(), F_OK) != 0; })) << "the server does not end";
  cluster_.Start();
  running_ = true;
}

std::string Server::WalSender(const std::string& slot) {
  const lab::Rows rows = cluster_.Query(
      absl::StrCat("SELECT active_pid FROM pg_replication_slots WHERE active AND slot_name = ", lab::Literal(slot)));
  return rows.empty() ? "" : rows[0][0];
}

void Server::CutConnection(const std::string& slot) {
  const std::string pid = WalSender(slot);
  if (!pid.empty()) cluster_.Exec(absl::StrCat("SELECT pg_terminate_backend(", pid, ")"));
}

void Server::KillBackend(const std::string& slot) {
  const std::string pid = WalSender(slot);
  if (pid.empty()) return;
  PGconn* bystander = PQconnectdb(cluster_.conninfo().c_str());
  kill(std::atoi(pid.c_str()), SIGKILL);
  EXPECT_TRUE(lab::WaitUntil([bystander] {
    PQclear(PQexec(bystander, ""));
    return PQstatus(bystander) != CONNECTION_OK;
  })) << "the server has not noticed";
  PQfinish(bystander);
  EXPECT_TRUE(lab::WaitUntil([this] { return PQping(cluster_.conninfo().c_str()) == PQPING_OK; }));
}

}  // namespace deltamirror::crash
