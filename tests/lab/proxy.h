// A network that goes wrong, between a client and a cluster.

#ifndef DELTAMIRROR_TESTS_LAB_PROXY_H_
#define DELTAMIRROR_TESTS_LAB_PROXY_H_

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "tests/lab/cluster.h"

namespace deltamirror::lab {

// Passes on what comes to a port of 127.0.0.1, made by the constructor, to a cluster's socket, and back, on a thread of
// its own, until the destructor. Each call holds from then on, for the connections that there are and for later ones.
//
//   lab::Proxy proxy(cluster);
//   host.Exec(absl::StrCat("SELECT pg_import('", proxy.conninfo(), "', 't', 't')"));
//   proxy.CutAfter(1000);
class Proxy {
 public:
  explicit Proxy(const Cluster& cluster);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // Like the cluster's; without TLS, so that the same work is the same bytes.
  std::string conninfo() const;

  // Where later connections lead.
  void PointTo(const Cluster& cluster);

  // When the server has sent `bytes` more, on all connections together, exactly those have been passed on and then all
  // connections are cut, once. `sent`: counts what the client has sent instead.
  void CutAfter(int64_t bytes);
  void CutAfterSent(int64_t bytes);
  // All that there are.
  void CutNow();

  // Nothing is passed on any more, but all connections stay, and new ones are taken.
  void Stall();
  // What the client sends is passed on, what the server sends is not.
  void Mute();
  // Nobody takes a new connection; those that there are stay.
  void Refuse();
  // Ends Stall, Mute and Refuse.
  void Resume();

  // Since the beginning: what the server and the client have sent and was passed on, and connections taken.
  int64_t received() const;
  int64_t sent() const;
  int connections() const;

 private:
  // A connection and what is on its way in it.
  struct Pair {
    int client = -1;
    int server = -1;
    std::string to_client;
    std::string to_server;
  };
  static constexpr int64_t kUnlimited = INT64_MAX;

  void Run();
  void Step();
  void Accept();
  bool Serve(Pair* pair);
  void CutAll();

  mutable std::mutex mutex_;
  std::string target_;
  int listener_ = -1;
  int port_ = 0;
  bool stop_ = false;
  bool stalled_ = false;
  bool muted_ = false;
  bool refusing_ = false;
  int64_t room_to_client_ = kUnlimited;  // bytes until the cut
  int64_t room_to_server_ = kUnlimited;
  int64_t received_ = 0;
  int64_t sent_ = 0;
  int connections_ = 0;
  std::list<Pair> pairs_;
  std::thread thread_;
};

}  // namespace deltamirror::lab

#endif  // DELTAMIRROR_TESTS_LAB_PROXY_H_
