// A crash_host process.

#ifndef DELTAMIRROR_TESTS_CRASH_CHILD_H_
#define DELTAMIRROR_TESTS_CRASH_CHILD_H_

#include <cstdint>
#include <memory>
#include <string>

#include "tests/lab/process.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror::crash {

// The moment at which a process is to be held (points.h); none if `point` is empty.
struct Arm {
  std::string point;
  int count = 1;
};

class Child {
 public:
  struct Options {
    std::string database = ":memory:";
    std::string sql;
    Arm arm;
    int64_t clock_ms = 0;     // added to the clock that stamps lines
    int64_t clock_rate = 1;   // how many times as fast it goes
    std::string synced_file;  // CRASH_SYNCED; "": not wanted
  };
  // Begins to run. It is killed by the destructor.
  explicit Child(const Options& options);

  bool Running() { return process_->Running(); }
  // It has come to its moment, and waits.
  bool Held() const;
  void LetGo();
  // kill -9, without waiting for its end.
  void Hit();

  std::string Errors() const { return process_->Errors(); }
  pid_t pid() const { return process_->pid(); }

 private:
  lab::TempDir dir_;
  std::unique_ptr<lab::Process> process_;
};

}  // namespace deltamirror::crash

#endif  // DELTAMIRROR_TESTS_CRASH_CHILD_H_
