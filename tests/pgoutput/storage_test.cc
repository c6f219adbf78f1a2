// What two looks at the catalog say of what happened between them, and the file that keeps the first.

#include "deltastream/storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "deltastream/storage_file.h"
#include "tests/lab/temp_dir.h"
#include "tests/status_matchers.h"

namespace deltamirror::deltastream {
namespace {

using ::deltamirror::testing::IsOk;
using ::deltamirror::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = Suspicion::Kind;

Storage Table(uint32_t relid, const std::string& name, uint32_t root = 0) {
  Storage one;
  one.relid = relid;
  one.schema = "public";
  one.table = name;
  one.root = root == 0 ? relid : root;
  one.file = relid;
  one.toast = relid + 1000;
  return one;
}

Storage Tree(uint32_t relid, const std::string& name) {
  Storage one = Table(relid, name);
  one.file = one.toast = 0;
  return one;
}

StorageMap MapOf(const std::vector<Storage>& tables) {
  StorageMap map;
  for (const Storage& one : tables) map.emplace(one.relid, one);
  return map;
}

// "KIND relid name[/partition]" of each.
std::vector<std::string> Found(const std::vector<Storage>& before, const std::vector<Storage>& after) {
  static constexpr const char* kNames[] = {"gap", "truncated", "detached", "dropped", "left", "came"};
  std::vector<std::string> found;
  const auto included = [](absl::string_view schema, absl::string_view table) { return table != "excluded"; };
  for (const Suspicion& one : CompareStorage(MapOf(before), MapOf(after), included)) {
    found.push_back(std::string(kNames[static_cast<int>(one.kind)]) + " " + one.table +
                    (one.partition_name.empty() ? "" : "/" + one.partition_name) +
                    (one.explained_by == 0 ? "" : " unless " + std::to_string(one.explained_by)));
  }
  return found;
}

Storage Rewritten(Storage one) {
  one.file += 5000;
  one.toast += 5000;
  one.columns_changed = true;
  return one;
}

Storage Truncated(Storage one) {
  one.file += 5000;
  one.changed_by = 77;
  return one;
}

TEST(StorageTest, NothingHasHappened) {
  EXPECT_THAT(Found({Table(1, "t"), Tree(2, "p"), Table(3, "p1", 2)}, {Table(1, "t"), Tree(2, "p"), Table(3, "p1", 2)}),
              IsEmpty());
}

TEST(StorageTest, ARewriteWithOtherColumnsIsSuspicious) {
  EXPECT_THAT(Found({Table(1, "t")}, {Rewritten(Table(1, "t"))}), ElementsAre("gap t"));
  Storage same_columns = Rewritten(Table(1, "t"));
  same_columns.columns_changed = false;
  EXPECT_THAT(Found({Table(1, "t")}, {same_columns}), IsEmpty());
  Storage same_file = Table(1, "t");
  same_file.columns_changed = true;
  EXPECT_THAT(Found({Table(1, "t")}, {same_file}), IsEmpty());
}

TEST(StorageTest, AColumnWhoseValuesBeginToComeIsAGap) {
  Storage before = Table(1, "t");
  before.hidden = {2, 3};
  Storage after = Table(1, "t");
  after.shown = {1, 4};  // 2 and 3 have been dropped
  EXPECT_THAT(Found({before}, {after}), IsEmpty());
  after.shown = {1, 3, 4};
  EXPECT_THAT(Found({before}, {after}), ElementsAre("gap t"));
  EXPECT_THAT(Found({after}, {before}), IsEmpty()) << "the stream tells that a column goes";
}

TEST(StorageTest, WithoutAToastTableATruncateExplainsIt) {
  Storage before = Table(1, "t");
  before.toast = 0;
  Storage after = Truncated(before);
  after.columns_changed = true;
  EXPECT_THAT(Found({before}, {after}), ElementsAre("gap t unless 77"));
  EXPECT_THAT(Found({Table(1, "t")}, {Truncated(Table(1, "t"))}), IsEmpty()) << "the stream tells of it";
}

TEST(StorageTest, ARewrittenTreeIsOneGap) {
  EXPECT_THAT(Found({Tree(2, "p"), Table(3, "p1", 2), Table(4, "p2", 2)},
                    {Tree(2, "p"), Rewritten(Table(3, "p1", 2)), Rewritten(Table(4, "p2", 2))}),
              ElementsAre("gap p/p1"));
}

TEST(StorageTest, ATruncatedPartition) {
  EXPECT_THAT(Found({Tree(2, "p"), Table(3, "p1", 2)}, {Tree(2, "p"), Truncated(Table(3, "p1", 2))}),
              ElementsAre("truncated p/p1 unless 77"));
}

TEST(StorageTest, AValueForOldRowsThatIsGone) {
  Storage after = Truncated(Table(1, "t"));
  after.defaults_changed = true;
  EXPECT_THAT(Found({Table(1, "t")}, {after}), ElementsAre("gap t unless 77"));
}

TEST(StorageTest, APartitionThatMayHaveBeenTruncated) {
  Storage counted = Truncated(Table(3, "p1", 2));
  counted.counted = true;
  EXPECT_THAT(Found({Tree(2, "p"), Table(3, "p1", 2)}, {Tree(2, "p"), counted}), ElementsAre("gap p/p1 unless 77"));
}

TEST(StorageTest, APartitionOnAnotherTablespaceWasNotTruncatedIfItHasRows) {
  Storage moved = Truncated(Table(3, "p1", 2));
  moved.tablespace = 9;
  EXPECT_THAT(Found({Tree(2, "p"), Table(3, "p1", 2)}, {Tree(2, "p"), moved}), ElementsAre("truncated p/p1 unless 77"));
  moved.counted = true;
  EXPECT_THAT(Found({Tree(2, "p"), Table(3, "p1", 2)}, {Tree(2, "p"), moved}), IsEmpty());
}

TEST(StorageTest, TablesAndPartitionsThatAreGone) {
  EXPECT_THAT(Found({Table(1, "t"), Tree(2, "p"), Table(3, "p1", 2)}, {Tree(2, "p")}),
              ElementsAre("left t", "detached p/p1"));
  EXPECT_THAT(Found({Tree(2, "p"), Table(3, "p1", 2)}, {}), ElementsAre("left p"));
}

TEST(StorageTest, APartitionThatComesOrGoes) {
  EXPECT_THAT(Found({Tree(2, "p"), Table(3, "t")}, {Tree(2, "p"), Table(3, "t", 2)}),
              ElementsAre("dropped t", "gap p/t"));
  EXPECT_THAT(Found({Tree(2, "p"), Table(3, "t", 2)}, {Tree(2, "p"), Table(3, "t")}),
              ElementsAre("detached p/t", "gap t"));
}

TEST(StorageTest, TablesThatWereMadeSinceHaveAllTheirRows) {
  Storage made = Table(3, "n");
  made.made = true;
  Storage leaf = Table(4, "p1", 2);
  leaf.made = true;
  EXPECT_THAT(Found({Tree(2, "p")}, {Tree(2, "p"), made, leaf}), IsEmpty());
  leaf.attached = true;
  EXPECT_THAT(Found({Tree(2, "p")}, {Tree(2, "p"), leaf}), ElementsAre("dropped p1", "came p/p1"));
  EXPECT_THAT(Found({Tree(2, "p")}, {Tree(2, "p"), Rewritten(made)}), ElementsAre("gap n"));
}

TEST(StorageTest, OtherTablesDoNotMatter) {
  EXPECT_THAT(Found({Table(1, "excluded")}, {Rewritten(Table(1, "excluded"))}), IsEmpty());
  EXPECT_THAT(Found({Table(1, "t")}, {Table(1, "excluded")}), ElementsAre("dropped t"));
  EXPECT_THAT(Found({Table(1, "excluded")}, {Table(1, "t")}), ElementsAre("came t"));
}

class StorageFileTest : public ::testing::Test {
 protected:
  void Write(const std::string& content) { lab::WriteFile(dir_.File("storage.json"), content); }

