#include "pgoutput/translator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "deltaflood/parser.h"
#include "deltaflood/relation.h"
#include "tests/pgoutput/bytes.h"

namespace deltamirror::pgoutput {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint32_t kZzz = 16402;
constexpr char kIds[] = "\t_xid\t700\t_lsn\t16/20";
constexpr char kCommit[] = "_xid\t700\t_lsn\t16/20\t_time\t1767323045678901\t_action\tcommit\n";
constexpr char kZzzRelation[] =
    "_table\tzzz\t_xid\t700\t_lsn\t16/20\t_relid\t16402\t_identity\tdefault\t_action\trelation"
    "\ta\t{\"attnum\":1,\"type\":\"text\",\"oid\":25,\"pk\":1,\"key\":1,\"not_null\":true}"
    "\tb\t{\"attnum\":2,\"type\":\"text\",\"oid\":25}\n";

class TranslatorTest : public ::testing::Test {
 protected:
  // Gives the lines of the messages.
  std::string Translate(const std::vector<std::string>& messages) {
    std::string lines;
    for (const std::string& message : messages) {
      const absl::StatusOr<Translator::Event> event = translator_.Translate(message, &lines);
      EXPECT_EQ(event.status(), absl::OkStatus());
      if (event.ok()) last_event_ = *event;
    }
    return lines;
  }

  absl::Status Refused(const std::string& message) {
    std::string lines;
    return translator_.Translate(message, &lines).status();
  }

  // Within a transaction, after the table is announced: the lines without "_table zzz", ids and "_action".
  std::string Changes(const std::vector<std::string>& messages) {
    std::string lines = Translate(messages);
    const std::string head = std::string("_table\tzzz") + kIds + "\t_action\t";
    for (size_t at; (at = lines.find(head)) != std::string::npos;) lines.erase(at, head.size());
    return lines;
  }

  // Begins a transaction and announces zzz with an insert.
  void BeginWith(const std::string& relation) { Translate({BeginBytes(), relation, InsertBytes(kZzz, {"n", "n"})}); }

  absl::StatusOr<CatalogEntry> Ask(const RelationMessage& message, uint32_t xid) {
    ++asked_;
    asked_with_ = xid;
    if (!entry_.has_value()) return absl::UnavailableError("lost the connection to the server");
    CatalogEntry entry = *entry_;
    entry.types.resize(message.columns.size(), {.name = "text", .base = 25});
    return entry;
  }

  static std::string ZzzBytes(char identity = 'd') {
    return RelationBytes(kZzz, "public", "zzz", identity,
                         {ColumnBytes("a", 25, true), ColumnBytes("b", 25, identity == 'f')});
  }

  static CatalogEntry ZzzEntry() {
    CatalogEntry entry;
    entry.relation.emplace();
    entry.relation->columns = {
        {.name = "a", .attnum = 1, .type = "text", .oid = 25, .pk = 1, .key = 1, .not_null = true},
        {.name = "b", .attnum = 2, .type = "text", .oid = 25},
    };
    return entry;
  }

