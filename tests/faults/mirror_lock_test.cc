// A mirror is followed by one deltamirror at a time; a second one says who has it, and does not disturb the first.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/lab/host.h"
#include "tests/lab/process.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"
#include "tests/mirror_fixture.h"

namespace deltamirror {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kCaughtUp[] = R"('{"until":"caught_up"}')";

class MirrorLockTest : public ::testing::Test {
 protected:
  MirrorLockTest() {
    Append();
    host_ = std::make_unique<lab::Host>(File());
    host_->Exec("CREATE TABLE zzz (a INTEGER PRIMARY KEY)");
    MakeMirror("m");
  }

  std::string File() const { return dir_.File("cache.db"); }
  std::string Source() const { return dir_.File("log"); }

  void MakeMirror(const std::string& name) {
    host_->Exec(absl::StrCat("CREATE VIRTUAL TABLE \"", name, "\" USING daystream_apply(source='", Source(), "')"));
  }

  // Another transaction, of a row.
  void Append() {
    ++transactions_;
    const std::string tail = absl::StrCat(" _xid ", transactions_, " _lsn 0/", transactions_, "0");
    std::ofstream file(Source(), std::ios::app);
    file << Line(absl::StrCat("_c 5 _s ", 2 * transactions_, " _table zzz", tail, " _action insert a ", transactions_,
                              "\n_c 5 _s ", 2 * transactions_ + 1, tail, " _action commit\n"));
  }

  static std::string Follow(const std::string& name = "m") {
    return absl::StrCat("SELECT * FROM deltamirror('", name, "')");
  }
  static std::string CatchUp(const std::string& name = "m") {
    return absl::StrCat("SELECT * FROM deltamirror('", name, "', ", kCaughtUp, ")");
  }

  std::string LockFile(const std::string& escaped = "m") const { return absl::StrCat(File(), "-", escaped, ".lock"); }

  // A process that follows the mirror.
  std::unique_ptr<lab::Process> Start(const std::string& name = "m", const std::string& escaped = "m") {
    std::unique_ptr<lab::Process> process(new lab::Process(lab::Process::Shell(File(), Follow(name) + ";")));
    EXPECT_TRUE(lab::WaitUntil([&] {
      return absl::StartsWith(lab::ReadFile(LockFile(escaped)), absl::StrCat(process->pid(), "\n"));
    })) << process->Errors();
    return process;
  }

  std::string Count() { return host_->Value("SELECT count(*) FROM zzz"); }

  static std::string Refused(const std::string& name, pid_t pid) {
    return absl::StrCat("deltamirror: could not apply mirror \"", name, "\": process ", pid, " on host \"");
  }

  lab::TempDir dir_;
  std::unique_ptr<lab::Host> host_;
  int transactions_ = 0;
};

TEST_F(MirrorLockTest, ASecondProcessIsToldWhoHasTheMirror) {
  auto first = Start();
  EXPECT_THAT(host_->Error(CatchUp()),
              AllOf(HasSubstr(Refused("m", first->pid())), HasSubstr("is applying it. Only one deltamirror")));
  lab::Process second = lab::Process::Shell(File(), CatchUp() + ";");
  EXPECT_NE(second.Wait(), 0);
  EXPECT_THAT(second.Errors(), HasSubstr(Refused("m", first->pid())));
  // The first one noticed nothing.
  Append();
  EXPECT_TRUE(lab::WaitUntil([&] { return Count() == "2"; }));
  EXPECT_TRUE(first->Running());
  EXPECT_EQ(host_->Value("SELECT coalesce(last_error, state) FROM m"), "live");
}

TEST_F(MirrorLockTest, TheLockEndsWithTheProcess) {
  for (const int signal : {SIGKILL, SIGINT}) {
    auto first = Start();
    EXPECT_THAT(host_->Error(CatchUp()), HasSubstr(Refused("m", first->pid())));
    first->Kill(signal);
    first->Wait();
    EXPECT_EQ(host_->Query(CatchUp()).size(), 0u);
  }
  Append();
  EXPECT_EQ(host_->Query(CatchUp()).size(), 1u);
}

TEST_F(MirrorLockTest, TwoConnectionsOfAProcessExcludeOneAnother) {
  lab::Host other(File());
  sqlite3_stmt* first = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(other.db(), Follow().c_str(), -1, &first, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_step(first), SQLITE_ROW) << sqlite3_errmsg(other.db());
  EXPECT_THAT(host_->Error(CatchUp()), HasSubstr(Refused("m", getpid())));
  sqlite3_finalize(first);
  host_->Exec(CatchUp());
}

TEST_F(MirrorLockTest, LinesByInsertAreRefusedMeanwhile) {
  const std::string insert =
      absl::StrCat("INSERT INTO m(line) SELECT line FROM daystream(", lab::Literal(Source()), ")");
  auto first = Start();
  Append();
  EXPECT_THAT(host_->Error(insert), HasSubstr(absl::StrCat("process ", first->pid(), " on host")));
  EXPECT_TRUE(lab::WaitUntil([&] { return Count() == "2"; }));
  EXPECT_TRUE(first->Running());
  first->Kill(SIGINT);
  first->Wait();
  Append();
  host_->Exec(insert);
  EXPECT_EQ(Count(), "3");
}

TEST_F(MirrorLockTest, OtherMirrorsOfTheFileAreFree) {
  MakeMirror("A/b C");
  auto first = Start();
  auto second = Start("A/b C", "a%2fb%20c");
  EXPECT_THAT(host_->Error(CatchUp("A/b C")), HasSubstr(Refused("A/b C", second->pid())));
  EXPECT_THAT(host_->Error(CatchUp("M")), HasSubstr(Refused("m", first->pid())));
}

// Names whose first hundred characters are the same shared a lock.
TEST_F(MirrorLockTest, MirrorsWithLongNamesThatBeginAlikeAreFree) {
  const std::string begin(200, 'n');
  MakeMirror(begin + "1");
  MakeMirror(begin + "2");
  lab::Host other(File());
  sqlite3_stmt* first = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(other.db(), Follow(begin + "1").c_str(), -1, &first, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_step(first), SQLITE_ROW) << sqlite3_errmsg(other.db());
  EXPECT_EQ(host_->Query(CatchUp(begin + "2")).size(), 1u);
  EXPECT_THAT(host_->Error(CatchUp(begin + "1")), HasSubstr(Refused(begin + "1", getpid())));
  sqlite3_finalize(first);
  host_->Exec(CatchUp(begin + "1"));
}

TEST_F(MirrorLockTest, ADatabaseInMemoryNeedsNone) {
  lab::Host memory;
  memory.Exec("CREATE TABLE zzz (a INTEGER PRIMARY KEY)");
  memory.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", Source(), "')"));
  EXPECT_EQ(memory.Query(CatchUp()).size(), 1u);
}

TEST_F(MirrorLockTest, ALockThatCannotBeTakenIsAnError) {
  std::filesystem::create_directory(LockFile());
  EXPECT_THAT(host_->Error(CatchUp()), HasSubstr("deltamirror: could not open file \""));
}

}  // namespace
}  // namespace deltamirror
