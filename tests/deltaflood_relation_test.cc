#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "deltaflood/parser.h"
#include "deltaflood/relation.h"
#include "tests/status_matchers.h"

namespace deltamirror::deltaflood {
namespace {

using ::deltamirror::testing::IsOk;
using ::deltamirror::testing::StatusIs;
using ::testing::HasSubstr;

absl::StatusOr<types::Relation> Parse(const std::string& line) {
  Parser parser;
  Record record;
  EXPECT_THAT(parser.Parse(line, &record), IsOk());
  return ParseRelation(record);
}

std::string Line(absl::string_view columns) {
  return absl::StrCat("_table\tflights\t_relid\t16402\t_identity\tdefault\t_action\trelation", columns);
}

void ExpectError(absl::string_view json, const std::string& message) {
  EXPECT_THAT(Parse(Line(absl::StrCat("\tident\t", json))),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
}

TEST(RelationTest, DescriptionsAreRead) {
  const absl::StatusOr<types::Relation> relation =
      Parse(Line(R"(	ident	{"attnum":1,"type":"text","oid":25,"pk":1,"key":2,"not_null":true})"
                 R"(	seats	{"attnum":3,"type":"integer[]","oid":1007,"elem":23,"missing":"{1,2}"})"
                 R"(	total	{"attnum":4,"type":"bigint","oid":20,"generated":"stored","later":{"x":[1]}})"));
  ASSERT_THAT(relation, IsOk());
  EXPECT_EQ(relation->schema, "public");
  EXPECT_EQ(relation->table, "flights");
  EXPECT_EQ(relation->relid, 16402u);
  EXPECT_EQ(relation->identity, types::Identity::kDefault);
  ASSERT_EQ(relation->columns.size(), 3u);
  types::Column ident;
  ident.name = "ident";
  ident.attnum = 1;
  ident.type = "text";
  ident.oid = 25;
  ident.pk = 1;
  ident.key = 2;
  ident.not_null = true;
  EXPECT_EQ(relation->columns[0], ident);
  types::Column seats;
  seats.name = "seats";
  seats.attnum = 3;
  seats.type = "integer[]";
  seats.oid = 1007;
  seats.elem = 23;
  seats.missing = "{1,2}";
  EXPECT_EQ(relation->columns[1], seats);
  EXPECT_EQ(relation->columns[2].generated, "stored");
  EXPECT_FALSE(relation->columns[2].missing.has_value());
}

TEST(RelationTest, MissingKeysKeepTheirDefaults) {
  const absl::StatusOr<types::Relation> relation =
      Parse(Line(R"(	a	{"attnum":1,"type":"text","oid":25,"missing":null})"));
  ASSERT_THAT(relation, IsOk());
  EXPECT_EQ(relation->columns[0].pk, 0);
  EXPECT_FALSE(relation->columns[0].not_null);
  EXPECT_FALSE(relation->columns[0].missing.has_value());
}

// An SQL_ASCII database has texts that JSON cannot hold, and names of any bytes.
TEST(RelationTest, OtherBytesThanUtf8ComeAsHexadecimalDigits) {
  types::Column column = {.name = "a", .attnum = 1, .type = "text", .oid = 25, .missing = "caf\xe9"};
  std::string json;
  AppendColumnDescription(column, &json);
  EXPECT_EQ(json, R"({"attnum":1,"type":"text","oid":25,"missing_hex":"636166e9"})");
  const absl::StatusOr<types::Relation> relation = Parse(Line(absl::StrCat("\ta\t", json)));
  ASSERT_THAT(relation, IsOk());
  EXPECT_EQ(relation->columns[0], column);
  for (const std::string hex : {"6", "6g", "\xc3\xa9\xc3\xa9"}) {
    ExpectError(absl::StrCat(R"({"attnum":1,"type":"text","oid":25,"missing_hex":")", hex, "\"}"),
                "expected an even number of hexadecimal digits for key \"missing_hex\" in the description of column");
  }
}

TEST(RelationTest, NamesAreUtf8) {
  EXPECT_THAT(Parse(Line("\tcaf\xe9\t{\"attnum\":1,\"type\":\"text\",\"oid\":25}")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "the name of column \"caf\\351\" is not UTF-8. Rename it in "
                       "PostgreSQL"));
  EXPECT_THAT(Parse("_table\tcaf\xe9\t_relid\t1\t_identity\tdefault\t_action\trelation"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the name of table \"caf\\351\" is not UTF-8")));
}

TEST(RelationTest, ATableMayHaveNoColumns) {
  const absl::StatusOr<types::Relation> relation = Parse(Line(""));
  ASSERT_THAT(relation, IsOk());
  EXPECT_TRUE(relation->columns.empty());
}

TEST(RelationTest, WrongDescriptionsAreRefused) {
  ExpectError("\\N", "expected a JSON object as the description of column \"ident\", got NULL");
  ExpectError("[1]", "expected a JSON object as the description of column \"ident\", got \"[1]\"");
  ExpectError("{\"attnum\":", "expected a JSON object as the description of column \"ident\", got ");
  ExpectError(R"({"type":"text","oid":25})",
              "expected a key \"attnum\" in the description of column \"ident\", got none");
  ExpectError(R"({"attnum":"1","type":"text","oid":25})",
              "expected an integer that fits for key \"attnum\" in the description of column \"ident\", got ");
  ExpectError(R"({"attnum":1,"type":"text","oid":-1})", "for key \"oid\" in the description of column \"ident\"");
  ExpectError(R"({"attnum":1,"type":"text","oid":18446744073709551615})", "for key \"oid\"");
  ExpectError(R"({"attnum":1.5,"type":"text","oid":25})", "for key \"attnum\"");
  ExpectError(R"({"attnum":1,"type":25,"oid":25})",
              "expected a string for key \"type\" in the description of column \"ident\", got \"25\"");
  ExpectError(R"({"attnum":1,"type":"text","oid":25,"not_null":1})", "expected true or false for key \"not_null\"");
  ExpectError(R"({"attnum":1,"type":"text","oid":25,"generated":"maybe"})",
              "expected \"stored\" or \"virtual\" for key \"generated\"");
  ExpectError(R"({"attnum":1,"type":"text","oid":25,"missing":7})", "expected a string for key \"missing\"");
}

TEST(RelationTest, RelidAndIdentityAreNeeded) {
  EXPECT_THAT(Parse("_table\tt\t_identity\tfull\t_action\trelation"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected \"_relid\" before")));
  EXPECT_THAT(Parse("_table\tt\t_relid\t1\t_action\trelation"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "expected default, index, full or nothing for \"_identity\", got \"\""));
  EXPECT_THAT(Parse("_table\tt\t_relid\t1\t_identity\tfull\t_action\tinsert"),
              StatusIs(absl::StatusCode::kInvalidArgument, "expected \"_action\" \"relation\", got \"insert\""));
}

}  // namespace
}  // namespace deltamirror::deltaflood
