// A statement that runs for long, watched row by row while it does.

#ifndef DELTAMIRROR_TESTS_FAULTS_RUNNING_QUERY_H_
#define DELTAMIRROR_TESTS_FAULTS_RUNNING_QUERY_H_

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "tests/lab/cluster.h"
#include "tests/lab/host.h"

namespace deltamirror {

// Runs on a host and a thread of its own from the constructor on; the destructor interrupts it.
//
//   RunningQuery stream("SELECT state, note FROM deltastream(...)");
//   EXPECT_TRUE(lab::WaitUntil([&] { return !stream.rows().empty(); }));
//   EXPECT_EQ(stream.Interrupt(), "deltastream: interrupted");
class RunningQuery {
 public:
  explicit RunningQuery(const std::string& sql);
  ~RunningQuery();
  RunningQuery(const RunningQuery&) = delete;
  RunningQuery& operator=(const RunningQuery&) = delete;

  // What it has given so far.
  lab::Rows rows() const;
  bool Running() const { return !ended_; }

  // Waits until it has ended; its error, "" if it came to its end without.
  std::string Wait();

  // sqlite3_interrupt, and Wait.
  std::string Interrupt();

 private:
  void Run(const std::string& sql);

  lab::Host host_;
  mutable std::mutex mutex_;
  lab::Rows rows_;
  std::string error_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_FAULTS_RUNNING_QUERY_H_
