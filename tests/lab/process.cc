#include "tests/lab/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/lab/artefacts.h"
#include "tests/lab/wait.h"

namespace deltamirror::lab {
namespace {

void Redirect(const std::string& path, int flags, int descriptor) {
  const int file = open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (file < 0 || dup2(file, descriptor) < 0) _exit(126);
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::string& input) {
  WriteFile(dir_.File("in"), input);
  Start(command);
}

Process Process::Shell(const std::string& database, const std::string& script) {
  const char* preload = std::getenv("DELTAMIRROR_PRELOAD");
  return Process({"env", absl::StrCat("LD_PRELOAD=", preload == nullptr ? "" : preload), "sqlite3", "-batch", "-bail",
                  database.empty() ? ":memory:" : database},
                 absl::StrCat(".load ", ExtensionPath(), "\n", script, "\n"));
}

Process::~Process() {
  if (!Running()) return;
  Kill(SIGKILL);
  Wait();
}

void Process::Start(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) {
    std::perror("could not fork");
    std::abort();
  }
  if (pid_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  Redirect(dir_.File("in"), O_RDONLY, STDIN_FILENO);
  Redirect(dir_.File("out"), O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
  Redirect(dir_.File("err"), O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
  execvp(arguments[0], arguments.data());
  std::perror(arguments[0]);
  _exit(127);
}

bool Process::Running() {
  if (ended_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  ended_ = true;
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return false;
}

void Process::Kill(int signal) {
  if (Running()) kill(pid_, signal);
}

int Process::Wait(absl::Duration timeout) {
  WaitUntil([this] { return !Running(); }, timeout);
  return status_;
}

int64_t Process::PeakMemory() const {
  for (const auto line : absl::StrSplit(ReadFile(absl::StrCat("/proc/", pid_, "/status")), '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    int64_t kibibytes = 0;
    if (words.size() > 1 && words[0] == "VmHWM:" && absl::SimpleAtoi(words[1], &kibibytes)) return kibibytes * 1024;
  }
  return 0;
}

}  // namespace deltamirror::lab
