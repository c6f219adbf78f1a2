// A disk that is full stops the stream and the mirror with a clear error; once there is room, both go on from where
// they were. The disk is a small tmpfs in a mount namespace of the shell that writes to it, so it goes away with the
// shell.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/lab/artefacts.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/process.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

constexpr char kCaughtUp[] = "'{\"until\":\"caught_up\"}'";

// A sanitizer's library is for it alone: mount, and the shell that runs it, may not bear it in their environment.
constexpr char kShell[] =
    "${DELTAMIRROR_PRELOAD:+/lib64/ld-linux-x86-64.so.2 --preload $DELTAMIRROR_PRELOAD} \"$(command -v sqlite3)\" "
    "-batch";

class FullDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    lab::Process mount({"unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", dir_.path()});
    if (mount.Wait() != 0) GTEST_SKIP() << "this machine does not let a test mount a disk: " << mount.Errors();
    cluster_.Exec("CREATE TABLE t (a integer PRIMARY KEY, b text)");
    host_.Exec(absl::StrCat("SELECT pg_slot_create(", Conninfo(), ", 'mirror', '{\"plugin\":\"deltaflood\"}')"));
    cluster_.Exec("INSERT INTO t SELECT g, repeat(md5(g::text), 20) FROM generate_series(1, 5000) g");
  }

  std::string Conninfo() const { return lab::Literal(cluster_.conninfo()); }

  // What `statement` says in a shell on a disk of 1 MiB, mounted at dir_, and what it says when the disk has grown.
  // `before` runs first, on the small disk, and `after` last. The shell's output and errors are kept.
  void RunOnSmallDisk(const std::string& before, const std::string& statement, const std::string& after) {
    const std::string grow = absl::StrCat(".shell mount -o remount,size=64m ", dir_.path(), "\n");
    const std::string script = absl::StrCat(".load ", lab::ExtensionPath(), "\n", before, "\n", statement, "\n", grow,
                                            statement, "\n", after, "\n");
    lab::Process shell({"unshare", "-rm", "sh", "-c",
                        absl::StrCat("mount -t tmpfs -o size=1m tmpfs ", dir_.path(), " && exec ", kShell)},
                       script);
    shell.Wait();
    output_ = shell.Output();
    errors_ = shell.Errors();
  }

  std::string StreamTo(const std::string& daystream) const {
    return absl::StrCat("SELECT sum(records) > 0 FROM deltastream(", Conninfo(), ", 'mirror', '", daystream, "', ",
                        kCaughtUp, ");");
  }

  // Statements that make a mirror without a row of `t` in it, which then follows the daystream.
  static std::string EmptyMirror(const std::string& daystream) {
    return absl::StrCat("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT);\n",
                        "CREATE VIRTUAL TABLE mirror USING daystream_apply(source='", daystream, "');");
  }

  static std::string Apply() {
    return absl::StrCat("SELECT sum(records) > 0 FROM deltamirror('mirror', ", kCaughtUp, ");");
  }

  lab::Cluster cluster_;
  lab::TempDir dir_;    // the disk
  lab::TempDir large_;  // elsewhere
  lab::Host host_;
  std::string output_;
  std::string errors_;
};

TEST_F(FullDiskTest, StreamStopsAndGoesOnWithoutALoss) {
  const std::string daystream = dir_.File("daystream");
  RunOnSmallDisk(
      "", StreamTo(daystream),
      absl::StrCat(EmptyMirror(daystream), "\n", Apply(), "\nSELECT count(*), sum(a), sum(length(b)) FROM t;"));
  EXPECT_THAT(errors_, HasSubstr("deltastream: "));
  EXPECT_THAT(errors_, HasSubstr("No space left on device"));
  EXPECT_THAT(errors_, HasSubstr(daystream));
  EXPECT_THAT(output_, HasSubstr("5000|12502500|3200000\n"));
}

TEST_F(FullDiskTest, MirrorStopsAndGoesOnWithoutALoss) {
  const std::string daystream = large_.File("daystream");
  host_.Exec(StreamTo(daystream));
  const std::string open = absl::StrCat(".open ", dir_.File("cache.db"), "\n.load ", lab::ExtensionPath(), "\n");
  RunOnSmallDisk(absl::StrCat(open, EmptyMirror(daystream)), Apply(),
                 "SELECT count(*), sum(a), sum(length(b)) FROM t;");
  EXPECT_THAT(errors_, HasSubstr("deltamirror: "));
  EXPECT_THAT(errors_, HasSubstr("database or disk is full"));
  EXPECT_THAT(output_, HasSubstr("5000|12502500|3200000\n"));
}

}  // namespace
}  // namespace deltamirror
