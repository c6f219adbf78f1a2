// What a host sees of deltamirror.so before it has asked for anything. The refusal of an SQLite before 3.35 is not
// tested here: the host that the tests bring is newer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "tests/lab/artefacts.h"
#include "tests/lab/host.h"
#include "tests/lab/process.h"
#include "tests/lab/sanitized.h"

namespace deltamirror {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSubsetOf;
using ::testing::MatchesRegex;

std::vector<std::string> LinesOf(const std::vector<std::string>& command) {
  lab::Process process(command);
  EXPECT_EQ(process.Wait(), 0) << process.Errors();
  return absl::StrSplit(process.Output(), '\n', absl::SkipEmpty());
}

TEST(ExtensionTest, TellsItsVersion) {
  lab::Host host;
  EXPECT_THAT(host.Value("SELECT deltamirror_version()"), MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_THAT(host.Value("SELECT deltamirror_debug()"), HasSubstr("libpq"));
}

TEST(ExtensionTest, LoadsIntoTheShell) {
  lab::Process shell = lab::Process::Shell("", "SELECT 'version ' || deltamirror_version();");
  EXPECT_EQ(shell.Wait(), 0) << shell.Errors();
  EXPECT_THAT(shell.Output(), MatchesRegex("version [0-9.]+\n"));
}

TEST(ExtensionTest, LoadsIntoSeveralConnectionsOfAProcess) {
  lab::Host one;
  lab::Host two;
  EXPECT_EQ(one.Value("SELECT deltamirror_version()"), two.Value("SELECT deltamirror_version()"));
}

// With a library that was unloaded and loaded again, what it had allocated for itself would be lost each time.
TEST(ExtensionTest, ConnectionsThatComeAndGoLeaveNoMemoryBehind) {
  const auto come_and_go = [](int times) {
    for (int i = 0; i < times; ++i) lab::Host().Value("SELECT deltamirror_version()");
    return static_cast<int64_t>(mallinfo2().uordblks);
  };
  const int64_t before = come_and_go(3);
  EXPECT_LT(come_and_go(50) - before, 200 << 10);
}

TEST(ExtensionTest, NeedsOnlyWhatAPlainMachineHas) {
  if (lab::IsSanitized()) GTEST_SKIP() << "a sanitizer needs its library";
  std::set<std::string> needed;
  for (const std::string& line : LinesOf({"readelf", "-d", lab::ExtensionPath()})) {
    if (!absl::StrContains(line, "(NEEDED)")) continue;
    const std::vector<std::string> parts = absl::StrSplit(line, absl::ByAnyChar("[]"));
    needed.insert(parts.at(1));
  }
  EXPECT_THAT(needed, IsSubsetOf({"libpq.so.5", "libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2",
                                  "ld-linux-aarch64.so.1", "libpthread.so.0"}));
}

TEST(ExtensionTest, ExportsItsEntryPointAlone) {
  std::vector<std::string> exported;
  for (const std::string& line : LinesOf({"nm", "-D", "--defined-only", "--extern-only", lab::ExtensionPath()})) {
    exported.push_back(std::vector<std::string>(absl::StrSplit(line, ' ')).back());
  }
  EXPECT_THAT(exported, ElementsAre("sqlite3_deltamirror_init"));
}

}  // namespace
}  // namespace deltamirror
