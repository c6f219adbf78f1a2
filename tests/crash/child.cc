#include "tests/crash/child.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror::crash {
namespace {

std::string Program() {
  const char* path = std::getenv("DELTAMIRROR_CRASH_HOST");
  return path == nullptr ? "" : std::filesystem::absolute(path).string();
}

// "PID (NAME) STATE ...", and a name may hold anything.
bool IsStopped(pid_t pid) {
  const std::string status = lab::ReadFile(absl::StrCat("/proc/", pid, "/stat"));
  const size_t name_end = status.rfind(')');
  return name_end != std::string::npos && absl::StartsWith(status.substr(name_end), ") T");
}

}  // namespace

Child::Child(const Options& options) {
  std::vector<std::string> command = {"env", absl::StrCat("CRASH_CLOCK=", options.clock_ms),
                                      absl::StrCat("CRASH_RATE=", options.clock_rate)};
  if (!options.arm.point.empty()) {
    command.push_back(absl::StrCat("CRASH_AT=", options.arm.point, ":", options.arm.count));
    command.push_back(absl::StrCat("CRASH_MARK=", dir_.File("mark")));
  }
  if (!options.synced_file.empty()) command.push_back(absl::StrCat("CRASH_SYNCED=", options.synced_file));
  command.insert(command.end(), {Program(), options.database, options.sql});
  process_ = std::make_unique<lab::Process>(command);
}

bool Child::Held() const {
  // The mark comes before the stop: a SIGCONT between the two would be lost.
  return access(dir_.File("mark").c_str(), F_OK) == 0 && IsStopped(process_->pid());
}

void Child::LetGo() {
  process_->Kill(SIGCONT);
}

void Child::Hit() {
  process_->Kill(SIGKILL);
}

}  // namespace deltamirror::crash
