// A deltastream and a deltamirror that are left alone, beside those that are killed: they follow the same tables, live
// through the server's crashes, and must need no more at the end than at the beginning.

#ifndef DELTAMIRROR_TESTS_CRASH_STEADY_H_
#define DELTAMIRROR_TESTS_CRASH_STEADY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/crash/epoch.h"
#include "tests/crash/server.h"

namespace deltamirror::crash {

// A day passes each minute, and files that the mirror has read are removed, so that the disk does not fill up and files
// are opened and closed all the time.
class Steady {
 public:
  // Begins; the tables are empty.
  explicit Steady(Server* server);

  // To be called now and then: looks at both processes, which must run, and removes old files.
  void Look();

  // With the writers paused: the mirror equals its source, and neither process has grown. Failures are those of the
  // test.
  void Finish();

  // "deltastream: 12.3, 14.0, 12.5 MiB, 9, 9, 9 files; ...": in the first minutes, at most, at the end.
  std::string Figures() const;

 private:
  struct Sample {
    double memory = 0;  // MiB, resident
    int files = 0;      // open descriptors
  };
  struct Series {
    Sample start;  // when it has done some work
    Sample peak;
    Sample end;
    void Add(const Sample& sample, bool warm);
    std::string Text() const;
  };

  static Sample SampleOf(pid_t pid);
  void RemoveOldFiles();

  Server* const server_;
  std::unique_ptr<Epoch> epoch_;
  absl::Time began_;
  absl::Time looked_ = absl::InfinitePast();
  Series stream_;
  Series mirror_;
  int64_t removed_ = 0;
};

}  // namespace deltamirror::crash

#endif  // DELTAMIRROR_TESTS_CRASH_STEADY_H_
