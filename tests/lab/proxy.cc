#include "tests/lab/proxy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace deltamirror::lab {
namespace {

constexpr size_t kBufferSize = size_t{64} << 10;
constexpr int kPollMs = 10;
constexpr absl::Duration kFarewell = absl::Milliseconds(500);

std::string SocketOf(const Cluster& cluster) {
  const std::string& conninfo = cluster.conninfo();
  const size_t port = conninfo.find("port=") + strlen("port=");
  return absl::StrCat(cluster.path(), "/socket/.s.PGSQL.", conninfo.substr(port, conninfo.find(' ', port) - port));
}

int Connect(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {.sun_family = AF_UNIX};
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

// Reads what is there, but no more than `room`; false at the end.
bool Read(int fd, int64_t* room, int64_t* count, std::string* buffer) {
  char block[kBufferSize];
  const auto size = static_cast<size_t>(std::min<int64_t>(*room, kBufferSize - buffer->size()));
  if (size == 0) return true;
  const ssize_t got = recv(fd, block, size, MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  buffer->append(block, got);
  *room -= got;
  *count += got;
  return got > 0;
}

// Writes what the other end takes; false if it has gone.
bool Write(int fd, std::string* buffer) {
  if (buffer->empty()) return true;
  const ssize_t put = send(fd, buffer->data(), buffer->size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (put < 0) return errno == EAGAIN || errno == EINTR;
  buffer->erase(0, put);
  return true;
}

// What was read before the end still arrives: closing with something unread would throw it away.
void SayGoodbye(int fd, std::string* buffer) {
  const absl::Time end = absl::Now() + kFarewell;
  while (!buffer->empty() && absl::Now() < end && Write(fd, buffer)) absl::SleepFor(absl::Milliseconds(1));
  shutdown(fd, SHUT_WR);
  char unread[4096];
  while (absl::Now() < end) {
    const ssize_t got = recv(fd, unread, sizeof(unread), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) break;
    absl::SleepFor(absl::Milliseconds(1));
  }
  close(fd);
}

}  // namespace

Proxy::Proxy(const Cluster& cluster) : target_(SocketOf(cluster)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(listener_, generic, size), 0) << strerror(errno);
  EXPECT_EQ(listen(listener_, 16), 0) << strerror(errno);
  EXPECT_EQ(getsockname(listener_, generic, &size), 0) << strerror(errno);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread(&Proxy::Run, this);
}

Proxy::~Proxy() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  thread_.join();
  CutAll();
  close(listener_);
}

std::string Proxy::conninfo() const {
  return absl::StrCat("host=127.0.0.1 port=", port_,
                      " user=postgres dbname=postgres sslmode=disable gssencmode=disable");
}

void Proxy::PointTo(const Cluster& cluster) {
  const std::lock_guard<std::mutex> lock(mutex_);
  target_ = SocketOf(cluster);
}

void Proxy::CutAfter(int64_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  room_to_client_ = bytes;
}

void Proxy::CutAfterSent(int64_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  room_to_server_ = bytes;
}

void Proxy::CutNow() {
  const std::lock_guard<std::mutex> lock(mutex_);
  CutAll();
}

void Proxy::Stall() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stalled_ = true;
}

void Proxy::Mute() {
  const std::lock_guard<std::mutex> lock(mutex_);
  muted_ = true;
}

void Proxy::Refuse() {
  const std::lock_guard<std::mutex> lock(mutex_);
  refusing_ = true;
}

void Proxy::Resume() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stalled_ = muted_ = refusing_ = false;
}

int64_t Proxy::received() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return received_;
}

int64_t Proxy::sent() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return sent_;
}

int Proxy::connections() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return connections_;
}

void Proxy::Run() {
  std::vector<pollfd> sockets;
  while (true) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (stop_) return;
      Step();
      sockets.assign(1, {listener_, POLLIN, 0});
      for (const Pair& pair : pairs_) {
        sockets.push_back({pair.client, POLLIN, 0});
        sockets.push_back({pair.server, POLLIN, 0});
      }
    }
    // A socket that has something that is not to be passed on would wake us at once, for nothing.
    if (poll(sockets.data(), sockets.size(), kPollMs) > 0) absl::SleepFor(absl::Microseconds(100));
  }
}

void Proxy::Step() {
  Accept();
  if (stalled_) return;
  for (auto pair = pairs_.begin(); pair != pairs_.end();) {
    if (Serve(&*pair)) {
      ++pair;
      continue;
    }
    SayGoodbye(pair->client, &pair->to_client);
    SayGoodbye(pair->server, &pair->to_server);
    pair = pairs_.erase(pair);
  }
  if (room_to_client_ == 0 || room_to_server_ == 0) {
    room_to_client_ = room_to_server_ = kUnlimited;
    CutAll();
  }
}

void Proxy::Accept() {
  while (true) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int server = refusing_ ? -1 : Connect(target_);
    if (server < 0) {
      close(client);
      continue;
    }
    ++connections_;
    pairs_.push_back({.client = client, .server = server});
  }
}

// False when one of the two has ended the connection.
bool Proxy::Serve(Pair* pair) {
  bool alive = Read(pair->client, &room_to_server_, &sent_, &pair->to_server);
  if (!muted_) alive = Read(pair->server, &room_to_client_, &received_, &pair->to_client) && alive;
  alive = Write(pair->server, &pair->to_server) && alive;
  return Write(pair->client, &pair->to_client) && alive;
}

void Proxy::CutAll() {
  for (Pair& pair : pairs_) {
    SayGoodbye(pair.client, &pair.to_client);
    SayGoodbye(pair.server, &pair.to_server);
  }
  pairs_.clear();
}

}  // namespace deltamirror::lab
