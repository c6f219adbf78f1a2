// A child process: a sqlite3 shell that runs a script, or any other program.

#ifndef DELTAMIRROR_TESTS_LAB_PROCESS_H_
#define DELTAMIRROR_TESTS_LAB_PROCESS_H_

#include <sys/types.h>

#include <csignal>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror::lab {

// Started by the constructor, killed (if it still runs) by the destructor, and by the kernel should the test die.
//
//   Process stream = Process::Shell("", "SELECT * FROM deltastream('...', 'mirror', '/tmp/ds');");
//   ...
//   stream.Kill(SIGKILL);
//   EXPECT_EQ(stream.Wait(), 128 + SIGKILL);
class Process {
 public:
  // command[0] is looked up in PATH; `input` is all that it gets on stdin.
  explicit Process(const std::vector<std::string>& command, const std::string& input = "");

  // `sqlite3 -batch -bail DATABASE` ("" is a database in memory) that loads the extension and runs `script`. Under a
  // sanitizer the shell, which was built without, loads its library first (DELTAMIRROR_PRELOAD, see .bazelrc).
  static Process Shell(const std::string& database, const std::string& script);

  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool Running();
  void Kill(int signal = SIGKILL);

  // Waits for the end and returns the exit status; 128 + signal if a signal ended it; -1 if it still runs after
  // `timeout`.
  int Wait(absl::Duration timeout = absl::Minutes(2));

  // What it has written so far.
  std::string Output() const { return ReadFile(dir_.File("out")); }
  std::string Errors() const { return ReadFile(dir_.File("err")); }

  // Its largest resident memory so far, in bytes (VmHWM); 0 once it has ended.
  int64_t PeakMemory() const;

 private:
  void Start(const std::vector<std::string>& command);

  TempDir dir_;
  pid_t pid_ = -1;
  bool ended_ = false;
  int status_ = -1;
};

}  // namespace deltamirror::lab

#endif  // DELTAMIRROR_TESTS_LAB_PROCESS_H_