  std::optional<CatalogEntry> entry_ = ZzzEntry();
  int asked_ = 0;
  uint32_t asked_with_ = 0;
  Translator translator_{
      {.tables = *types::TableList::Parse("*"),
       .catalog = [this](const RelationMessage& message, uint32_t xid) { return Ask(message, xid); }}};
  Translator::Event last_event_ = Translator::Event::kMore;
};

TEST_F(TranslatorTest, ATransaction) {
  EXPECT_EQ(Translate({BeginBytes(), ZzzBytes(), InsertBytes(kZzz, {ValueBytes("fox62"), ValueBytes("hen17")}),
                       UpdateBytes(kZzz, {ValueBytes("fox62"), "n"}),
                       DeleteBytes(kZzz, 'K', {ValueBytes("fox62"), "n"}), CommitBytes()}),
            std::string(kZzzRelation) +
                "_table\tzzz\t_xid\t700\t_lsn\t16/20\t_action\tinsert\ta\tfox62\tb\then17\n"
                "_table\tzzz\t_xid\t700\t_lsn\t16/20\t_action\tupdate\ta\tfox62\tb\t\\N\n"
                "_table\tzzz\t_xid\t700\t_lsn\t16/20\t_action\tdelete\ta\tfox62\n" +
                kCommit);
  EXPECT_EQ(last_event_, Translator::Event::kCommit);
  EXPECT_EQ(translator_.end_lsn(), 0x1600000050u);
  EXPECT_EQ(asked_with_, 700u);
}

TEST_F(TranslatorTest, ATransactionWithoutChangesHasNoLines) {
  EXPECT_EQ(Translate({BeginBytes(), OriginBytes(5, "node_b"), ZzzBytes(), TypeBytes(16500, "public", "mood"),
                       LogicalMessageBytes(true, 5, "p", "c"), CommitBytes()}),
            "");
  EXPECT_EQ(last_event_, Translator::Event::kCommit);
  EXPECT_EQ(asked_, 0);
}

TEST_F(TranslatorTest, AMessageOutsideOfATransactionHasNoLines) {
  EXPECT_EQ(Translate({LogicalMessageBytes(false, 5, "heartbeat", "")}), "");
  EXPECT_FALSE(translator_.in_transaction());
}

TEST_F(TranslatorTest, XidsAreUnsigned) {
  EXPECT_THAT(Translate({BeginBytes(4000000000), ZzzBytes(), InsertBytes(kZzz, {"n", "n"})}),
              HasSubstr("_xid\t4000000000\t"));
}

TEST_F(TranslatorTest, SchemasOtherThanPublicAreNamed) {
  EXPECT_THAT(Translate({BeginBytes(), RelationBytes(7, "op\ts", "cr\new", 'd', {ColumnBytes("i\\d", 25, true)}),
                         InsertBytes(7, {ValueBytes("x")})}),
              HasSubstr("_table\tcr\\new\t_schema\top\\ts\t_xid\t700\t_lsn\t16/20\t_action\tinsert\ti\\\\d\tx\n"));
}

TEST_F(TranslatorTest, ValuesAreEscaped) {
  BeginWith(ZzzBytes());
  EXPECT_EQ(Changes({InsertBytes(kZzz, {ValueBytes("tab\tline\nback\\N"), ValueBytes("\\N")})}),
            "insert\ta\ttab\\tline\\nback\\\\N\tb\t\\\\N\n");
}

TEST_F(TranslatorTest, AFirstColumnCalledOidIsNoRowOid) {
  const std::string lines = Translate(
      {BeginBytes(), RelationBytes(7, "public", "t", 'd', {ColumnBytes("_oid", 25), ColumnBytes("_oid2", 25)}),
       InsertBytes(7, {ValueBytes("x"), ValueBytes("y")})});
  deltaflood::Parser parser;
  deltaflood::Record record;
  ASSERT_TRUE(parser.Parse(absl::string_view(lines).substr(lines.find('\n') + 1), &record).ok());
  ASSERT_EQ(record.columns.size(), 2u);
  EXPECT_EQ(record.columns[0].name, "_oid");
}

// Unchanged TOAST values.

TEST_F(TranslatorTest, AnUnchangedValueIsLeftOutAndANullIsNot) {
  BeginWith(ZzzBytes());
  EXPECT_EQ(Changes({UpdateBytes(kZzz, {ValueBytes("fox"), "u"}), UpdateBytes(kZzz, {ValueBytes("fox"), "n"})}),
            "update\ta\tfox\nupdate\ta\tfox\tb\t\\N\n");
}

TEST_F(TranslatorTest, UnderFullAnUnchangedValueIsTheOldRows) {
  BeginWith(ZzzBytes('f'));
  EXPECT_EQ(Changes({UpdateBytes(kZzz, 'O', {ValueBytes("fox"), ValueBytes("long")}, {ValueBytes("hen"), "u"})}),
            "replace\ta\tfox\tb\tlong\nupdate\ta\then\tb\tlong\n");
}

TEST_F(TranslatorTest, AnUnchangedKeyIsTheOldKeys) {
  BeginWith(ZzzBytes());
  EXPECT_EQ(Changes({UpdateBytes(kZzz, 'K', {ValueBytes("long"), "n"}, {"u", "u"})}),
            "replace\ta\tlong\nupdate\ta\tlong\n");
}

// Old rows.

TEST_F(TranslatorTest, AChangedKeyIsReplaced) {
  BeginWith(ZzzBytes());
  EXPECT_EQ(Changes({UpdateBytes(kZzz, 'K', {ValueBytes("fox"), "n"}, {ValueBytes("hen"), ValueBytes("1")})}),
            "replace\ta\tfox\nupdate\ta\then\tb\t1\n");
}

TEST_F(TranslatorTest, UnderFullTheOldRowIsWholeWithItsNulls) {
  BeginWith(ZzzBytes('f'));
  EXPECT_EQ(Changes({UpdateBytes(kZzz, 'O', {ValueBytes("fox"), "n"}, {ValueBytes("fox"), ValueBytes("1")}),
                     DeleteBytes(kZzz, 'O', {ValueBytes("fox"), "n"})}),
            "replace\ta\tfox\tb\t\\N\nupdate\ta\tfox\tb\t1\ndelete\ta\tfox\tb\t\\N\n");
}

// Types.

TEST_F(TranslatorTest, BooleansAreOneAndZeroAlsoOfADomain) {
  entry_ = CatalogEntry();
  entry_->types = {{.name = "boolean", .base = 16}, {.name = "yesno", .base = 16}, {.name = "text", .base = 25}};
  const std::string relation =
      RelationBytes(kZzz, "public", "zzz", 'd', {ColumnBytes("a", 16), ColumnBytes("b", 16500), ColumnBytes("c", 25)});
  Translate({BeginBytes(), relation, InsertBytes(kZzz, {"n", "n", "n"})});
  EXPECT_EQ(Changes({InsertBytes(kZzz, {ValueBytes("t"), ValueBytes("f"), ValueBytes("t")}),
                     InsertBytes(kZzz, {ValueBytes("f"), "n", ValueBytes("f")})}),
            "insert\ta\t1\tb\t0\tc\tt\ninsert\ta\t0\tb\t\\N\tc\tf\n");
}

TEST_F(TranslatorTest, BinaryValuesAreRefused) {
  BeginWith(ZzzBytes());
  const absl::Status status = Refused(InsertBytes(kZzz, {ValueBytes("x", 'b'), "n"}));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(
      status.message(),
      "message \"Insert\" of pgoutput has a binary value for table \"zzz\", expected text (option \"binary\" off)");
}

// Relation lines.

TEST_F(TranslatorTest, ATableIsAnnouncedOnceUntilItsShapeChanges) {
  BeginWith(ZzzBytes());
  // The server describes a table again whenever it is not sure.
  EXPECT_EQ(Changes({ZzzBytes(), InsertBytes(kZzz, {"n", "n"})}), "insert\ta\t\\N\tb\t\\N\n");
  EXPECT_EQ(asked_, 2);
  entry_->relation->columns[1].not_null = true;
  EXPECT_EQ(Changes({InsertBytes(kZzz, {"n", "n"})}), "insert\ta\t\\N\tb\t\\N\n");
  EXPECT_THAT(Changes({ZzzBytes(), InsertBytes(kZzz, {"n", "n"})}), HasSubstr("\"not_null\":true}\ninsert\t"));
  EXPECT_EQ(asked_, 3);
}

TEST_F(TranslatorTest, TheRelationLineIsReadAgain) {
  const std::string lines = Translate({BeginBytes(), ZzzBytes(), InsertBytes(kZzz, {"n", "n"})});
  deltaflood::Parser parser;
  deltaflood::Record record;
  ASSERT_TRUE(parser.Parse(absl::string_view(lines).substr(0, lines.find('\n')), &record).ok());
  const absl::StatusOr<types::Relation> relation = deltaflood::ParseRelation(record);
  ASSERT_EQ(relation.status(), absl::OkStatus());
  EXPECT_EQ(relation->columns, ZzzEntry().relation->columns);
}

TEST_F(TranslatorTest, ARenameKeepsTheNumber) {
  BeginWith(ZzzBytes());
  entry_->relation->columns[1].name = "c";
  EXPECT_THAT(Changes({RelationBytes(kZzz, "public", "zzz", 'd', {ColumnBytes("a", 25, true), ColumnBytes("c", 25)}),
                       InsertBytes(kZzz, {"n", "n"})}),
              HasSubstr("\tc\t{\"attnum\":2,"));
}

TEST_F(TranslatorTest, ATableDroppedSinceIsWhatItsMessageSays) {
  entry_ = CatalogEntry();
  EXPECT_THAT(Translate({BeginBytes(), ZzzBytes(), InsertBytes(kZzz, {"n", "n"})}),
              HasSubstr("\t_action\trelation\ta\t{\"attnum\":1,\"type\":\"text\",\"oid\":25,\"key\":1}"
                        "\tb\t{\"attnum\":2,\"type\":\"text\",\"oid\":25}\n"));
}

TEST_F(TranslatorTest, AnErrorOfTheCatalogIsPassedOn) {
  entry_.reset();
  Translate({BeginBytes(), ZzzBytes()});
  const absl::Status status = Refused(InsertBytes(kZzz, {"n", "n"}));
  EXPECT_EQ(status, absl::UnavailableError("lost the connection to the server"));
}

// Which tables.

TEST_F(TranslatorTest, OurOwnTablesHaveNoLines) {
  EXPECT_EQ(Translate({BeginBytes(), RelationBytes(7, "deltamirror", "saved_table", 'd', {ColumnBytes("a", 25)}),
                       InsertBytes(7, {"n"}), TruncateBytes({7}), CommitBytes()}),
            "");
  EXPECT_EQ(asked_, 0);
}

TEST_F(TranslatorTest, TablesThatWereNotAskedForHaveNoLines) {
  Translator translator({.tables = *types::TableList::Parse("ops.*")});
  std::string lines;
  for (const std::string& message :
       {BeginBytes(), ZzzBytes(), RelationBytes(7, "ops", "crew", 'd', {ColumnBytes("a", 25)}),
        InsertBytes(kZzz, {"n", "n"}), InsertBytes(7, {"n"})}) {
    ASSERT_TRUE(translator.Translate(message, &lines).ok());
  }
  EXPECT_THAT(lines, HasSubstr("_table\tcrew\t"));
  EXPECT_EQ(lines.find("zzz"), std::string::npos);
}

// Truncate.

TEST_F(TranslatorTest, EachTruncatedTableHasALine) {
  const std::string other = RelationBytes(7, "ops", "crew", 'd', {ColumnBytes("a", 25), ColumnBytes("b", 25)});
  Translate({BeginBytes(), ZzzBytes(), other, InsertBytes(kZzz, {"n", "n"}), InsertBytes(7, {"n", "n"})});
  EXPECT_EQ(Translate({TruncateBytes({kZzz, 7}, 3)}),
            "_table\tzzz\t_xid\t700\t_lsn\t16/20\t_action\ttruncate\n"
            "_table\tcrew\t_schema\tops\t_xid\t700\t_lsn\t16/20\t_action\ttruncate\n");
}

TEST_F(TranslatorTest, ATruncateAnnouncesItsTable) {
  EXPECT_EQ(Translate({BeginBytes(), ZzzBytes(), TruncateBytes({kZzz})}),
            std::string(kZzzRelation) + "_table\tzzz\t_xid\t700\t_lsn\t16/20\t_action\ttruncate\n");
}

TEST_F(TranslatorTest, TruncatingATableWithoutRowsHasNoLine) {
  entry_->without_rows = true;
  EXPECT_EQ(Translate({BeginBytes(), ZzzBytes(), TruncateBytes({kZzz}), CommitBytes()}), "");
}

// Messages that do not fit.

TEST_F(TranslatorTest, MessagesOutOfOrderAreRefused) {
  EXPECT_EQ(Refused(CommitBytes()).message(), "message \"Commit\" of pgoutput came outside of a transaction");
  EXPECT_EQ(Refused(InsertBytes(kZzz, {})).message(), "message \"Insert\" of pgoutput came outside of a transaction");
  Translate({BeginBytes()});
  EXPECT_EQ(Refused(BeginBytes(701)).message(),
            "message \"Begin\" of pgoutput, of transaction 701, came inside of another transaction, expected message "
            "\"Commit\" before it");
}

TEST_F(TranslatorTest, ACommitOfAnotherTransactionIsRefused) {
  Translate({BeginBytes(700, 0x20)});
  const absl::Status status = Refused(CommitBytes(0x30));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message(),
            "message \"Commit\" of pgoutput has commit LSN 0/30, expected 0/20 as in message \"Begin\"");
}

