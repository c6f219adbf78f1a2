#include "tests/lab/cluster.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "tests/lab/artefacts.h"
#include "tests/lab/process.h"
#include "tests/lab/wait.h"

namespace deltamirror::lab {
namespace {

PGconn* Handle(void* connection) {
  return static_cast<PGconn*>(connection);
}

Rows ReadRows(const PGresult* result) {
  Rows rows(PQntuples(result));
  for (int row = 0; row < PQntuples(result); ++row) {
    for (int column = 0; column < PQnfields(result); ++column) {
      rows[row].emplace_back(PQgetisnull(result, row, column) ? "NULL" : PQgetvalue(result, row, column));
    }
  }
  return rows;
}

std::string SingleValue(const Rows& rows, const std::string& sql) {
  if (rows.size() == 1 && rows[0].size() == 1) return rows[0][0];
  ADD_FAILURE() << "expected one value of: " << sql << "\nbut got " << rows.size() << " rows";
  return "";
}

// A port that was free a moment ago.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool found = bind(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0;
  close(fd);
  EXPECT_TRUE(found) << "no free port on 127.0.0.1";
  return ntohs(address.sin_port);
}

}  // namespace

Cluster::Cluster(const Options& options) {
  std::vector<std::string> arguments = {"start", path(), "--owner", absl::StrCat(getpid())};
  if (!PluginPath().empty()) arguments.insert(arguments.end(), {"--plugin", PluginPath()});
  for (const std::string& setting : options.settings) arguments.insert(arguments.end(), {"-c", setting});
  if (!options.clock.empty()) arguments.insert(arguments.end(), {"--clock", options.clock});
  if (options.tcp) {
    tcp_port_ = FreePort();
    arguments.insert(arguments.end(), {"-c", "listen_addresses=127.0.0.1", "-c", absl::StrCat("port=", tcp_port_)});
  }
  conninfo_ = Run(arguments);
}

Cluster::~Cluster() {
  Stop("immediate");
}

std::string Cluster::tcp_conninfo() const {
  return absl::StrCat("host=127.0.0.1 port=", tcp_port_, " user=postgres dbname=postgres");
}

int Cluster::Version() {
  int number = 0;
  EXPECT_TRUE(absl::SimpleAtoi(Value("SHOW server_version_num"), &number));
  return number / 10000;
}

void Cluster::Start() {
  Run({"start", path()});
}

void Cluster::Stop(const std::string& mode) {
  // A statement of another thread may end by the server's end alone.
  if (const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock); lock.owns_lock()) session_.reset();
  Run({"stop", path(), mode});
}

void Cluster::Restart(const std::string& mode) {
  Stop(mode);
  Start();
}

void Cluster::StallCommits() {
  Exec("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  Exec("SELECT pg_reload_conf()");
  // A session that begins with the setting does so after all of the server's processes were told of it. The one that
  // has commits wait is the checkpointer, which reads its settings before it does what CHECKPOINT asks for.
  EXPECT_TRUE(WaitUntil([this] { return Session(*this).Value("SHOW synchronous_standby_names") == "nobody"; }));
  Exec("CHECKPOINT");
}

void Cluster::AnswerCommits() {
  Exec("ALTER SYSTEM RESET synchronous_standby_names");
  Exec("SELECT pg_reload_conf()");
}

Rows Cluster::Query(const std::string& sql) {
  const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return Session(*this).Query(sql);
  if (session_ == nullptr || !session_->IsOpen()) session_ = std::make_unique<Session>(*this);
  Rows rows = session_->Query(sql);
  session_->Reset();
  return rows;
}

std::string Cluster::Value(const std::string& sql) {
  return SingleValue(Query(sql), sql);
}

std::string Cluster::Run(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"bash", ClusterScript()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  Process script(command);
  EXPECT_EQ(script.Wait(), 0) << script.Errors();
  return std::string(absl::StripSuffix(script.Output(), "\n"));
}

Session::Session(const Cluster& cluster) : connection_(PQconnectdb(cluster.conninfo().c_str())) {
  EXPECT_EQ(PQstatus(Handle(connection_)), CONNECTION_OK) << PQerrorMessage(Handle(connection_));
  PQsetNoticeProcessor(
      Handle(connection_), [](void*, const char*) {}, nullptr);
}

Session::~Session() {
  PQfinish(Handle(connection_));
}

Rows Session::Query(const std::string& sql) {
  PGresult* result = PQexec(Handle(connection_), sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  EXPECT_TRUE(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) << PQresultErrorMessage(result) << sql;
  Rows rows = ReadRows(result);
  PQclear(result);
  return rows;
}

std::string Session::Value(const std::string& sql) {
  return SingleValue(Query(sql), sql);
}

std::string Session::Error(const std::string& sql) {
  PGresult* result = PQexec(Handle(connection_), sql.c_str());
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  EXPECT_NE(message, nullptr) << "expected an error of: " << sql;
  std::string text = message == nullptr ? "" : message;
  PQclear(result);
  return text;
}

// A server that closes a connection says why, and that it has none; an idle one says nothing.
bool Session::IsOpen() const {
  pollfd socket = {.fd = PQsocket(Handle(connection_)), .events = POLLIN};
  return PQstatus(Handle(connection_)) == CONNECTION_OK && poll(&socket, 1, 0) == 0;
}

void Session::Reset() {
  if (PQtransactionStatus(Handle(connection_)) != PQTRANS_IDLE) PQclear(PQexec(Handle(connection_), "ROLLBACK"));
  PQclear(PQexec(Handle(connection_), "DISCARD ALL"));
}

}  // namespace deltamirror::lab
