// A throw-away PostgreSQL cluster.

#ifndef DELTAMIRROR_TESTS_LAB_CLUSTER_H_
#define DELTAMIRROR_TESTS_LAB_CLUSTER_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/lab/temp_dir.h"

namespace deltamirror::lab {

class Session;

// Rows as text; a NULL is "NULL".
using Rows = std::vector<std::vector<std::string>>;

// tests/lab/cluster as an object: made and started by the constructor, stopped and removed by the destructor (and by
// the script's watcher, should the test die). It listens on a unix socket, has wal_level = logical, and, in a test with
// plugin = True, can load deltaflood. A step that fails is a failure of the test, with the server's words.
//
//   lab::Cluster cluster;
//   cluster.Exec("CREATE TABLE zzz (a text PRIMARY KEY, b text)");
//   EXPECT_EQ(cluster.Value("SELECT count(*) FROM zzz"), "0");
class Cluster {
 public:
  struct Options {
    std::vector<std::string> settings;  // "max_wal_senders=4"
    // Listens on 127.0.0.1 too, on a free port: tcp_conninfo().
    bool tcp = false;
    // The server's clock is off: "+1h", "-90m". Until it is started again.
    std::string clock;
  };

  Cluster() : Cluster(Options()) {}
  explicit Cluster(const Options& options);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // host, port, user and dbname: the superuser, on the database "postgres".
  const std::string& conninfo() const { return conninfo_; }
  std::string tcp_conninfo() const;
  // The folder of the cluster: data/log is the server's log.
  const std::string& path() const { return dir_.path(); }
  std::string Log() const { return ReadFile(dir_.File("data/log")); }

  // The server's: 15 for PostgreSQL 15.4.
  int Version();

  // Starts the server again as it was.
  void Start();
  void Stop(const std::string& mode = "fast");  // or "immediate": a crash
  void Restart(const std::string& mode = "fast");

  // Commits wait for a synchronous standby that does not answer, unless their synchronous_commit is local: they are in
  // the WAL, and not visible yet. On return each new one does, until AnswerCommits.
  void StallCommits();
  void AnswerCommits();

  // One or more statements. The end of the call ends the transaction, and what was set for the session: calls share a
  // connection, as far as they are not at the same time, because the start of a server's process takes far longer than
  // most statements. A Session has settings of its role that were made since.
  void Exec(const std::string& sql) { Query(sql); }
  // The rows of the last statement.
  Rows Query(const std::string& sql);
  // The only value of the only row.
  std::string Value(const std::string& sql);

 private:
  std::string Run(const std::vector<std::string>& arguments);

  // A cluster is a thousand files, which are made and removed in far less time in memory.
  TempDir dir_{MemoryFolder()};
  int tcp_port_ = 0;
  std::string conninfo_;
  std::mutex mutex_;
  std::unique_ptr<Session> session_;  // under the mutex
};

// A connection that stays open, for transactions that overlap.
//
//   lab::Session session(cluster);
//   session.Exec("BEGIN");
class Session {
 public:
  explicit Session(const Cluster& cluster);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Exec(const std::string& sql) { Query(sql); }
  Rows Query(const std::string& sql);
  std::string Value(const std::string& sql);
  // The message of a statement that must fail.
  std::string Error(const std::string& sql);

  // Whether the server has not closed it.
  bool IsOpen() const;
  // Makes it what a new one is.
  void Reset();

 private:
  void* connection_;  // PGconn
};

}  // namespace deltamirror::lab

#endif  // DELTAMIRROR_TESTS_LAB_CLUSTER_H_
