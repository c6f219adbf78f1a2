#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "daystream/source.h"
#include "tests/lab/temp_dir.h"
#include "tests/status_matchers.h"

namespace deltamirror::daystream {
namespace {

using ::deltamirror::testing::IsOk;
using ::deltamirror::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

class SourceTest : public ::testing::Test {
 protected:
  SourceTest() {
    info_.system_identifier = "7301234567890123456";
    info_.timeline = 1;
    info_.database = "prod \"x\"";
    info_.slot = "mirror";
    info_.plugin = "deltaflood";
    info_.tables = "flights,airports";
    info_.began = 1507507200;
    info_.confirmed_lsn = "16/B374D848";
    info_.checks = true;
  }

  void ExpectLoadError(const std::string& content, const std::string& message) {
    lab::WriteFile(directory_.File("daystream.json"), content);
    EXPECT_THAT(LoadSourceInfo(directory_.path()), Not(IsOk()));
    EXPECT_THAT(std::string(LoadSourceInfo(directory_.path()).status().message()), HasSubstr(message));
  }

  lab::TempDir directory_;
  SourceInfo info_;
};

TEST_F(SourceTest, WhatIsSavedIsLoaded) {
  ASSERT_THAT(SaveSourceInfo(directory_.path(), info_), IsOk());
  const absl::StatusOr<SourceInfo> loaded = LoadSourceInfo(directory_.path());
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(*loaded, info_);
  EXPECT_EQ(lab::ReadFile(directory_.File("daystream.json.new")), "");
}

TEST_F(SourceTest, NothingThereIsNotFound) {
  EXPECT_THAT(LoadSourceInfo(directory_.path()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("could not open file")));
}

TEST_F(SourceTest, DamageIsNamed) {
  ExpectLoadError("{\"format\":1,", "daystream.json\": expected a JSON object with a number \"format\"");
  ExpectLoadError("[]", "expected a JSON object with a number \"format\"");
  ExpectLoadError("{\"format\":2}", "daystream.json\": expected format 1, got 2");
  ExpectLoadError("{\"format\":1,\"slot\":7}",
                  "expected numbers for \"timeline\", \"began\" and \"began_xid\", an object of numbers for "
                  "\"confirmed_end\", true or false for \"standby\" and \"checks\", and strings for");
  ExpectLoadError("{\"format\":1,\"checks\":7}", "true or false for \"standby\" and \"checks\"");
}

class FailingRename : public FileSystem {
 public:
  int Rename(const char* from, const char* to) override {
    errno = ENOSPC;
    return -1;
  }
};

TEST_F(SourceTest, AFailedSaveLeavesTheOldOne) {
  ASSERT_THAT(SaveSourceInfo(directory_.path(), info_), IsOk());
  SourceInfo changed = info_;
  changed.confirmed_lsn = "16/FFFFFFFF";
  FailingRename files;
  EXPECT_THAT(SaveSourceInfo(directory_.path(), changed, &files),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("could not rename file")));
  const absl::StatusOr<SourceInfo> loaded = LoadSourceInfo(directory_.path());
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(*loaded, info_);
}

TEST_F(SourceTest, AnotherSourceIsRefused) {
  SourceInfo other = info_;
  other.timeline = 2;
  other.tables = "*";
  EXPECT_THAT(CheckSameSource("/d", info_, other), IsOk());
  other.slot = "mirror2";
  EXPECT_THAT(CheckSameSource("/d", info_, other),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "cannot write to daystream \"/d\": it holds slot \"mirror\" of database \"prod \"x\"\" on the "
                       "server with system identifier 7301234567890123456, not slot \"mirror2\" of database \"prod "
                       "\"x\"\" on the server with system identifier 7301234567890123456. Give another directory, or "
                       "move this one away and bootstrap its mirrors anew"));
  EXPECT_THAT(CheckSameSource("/d", info_, SourceInfo()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not lines from a file.")));
}

TEST_F(SourceTest, PathsAndFileUrisAreTheSame) {
  for (const std::string& source : {directory_.path(), "file:" + directory_.path(), "file://" + directory_.path()}) {
    const absl::StatusOr<Location> location = ResolveSource(source);
    ASSERT_THAT(location, IsOk());
    EXPECT_EQ(location->path, directory_.path());
    EXPECT_TRUE(location->is_directory);
  }
  lab::WriteFile(directory_.File("one"), "");
  const absl::StatusOr<Location> file = ResolveSource(directory_.File("one"));
  ASSERT_THAT(file, IsOk());
  EXPECT_FALSE(file->is_directory);
}

TEST_F(SourceTest, OtherSchemesAreRefusedWithoutShowingPasswords) {
  const absl::Status status = ResolveSource("nats://user:secret@host/stream").status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnimplemented,
                               "cannot open a daystream by scheme \"nats\", expected a path, or \"file:\" and a path"));
}

TEST_F(SourceTest, WhatIsNotThereIsNotFound) {
  EXPECT_THAT(ResolveSource(directory_.File("none")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("could not open daystream \"" + directory_.path())));
  EXPECT_THAT(ResolveSource(""), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("got an empty text")));
  EXPECT_THAT(ResolveSource("file:"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("got an empty text")));
}

}  // namespace
}  // namespace deltamirror::daystream
