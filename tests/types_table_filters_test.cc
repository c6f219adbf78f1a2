#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "types/table_filters.h"

namespace deltamirror::types {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TableFilters Parsed(absl::string_view text) {
  absl::StatusOr<TableFilters> filters = TableFilters::Parse(text);
  EXPECT_TRUE(filters.ok()) << filters.status();
  return filters.ok() ? *std::move(filters) : TableFilters();
}

std::string ErrorOf(absl::string_view text) {
  return std::string(TableFilters::Parse(text).status().message());
}

TEST(TableFiltersTest, TakesColumnsAndRows) {
  const TableFilters filters =
      Parsed(R"({"Flights":{"columns":["id","Gate"],"where":"price > 100"},"ops.\"Crew\"":{"where":"id = 1"}})");
  ASSERT_EQ(filters.filters().size(), 2u);
  const TableFilter* const flights = filters.Find(0, "public", "flights");
  ASSERT_NE(flights, nullptr);
  EXPECT_THAT(*flights->columns, ElementsAre("id", "Gate"));
  EXPECT_EQ(flights->where, "price > 100");
  const TableFilter* const crew = filters.Find(0, "ops", "Crew");
  ASSERT_NE(crew, nullptr);
  EXPECT_FALSE(crew->columns.has_value());
  EXPECT_EQ(filters.Find(0, "ops", "crew"), nullptr);
  EXPECT_TRUE(Parsed("").empty());
  EXPECT_TRUE(Parsed("{}").empty());
}

TEST(TableFiltersTest, ATableIsFoundByItsOidFirst) {
  const TableFilters filters = Parsed(
      R"({"a":{"where":"x","relid":7,"attributes":{"id":1,"gate":3}},"b":{"where":"y","relid":8,"attributes":{}}})");
  EXPECT_EQ(filters.Find(8, "public", "a")->where, "y");
  EXPECT_EQ(filters.Find(7, "public", "renamed")->where, "x");
  EXPECT_EQ(filters.Find(9, "public", "a")->where, "x");
  EXPECT_THAT(filters.Find(7, "", "")->attributes, ElementsAre(Pair("id", 1), Pair("gate", 3)));
}

TEST(TableFiltersTest, ItsTextIsReadAgain) {
  const TableFilters filters =
      Parsed(R"({"b":{"where":"v > '\"'"},"a.b":{"columns":["x"],"relid":7,"attributes":{"x":2}}})");
  EXPECT_EQ(Parsed(filters.ToJson()).filters(), filters.filters());
  EXPECT_EQ(TableFilters().ToJson(), "");
}

TEST(TableFiltersTest, WhatNamesMeanIsNoPartOfTheWish) {
  const TableFilters wish = Parsed(R"({"a":{"where":"x"},"b":{"columns":["c"]}})");
  EXPECT_TRUE(wish.AsksForTheSame(
      Parsed(R"({"public.b":{"columns":["c"]},"A":{"where":"x","relid":7,"attributes":{"x":1}}})")));
  EXPECT_FALSE(wish.AsksForTheSame(Parsed(R"({"a":{"where":"x"}})")));
  EXPECT_FALSE(wish.AsksForTheSame(Parsed(R"({"a":{"where":"x "},"b":{"columns":["c"]}})")));
  EXPECT_FALSE(wish.AsksForTheSame(TableFilters()));
}

TEST(TableFiltersTest, RefusesWhatIsNoFilter) {
  EXPECT_THAT(ErrorOf("x"),
              HasSubstr("invalid value \"x\" for option \"filters\", expected an object like {\"flights\""));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("invalid value [] for option \"filters\""));
  EXPECT_THAT(ErrorOf(R"({"a":1})"), HasSubstr("invalid value 1 for option \"filters\""));
  EXPECT_THAT(ErrorOf(R"({"a":{}})"), HasSubstr("invalid value {} for option \"filters\""));
  EXPECT_THAT(ErrorOf(R"({"a":{"rows":1}})"), HasSubstr("expected the keys \"columns\" and \"where\""));
  EXPECT_THAT(ErrorOf(R"({"a":{"columns":"b"}})"), HasSubstr("expected a list of names for \"columns\""));
  EXPECT_THAT(ErrorOf(R"({"a":{"columns":[]}})"), HasSubstr("expected a list of names for \"columns\""));
  EXPECT_THAT(ErrorOf(R"({"a":{"columns":[1]}})"), HasSubstr("expected a list of names for \"columns\""));
  EXPECT_THAT(ErrorOf(R"({"a":{"where":""}})"), HasSubstr("expected an SQL expression for \"where\""));
  EXPECT_THAT(ErrorOf(R"({"a":{"where":true}})"), HasSubstr("expected an SQL expression for \"where\""));
  EXPECT_THAT(ErrorOf(R"({"a":{"relid":-1}})"), HasSubstr("expected an OID for \"relid\""));
  EXPECT_THAT(ErrorOf(R"({"a":{"attributes":{"b":"1"}}})"), HasSubstr("expected an object of numbers"));
  EXPECT_THAT(ErrorOf(R"({"*":{"where":"x"}})"), HasSubstr("a filter is for one table"));
  EXPECT_THAT(ErrorOf(R"({"ops.*":{"where":"x"}})"), HasSubstr("a filter is for one table"));
  EXPECT_THAT(ErrorOf(R"({"a,b":{"where":"x"}})"), HasSubstr("a filter is for one table"));
  EXPECT_THAT(ErrorOf(R"({"pg_catalog.pg_class":{"where":"x"}})"), HasSubstr("cannot take tables of schema"));
  EXPECT_THAT(ErrorOf(R"({"a":{"where":"x"},"public.a":{"where":"y"}})"),
              HasSubstr("expected one filter for table \"a\""));
}

}  // namespace
}  // namespace deltamirror::types
