#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "types/table_list.h"

namespace deltamirror::types {
namespace {

using ::testing::HasSubstr;

TableList Parsed(absl::string_view text) {
  absl::StatusOr<TableList> list = TableList::Parse(text);
  EXPECT_TRUE(list.ok()) << list.status();
  return list.ok() ? *std::move(list) : TableList();
}

std::string ErrorOf(absl::string_view text) {
  return std::string(TableList::Parse(text).status().message());
}

TEST(TableListTest, NameWithoutSchemaIsOfPublic) {
  const TableList list = Parsed("flights");
  EXPECT_TRUE(list.Matches("public", "flights"));
  EXPECT_FALSE(list.Matches("ops", "flights"));
  EXPECT_FALSE(list.Matches("public", "flight"));
}

TEST(TableListTest, TakesNamesSchemasAndAll) {
  const TableList list = Parsed(" flights ,ops.crew,\tx . * ");
  EXPECT_EQ(list.ToString(), "\"public\".\"flights\",\"ops\".\"crew\",\"x\".*");
  EXPECT_TRUE(list.Matches("x", "anything"));
  EXPECT_TRUE(list.Matches("ops", "crew"));
  EXPECT_FALSE(list.Matches("ops", "gates"));
  EXPECT_TRUE(Parsed("*").Matches("a", "b"));
  EXPECT_TRUE(TableList().Matches("a", "b"));
  EXPECT_EQ(TableList().ToString(), "*");
}

TEST(TableListTest, FoldsNamesThatAreNotQuoted) {
  const TableList list = Parsed("Flights,\"Crew, \"\"old\"\"\",\"Ops\".\"*\",\xc3\x84rzte");
  EXPECT_TRUE(list.Matches("public", "flights"));
  EXPECT_TRUE(list.Matches("public", "Crew, \"old\""));
  EXPECT_TRUE(list.Matches("Ops", "*"));
  EXPECT_FALSE(list.Matches("Ops", "x"));
  // As a server with UTF-8 does: only ASCII letters are folded.
  EXPECT_TRUE(list.Matches("public", "\xc3\x84rzte"));
}

TEST(TableListTest, ReadsItsOwnText) {
  const TableList list = Parsed("a,\"b\"\"c\".\"D\",e.*,*");
  EXPECT_EQ(Parsed(list.ToString()).entries(), list.entries());
}

TEST(TableListTest, NamesASecondTimeCountOnce) {
  EXPECT_EQ(Parsed("a,public.a,\"a\"").entries().size(), 1u);
}

TEST(TableListTest, NeverTakesReservedSchemas) {
  for (const char* schema : {"deltamirror", "pg_catalog", "pg_toast", "pg_temp_3", "information_schema"}) {
    EXPECT_FALSE(Parsed("*").Matches(schema, "x")) << schema;
  }
  EXPECT_TRUE(Parsed("*").Matches("pgbench", "x"));
  EXPECT_EQ(ErrorOf("a,pg_catalog.pg_class"),
            "cannot take tables of schema \"pg_catalog\": the schemas pg_..., information_schema and deltamirror are "
            "never mirrored");
}

TEST(TableListTest, RefusesWhatIsNoList) {
  EXPECT_EQ(ErrorOf(""),
            "invalid list of tables \"\", expected names separated by commas, each a table, schema.table, schema.* or "
            "*, but got \"\"");
  for (const char* text :
       {"a,", ",a", "a,,b", "a b", "a.", ".a", "a.b.c", "*.a", "*.*", "\"a", "\"\"", "a\"b\"", "a*", "a.*.b", "**"}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("invalid list of tables \"")) << text;
  }
  EXPECT_THAT(ErrorOf("a, b c"), HasSubstr("but got \"b c\""));
}

TEST(TableListTest, TargetNameLeavesPublicOut) {
  EXPECT_EQ(TargetName("public", "t"), "t");
  EXPECT_EQ(TargetName("", "t"), "t");
  EXPECT_EQ(TargetName("s", "t"), "s.t");
}

}  // namespace
}  // namespace deltamirror::types
