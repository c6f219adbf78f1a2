#include "pgoutput/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace deltamirror::pgoutput {
namespace {

using ::testing::ElementsAre;

RelationMessage TableOf(std::vector<RelationColumn> columns, char identity = 'd') {
  return {.relid = 16402, .schema = "public", .table = "zzz", .identity = identity, .columns = std::move(columns)};
}

RelationColumn Text(const std::string& name, bool in_key = false) {
  return {.name = name, .type = 25, .in_key = in_key};
}

types::Column Known(const std::string& name, int attnum) {
  return {.name = name, .attnum = attnum, .type = "text", .oid = 25};
}

CatalogEntry KnownTable(std::vector<types::Column> columns) {
  CatalogEntry entry;
  entry.relation.emplace();
  entry.relation->columns = std::move(columns);
  return entry;
}

// What it is made into, without a doubt or (`doubtful`) with one.
types::Relation ShapeOf(const RelationMessage& message, const CatalogEntry& entry,
                        const types::Relation* last = nullptr, const TypeNames& names = {}, bool doubtful = false) {
  absl::StatusOr<Shape> shape = MakeShape(message, entry, last, names);
  EXPECT_EQ(shape.status(), absl::OkStatus());
  if (!shape.ok()) return {};
  EXPECT_EQ(shape->doubtful, doubtful);
  return shape->relation;
}

std::vector<int> Numbers(const types::Relation& shape) {
  std::vector<int> numbers;
  for (const types::Column& column : shape.columns) numbers.push_back(column.attnum);
  return numbers;
}

std::vector<int> Keys(const types::Relation& shape) {
  std::vector<int> keys;
  for (const types::Column& column : shape.columns) keys.push_back(column.key);
  return keys;
}

TEST(ShapeTest, TheCatalogAddsWhatTheMessageLacks) {
  CatalogEntry entry = KnownTable({
      {.name = "id", .attnum = 2, .type = "integer", .oid = 23, .pk = 1, .key = 1, .not_null = true},
      {.name = "tags", .attnum = 5, .type = "text[]", .oid = 1009, .elem = 25, .missing = "{}"},
  });
  entry.types = {{.name = "integer", .base = 23}, {.name = "text[]", .base = 1009, .elem = 25}};
  const types::Relation shape =
      ShapeOf(TableOf({{.name = "id", .type = 23, .in_key = true}, {.name = "tags", .type = 1009}}), entry);
  EXPECT_EQ(shape.schema, "public");
  EXPECT_EQ(shape.table, "zzz");
  EXPECT_EQ(shape.relid, 16402u);
  EXPECT_EQ(shape.identity, types::Identity::kDefault);
  EXPECT_EQ(shape.columns, entry.relation->columns);
}

TEST(ShapeTest, WithoutACatalogTheMessageIsAllThatIsKnown) {
  const types::Relation shape = ShapeOf(TableOf({{.name = "a", .type = 16500, .in_key = true}, Text("b")}), {}, nullptr,
                                        {{16500, {.oid = 16500, .schema = "ops", .name = "mood"}}});
  EXPECT_THAT(shape.columns,
              ElementsAre(types::Column{.name = "a", .attnum = 1, .type = "ops.mood", .oid = 16500, .key = 1},
                          types::Column{.name = "b", .attnum = 2, .type = "???", .oid = 25}));
}

TEST(ShapeTest, ADomainIsItsBaseType) {
  CatalogEntry entry;
  entry.types = {{.name = "yesno", .base = 16}};
  const types::Relation shape = ShapeOf(TableOf({{.name = "a", .type = 16500}}), entry);
  EXPECT_EQ(shape.columns[0].type, "yesno");
  EXPECT_EQ(shape.columns[0].oid, 16u);
}

// The message tells of then, the catalog of now: the type has been changed in between.
TEST(ShapeTest, TheTypeIsTheMessages) {
  CatalogEntry entry = KnownTable({{.name = "a", .attnum = 1, .type = "text", .oid = 25, .missing = "x"}});
  entry.types = {{.name = "integer", .base = 23}};
  const types::Relation shape = ShapeOf(TableOf({{.name = "a", .type = 23}}), entry);
  EXPECT_EQ(shape.columns[0].type, "integer");
  EXPECT_EQ(shape.columns[0].oid, 23u);
  EXPECT_EQ(shape.columns[0].missing, std::nullopt);
}

TEST(ShapeTest, ABooleanForExistingRowsIsWrittenAsTheStreamWritesIt) {
  CatalogEntry entry = KnownTable(
      {{.name = "a", .attnum = 1, .oid = 16, .missing = "t"}, {.name = "b", .attnum = 2, .oid = 16, .missing = "f"}});
  const types::Relation shape = ShapeOf(TableOf({{.name = "a", .type = 16}, {.name = "b", .type = 16}}), entry);
  EXPECT_EQ(shape.columns[0].missing, "1");
  EXPECT_EQ(shape.columns[1].missing, "0");
}

TEST(ShapeTest, IdentityComesFromTheMessage) {
  EXPECT_EQ(ShapeOf(TableOf({}, 'd'), {}).identity, types::Identity::kDefault);
  EXPECT_EQ(ShapeOf(TableOf({}, 'i'), {}).identity, types::Identity::kIndex);
  EXPECT_EQ(ShapeOf(TableOf({}, 'f'), {}).identity, types::Identity::kFull);
  EXPECT_EQ(ShapeOf(TableOf({}, 'n'), {}).identity, types::Identity::kNothing);
}

TEST(ShapeTest, TheKeysOrderIsTheCatalogs) {
  CatalogEntry entry = KnownTable({Known("a", 1), Known("b", 2), Known("c", 3)});
  entry.relation->columns[0].key = 2;
  entry.relation->columns[2].key = 1;
  EXPECT_THAT(Keys(ShapeOf(TableOf({Text("a", true), Text("b"), Text("c", true)}), entry)), ElementsAre(2, 0, 1));
}

TEST(ShapeTest, AKeyThatTheCatalogHasNoLongerIsInColumnOrder) {
  CatalogEntry entry = KnownTable({Known("a", 1), Known("b", 2), Known("c", 3)});
  entry.relation->columns[2].key = 1;
  EXPECT_THAT(Keys(ShapeOf(TableOf({Text("a", true), Text("b"), Text("c", true)}), entry)), ElementsAre(1, 0, 2));
}

TEST(ShapeTest, FullHasNoKey) {
  EXPECT_THAT(Keys(ShapeOf(TableOf({Text("a", true), Text("b", true)}, 'f'), {})), ElementsAre(0, 0));
}

// Numbers: what tells a rename from a drop and an add.

TEST(ShapeTest, NumbersAreTheCatalogs) {
  EXPECT_THAT(Numbers(ShapeOf(TableOf({Text("a"), Text("b")}), KnownTable({Known("a", 3), Known("b", 8)}))),
              ElementsAre(3, 8));
}

TEST(ShapeTest, AColumnRenamedSinceIsTheOneInItsPlace) {
  CatalogEntry entry = KnownTable({Known("a", 3), Known("c", 8), Known("d", 9)});
  entry.relation->columns[1].not_null = true;
  const types::Relation shape = ShapeOf(TableOf({Text("a"), Text("b"), Text("d")}), entry);
  EXPECT_THAT(Numbers(shape), ElementsAre(3, 8, 9));
  EXPECT_EQ(shape.columns[1].name, "b");
  EXPECT_TRUE(shape.columns[1].not_null);
  EXPECT_THAT(Numbers(ShapeOf(TableOf({Text("b")}), KnownTable({Known("c", 4), Known("d", 5)}))), ElementsAre(4));
}

TEST(ShapeTest, AColumnDroppedSinceHasItsNumber) {
  CatalogEntry entry = KnownTable({Known("a", 1), Known("c", 4), Known("d", 6)});
  entry.dropped_since = {3, 5};
  EXPECT_THAT(Numbers(ShapeOf(TableOf({Text("a"), Text("b"), Text("c"), Text("cc")}), entry)), ElementsAre(1, 3, 4, 5));
}

TEST(ShapeTest, AColumnDroppedAndAddedSinceIsTheDroppedOne) {
  CatalogEntry entry = KnownTable({Known("a", 1), {.name = "b", .attnum = 3, .oid = 25, .missing = "new"}});
  entry.dropped_since = {2};
  const types::Relation shape = ShapeOf(TableOf({Text("a"), Text("b")}), entry);
  EXPECT_THAT(Numbers(shape), ElementsAre(1, 2));
  EXPECT_EQ(shape.columns[1].missing, std::nullopt);
}

TEST(ShapeTest, NamesThatWereSwappedSinceDoNotDecide) {
  // (a) swapped, (b) one has the other's name, whose own is a third now.
  for (const std::string first : {"b", "old"}) {
    const types::Relation shape =
        ShapeOf(TableOf({Text("a"), Text("b")}), KnownTable({Known(first, 1), Known("a", 2)}));
    EXPECT_THAT(Numbers(shape), ElementsAre(1, 2));
    EXPECT_EQ(shape.columns[0].name, "a");
  }
}

TEST(ShapeTest, NamesDoNotDecideWhereEveryColumnComes) {
  CatalogEntry entry = KnownTable({Known("b", 1), Known("a", 2), Known("c", 3)});
  const RelationMessage message = TableOf({Text("a"), Text("b")});
  EXPECT_THAT(Numbers(ShapeOf(message, entry)), ElementsAre(1, 2)) << "sorted";
  EXPECT_EQ(ShapeOf(message, entry).columns[0].name, "b") << "a column list may have left others out";
  entry.in_order = true;
  EXPECT_EQ(ShapeOf(message, entry).columns[0].name, "a");
}

// (b) was renamed and (c) to (b); or (b) was a generated column that became an ordinary one.
TEST(ShapeTest, NamesThatFitAsWellAreADoubt) {
  CatalogEntry entry = KnownTable({Known("a", 1), Known("z", 2), Known("b", 3)});
  entry.in_order = true;
  ShapeOf(TableOf({Text("a"), Text("b")}), entry, nullptr, {}, /*doubtful=*/true);
  ShapeOf(TableOf({Text("a"), Text("c")}), entry);
}

// Its transaction has dropped a column, before the change or after it.
TEST(ShapeTest, AColumnDroppedWithinStandsWhereItsNameDoes) {
  CatalogEntry entry = KnownTable({Known("a", 1), Known("c", 3), Known("b", 4)});
  entry.dropped_within = {{.number = 2}};
  EXPECT_THAT(Numbers(ShapeOf(TableOf({Text("a"), Text("b"), Text("c")}), entry)), ElementsAre(1, 2, 3));
  EXPECT_THAT(Numbers(ShapeOf(TableOf({Text("a"), Text("c"), Text("b")}), entry)), ElementsAre(1, 3, 4));
}

TEST(ShapeTest, AColumnDroppedWithinMayBeAnotherThanTheOneAddedSince) {
  for (const std::string added : {"b", "c"}) {
    CatalogEntry entry = KnownTable({Known("a", 1), Known(added, 3)});
    entry.dropped_within = {{.number = 2}};
    ShapeOf(TableOf({Text("a"), Text("b")}), entry, nullptr, {}, /*doubtful=*/true);
    EXPECT_THAT(Numbers(ShapeOf(TableOf({Text("a")}), entry)), ElementsAre(1));
  }
}

TEST(ShapeTest, AColumnDroppedWithinHadALengthAndAModifier) {
  CatalogEntry entry = KnownTable({Known("a", 1), Known("b", 3)});
  entry.dropped_within = {{.number = 2, .length = 4}};
  entry.types = {{.name = "text", .length = -1}, {.name = "text", .length = -1}};
  EXPECT_THAT(Numbers(ShapeOf(TableOf({Text("a"), Text("b")}), entry)), ElementsAre(1, 3));
  entry.dropped_within = {{.number = 2, .length = -1, .typmod = 14}};
  EXPECT_THAT(Numbers(ShapeOf(TableOf({Text("a"), Text("b")}), entry)), ElementsAre(1, 3));
}

// Its number is not one of the message's columns.
TEST(ShapeTest, AGeneratedColumnDroppedSinceWasNotThere) {
  CatalogEntry entry = KnownTable({Known("a", 1), Known("b", 3)});
  entry.dropped_since = {2};
  entry.hidden_before = {2};
  EXPECT_THAT(Numbers(ShapeOf(TableOf({Text("a"), Text("b")}), entry)), ElementsAre(1, 3));
  entry.relation.reset();
  EXPECT_THAT(Numbers(ShapeOf(TableOf({Text("a"), Text("b")}), entry)), ElementsAre(1, 3));
}

TEST(ShapeTest, AGeneratedColumnThatIsOrdinaryNowWasNotThere) {
  CatalogEntry entry = KnownTable({Known("a", 1), Known("g", 2), Known("b", 3)});
  entry.hidden_before = {2};
  EXPECT_THAT(Numbers(ShapeOf(TableOf({Text("a"), Text("b")}), entry)), ElementsAre(1, 3));
  EXPECT_THAT(Numbers(ShapeOf(TableOf({Text("a"), Text("g"), Text("b")}), entry)), ElementsAre(1, 2, 3));
}

TEST(ShapeTest, OfAColumnListNamesDecide) {
  EXPECT_THAT(
      Numbers(ShapeOf(TableOf({Text("a"), Text("c")}), KnownTable({Known("a", 1), Known("b", 2), Known("c", 3)}))),
      ElementsAre(1, 3));
  EXPECT_THAT(
      Numbers(ShapeOf(TableOf({Text("b"), Text("c")}), KnownTable({Known("a", 1), Known("b", 2), Known("c", 3)}))),
      ElementsAre(2, 3));
}

TEST(ShapeTest, WhatDoesNotFitHasTheNumberThatItHadBefore) {
  const types::Relation last = ShapeOf(TableOf({Text("a"), Text("b")}), KnownTable({Known("a", 3), Known("b", 8)}));
  EXPECT_THAT(Numbers(ShapeOf(TableOf({Text("a"), Text("b")}), {}, &last)), ElementsAre(3, 8));
  // The table has been dropped since; of what came in between nothing is known.
  EXPECT_THAT(Numbers(ShapeOf(TableOf({Text("a"), Text("c")}), {}, &last)), ElementsAre(3, 4));
}

TEST(ShapeTest, NumbersAreNeverGivenTwice) {
  const types::Relation last = ShapeOf(TableOf({Text("old")}), KnownTable({Known("old", 2)}));
  const types::Relation shape = ShapeOf(TableOf({Text("old"), Text("new")}), KnownTable({Known("new", 2)}), &last);
  EXPECT_THAT(Numbers(shape), ElementsAre(2, 3));
  EXPECT_EQ(shape.columns[0].name, "new");
}

TEST(ShapeTest, ColumnsAddedSinceAreNotThere) {
  EXPECT_THAT(Numbers(ShapeOf(TableOf({Text("a")}), KnownTable({Known("a", 1), Known("b", 2)}))), ElementsAre(1));
}

TEST(ShapeTest, GeneratedColumnsAreThereIfTheyAreVirtual) {
  CatalogEntry entry = KnownTable({Known("a", 1), Known("v", 2), Known("s", 3), Known("b", 4)});
  entry.relation->columns[1].generated = "virtual";
  entry.relation->columns[2].generated = "stored";
  const types::Relation shape = ShapeOf(TableOf({Text("a"), Text("b")}), entry);
  EXPECT_THAT(Numbers(shape), ElementsAre(1, 2, 4));
  EXPECT_EQ(shape.columns[1].generated, "virtual");
}

TEST(ShapeTest, AGeneratedColumnThatIsPublishedHasItsPlace) {
  CatalogEntry entry = KnownTable({Known("a", 1), Known("renamed", 3), Known("b", 4)});
  entry.relation->columns[1].generated = "stored";
  entry.with_generated = true;
  const types::Relation shape = ShapeOf(TableOf({Text("a"), Text("s")}), entry);
  EXPECT_THAT(Numbers(shape), ElementsAre(1, 3));
  EXPECT_EQ(shape.columns[1].generated, "stored");
}

TEST(ShapeTest, TypesMustFitTheMessage) {
  CatalogEntry entry;
  entry.types.resize(3);
  const absl::Status status = MakeShape(TableOf({Text("a")}), entry, nullptr, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message(), "the server's catalog gave 3 types for table \"zzz\", expected 1");
}

}  // namespace
}  // namespace deltamirror::pgoutput