  lab::TempDir dir_;
};

TEST_F(StorageFileTest, IsReadAsItWasWritten) {
  EXPECT_THAT(LoadStorage(dir_.path()), StatusIs(absl::StatusCode::kNotFound, HasSubstr("storage.json")));
  StorageRecord record;
  record.xid = 4294967295;
  record.tables = MapOf({Table(1, "t \"x\""), Tree(2, "p"), Table(3, "p1", 2)});
  record.tables[1].hidden = {2, 1600};
  record.truncated = {{2, 700}, {1, 701}};
  ASSERT_THAT(SaveStorage(dir_.path(), record), IsOk());
  const auto read = LoadStorage(dir_.path());
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->xid, record.xid);
  EXPECT_EQ(read->tables, record.tables);
  EXPECT_EQ(read->truncated, record.truncated);
}

TEST_F(StorageFileTest, WhatIsNotOursIsRefused) {
  for (
      const char* const content :
      {"", "[]", "{}", R"({"format":2,"xid":1,"truncated":[],"tables":[]})",
       R"({"format":1,"xid":-1,"truncated":[],"tables":[]})", R"({"format":1,"xid":1,"truncated":[[1]],"tables":[]})",
       R"({"format":1,"xid":1,"truncated":[],"tables":[{"relid":1}]})",
       R"({"format":1,"xid":1,"truncated":[],"tables":[{"relid":4294967296,"schema":"","table":"","root":1,"file":1,"toast":1,"tablespace":0}]})",
       R"({"format":1,"xid":1,"truncated":[],"tables":[{"relid":4,"schema":"","table":"","root":1,"file":1,"toast":1,"tablespace":0,"hidden":[-1]}]})"}) {
    Write(content);
    EXPECT_THAT(LoadStorage(dir_.path()), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("expected what deltastream")))
        << content;
  }
}

}  // namespace
}  // namespace deltamirror::deltastream