TEST_F(TranslatorTest, ARelationThatWasNotDescribedIsRefused) {
  Translate({BeginBytes()});
  EXPECT_EQ(Refused(TruncateBytes({99})).message(),
            "message \"Truncate\" of pgoutput is about relation 99, expected a message \"Relation\" for it before");
}

TEST_F(TranslatorTest, ARowThatDoesNotFitItsTableIsRefused) {
  BeginWith(ZzzBytes());
  const absl::Status status = Refused(UpdateBytes(kZzz, 'K', {"n"}, {"n", "n"}));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message(), "message \"Update\" of pgoutput has a row of 1 values for table \"zzz\", expected 2");
  EXPECT_THAT(Refused(InsertBytes(kZzz, {"n", "n", "n"})).message(), HasSubstr("has a row of 3 values"));
}

// Whatever comes, in whatever order: errors, no crash, and lines that a reader understands.
TEST_F(TranslatorTest, AnyOrderAndAnyDamage) {
  const std::vector<std::string> messages = {
      BeginBytes(),
      CommitBytes(),
      ZzzBytes(),
      ZzzBytes('f'),
      RelationBytes(7, "ops", "crew", 'n', {ColumnBytes("a", 16)}),
      InsertBytes(kZzz, {ValueBytes("x"), "n"}),
      InsertBytes(7, {ValueBytes("t")}),
      UpdateBytes(kZzz, 'O', {ValueBytes("x"), "u"}, {"u", ValueBytes("y")}),
      DeleteBytes(7, 'K', {"u"}),
      TruncateBytes({kZzz, 7}),
      TypeBytes(16500, "a", "b"),
  };
  std::mt19937 random(7);
  deltaflood::Parser parser;
  deltaflood::Record record;
  for (int i = 0; i < 100000; ++i) {
    std::string message = messages[random() % messages.size()];
    if (random() % 4 == 0) message[random() % message.size()] = static_cast<char>(random());
    std::string lines;
    if (!translator_.Translate(message, &lines).ok()) continue;
    for (size_t at = 0, end; (end = lines.find('\n', at)) != std::string::npos; at = end + 1) {
      ASSERT_TRUE(parser.Parse(absl::string_view(lines).substr(at, end - at), &record).ok()) << lines;
    }
    ASSERT_TRUE(lines.empty() || lines.back() == '\n');
  }
}

}  // namespace
}  // namespace deltamirror::pgoutput
