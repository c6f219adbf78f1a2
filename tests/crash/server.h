// A PostgreSQL server that can be made to crash.

#ifndef DELTAMIRROR_TESTS_CRASH_SERVER_H_
#define DELTAMIRROR_TESTS_CRASH_SERVER_H_

#include <string>

#include "tests/lab/cluster.h"

namespace deltamirror::crash {

class Server {
 public:
  Server();

  // An immediate stop, as after a power failure but for the disk. At once.
  void Crash();
  // Waits until it is gone, and starts it again if it does not run.
  void Start();
  bool running() const { return running_; }

  // The connection of the process that reads the slot is cut: by the server's own means, or with SIGKILL, which takes
  // all of the server's connections along; returns when it takes new ones.
  void CutConnection(const std::string& slot);
  void KillBackend(const std::string& slot);

  lab::Cluster& cluster() { return cluster_; }

 private:
  std::string WalSender(const std::string& slot);

  lab::Cluster cluster_;
  bool running_ = true;
};

}  // namespace deltamirror::crash

#endif  // DELTAMIRROR_TESTS_CRASH_SERVER_H_
