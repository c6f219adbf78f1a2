#include "tests/crash/child.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"

namespace deltamirror::crash {
namespace {

std::string Program() {
  const char* path = std::getenv("DELTAMIRROR_CRASH_HOST");
  return path == nullptr ? "" : std::filesystem::absolute(path).string();
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
  return access(dir_.File("mark").c_str(), F_OK) == 0;
}

void Child::LetGo() {
  process_->Kill(SIGCONT);
}

void Child::Hit() {
  process_->Kill(SIGKILL);
}

}  // namespace deltamirror::crash
