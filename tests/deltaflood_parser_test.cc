#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "deltaflood/format.h"
#include "deltaflood/parser.h"
#include "tests/status_matchers.h"

namespace deltamirror::deltaflood {
namespace {

using ::deltamirror::testing::IsOk;
using ::deltamirror::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

MATCHER_P2(Pair, name, value, "") {
  return arg.name == name && !arg.is_null && arg.value == value;
}
MATCHER_P(Null, name, "") {
  return arg.name == name && arg.is_null;
}

// Words with one space for each TAB, as in the slides.
std::string Tabs(absl::string_view text) {
  return absl::StrReplaceAll(text, {{" ", "\t"}});
}

class ParserTest : public ::testing::Test {
 protected:
  absl::Status Parse(absl::string_view line) {
    line_ = std::string(line);
    return parser_.Parse(line_, &record_);
  }
  absl::Status ParseHead(absl::string_view line) {
    line_ = std::string(line);
    return parser_.ParseHead(line_, &record_);
  }
  void ExpectError(absl::string_view line, const std::string& message) {
    EXPECT_THAT(Parse(line), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message))) << line;
  }

  std::string line_;
  Parser parser_;
  Record record_;
};

TEST_F(ParserTest, ReadsTheSampleOfSlide6) {
  ASSERT_THAT(Parse(Tabs("_table zzz _xid 88628916 _action replace a fox49")), IsOk());
  EXPECT_EQ(record_.table, "zzz");
  EXPECT_TRUE(record_.has_xid);
  EXPECT_EQ(record_.xid, 88628916u);
  EXPECT_EQ(record_.action, Action::kReplace);
  EXPECT_FALSE(record_.has_position);
  EXPECT_FALSE(record_.has_lsn);
  EXPECT_THAT(record_.columns, ElementsAre(Pair("a", "fox49")));

  ASSERT_THAT(Parse(Tabs("_table zzz _xid 88628916 _action update a fox61 b hen62")), IsOk());
  EXPECT_EQ(record_.action, Action::kUpdate);
  EXPECT_THAT(record_.columns, ElementsAre(Pair("a", "fox61"), Pair("b", "hen62")));
}

TEST_F(ParserTest, ReadsTheSampleOfSlide9) {
  ASSERT_THAT(Parse(Tabs("_c 1507507200 _s 12 _table zzz _xid 88628918 _action insert a fox62 b hen17")), IsOk());
  EXPECT_TRUE(record_.has_position);
  EXPECT_EQ(record_.clock, 1507507200);
  EXPECT_EQ(record_.seq, 12);
  EXPECT_EQ(record_.action, Action::kInsert);
  EXPECT_EQ(line_.substr(record_.columns_offset), "a\tfox62\tb\then17");
}

TEST_F(ParserTest, ReadsEveryMetadataKey) {
  ASSERT_THAT(Parse(Tabs("_c 1 _s 2 _table t _schema s _qualified_table s.t _partition p _xid 3 _lsn 16/B374D848 "
                         "_time 1700000000000001 _relid 16402 _identity full _oid 77 _action delete a 1")),
              IsOk());
  EXPECT_EQ(record_.table, "t");
  EXPECT_EQ(record_.schema, "s");
  EXPECT_EQ(record_.qualified_table, "s.t");
  EXPECT_EQ(record_.partition, "p");
  EXPECT_EQ(record_.lsn, 0x16B374D848u);
  EXPECT_EQ(record_.time, 1700000000000001);
  EXPECT_EQ(record_.relid, 16402u);
  EXPECT_EQ(record_.identity, "full");
  EXPECT_EQ(record_.oid, "77");
}

TEST_F(ParserTest, CommitAndRollbackHaveNoTable) {
  ASSERT_THAT(Parse(Tabs("_xid 5 _lsn 0/1A _time -1 _action commit")), IsOk());
  EXPECT_EQ(record_.action, Action::kCommit);
  EXPECT_EQ(record_.lsn, 0x1Au);
  EXPECT_TRUE(record_.has_time);
  EXPECT_EQ(record_.time, -1);
  EXPECT_THAT(record_.columns, IsEmpty());
  ASSERT_THAT(Parse(Tabs("_xid 5 _action rollback")), IsOk());
  ExpectError(Tabs("_xid 5 _action truncate"),
              "expected \"_table\" before \"_action\", got a line with \"_action\" \"truncate\" and no table");
}

TEST_F(ParserTest, NegativeXidIsReadModulo2To32) {
  ASSERT_THAT(Parse(Tabs("_table t _xid -1 _action truncate")), IsOk());
  EXPECT_EQ(record_.xid, 4294967295u);
  ASSERT_THAT(Parse(Tabs("_table t _xid -2147483648 _action truncate")), IsOk());
  EXPECT_EQ(record_.xid, 2147483648u);
  ASSERT_THAT(Parse(Tabs("_table t _xid 4294967295 _action truncate")), IsOk());
  EXPECT_EQ(record_.xid, 4294967295u);
  ExpectError(Tabs("_table t _xid 4294967296 _action truncate"),
              "expected a transaction ID for \"_xid\" at offset 14, got \"4294967296\"");
}

TEST_F(ParserTest, ColumnsMayHaveTheNamesOfMetadata) {
  ASSERT_THAT(Parse(Tabs("_table t _xid 1 _action insert _xid 7 _table x _action y")), IsOk());
  EXPECT_EQ(record_.xid, 1u);
  EXPECT_EQ(record_.table, "t");
  EXPECT_THAT(record_.columns, ElementsAre(Pair("_xid", "7"), Pair("_table", "x"), Pair("_action", "y")));
}

TEST_F(ParserTest, OidRightBehindTheActionIsTheRowsOid) {
  ASSERT_THAT(Parse(Tabs("_table baz _xid 582 _action insert _oid 16405 a rocket _oid 1")), IsOk());
  EXPECT_EQ(record_.oid, "16405");
  EXPECT_THAT(record_.columns, ElementsAre(Pair("a", "rocket"), Pair("_oid", "1")));
  EXPECT_EQ(line_.substr(record_.columns_offset), "a\trocket\t_oid\t1");
}

TEST_F(ParserTest, EscapedOidIsAColumn) {
  ASSERT_THAT(Parse("_table\tbaz\t_action\tinsert\t\\137oid\t16405"), IsOk());
  EXPECT_EQ(record_.oid, "");
  EXPECT_THAT(record_.columns, ElementsAre(Pair("_oid", "16405")));
}

TEST_F(ParserTest, NullIsNoValue) {
  ASSERT_THAT(Parse("_table\tt\t_action\tinsert\ta\t\\N\tb\t\tc\t\\\\N\td\tNULL"), IsOk());
  EXPECT_THAT(record_.columns, ElementsAre(Null("a"), Pair("b", ""), Pair("c", "\\N"), Pair("d", "NULL")));
}

TEST_F(ParserTest, EscapesAreUndoneInNamesAndValues) {
  ASSERT_THAT(Parse("_table\tt\\tu\t_action\tinsert\ta\\nb\tx\\ty\\nz\\\\\tc\t\\303\\244\\000\\377"), IsOk());
  EXPECT_EQ(record_.table, "t\tu");
  EXPECT_THAT(record_.columns,
              ElementsAre(Pair("a\nb", "x\ty\nz\\"), Pair("c", absl::string_view("\xC3\xA4\0\xFF", 4))));
}

TEST_F(ParserTest, UnknownEscapesAreErrors) {
  const std::string expected = "expected \\t, \\n, \\\\ or \\ and three octal digits at offset 27, got ";
  const std::string head = "_table\tt\t_action\tinsert\ta\tx";
  ExpectError(head + "\\q", expected + "\"\\\\q\"");
  ExpectError(head + "\\", expected + "\"\\\\\"");
  ExpectError(head + "\\N", expected);
  ExpectError(head + "\\Nx", expected);
  ExpectError(head + "\\12", expected);
  ExpectError(head + "\\128", expected);
  ExpectError(head + "\\400", expected);
  ExpectError(head + "\\r", expected);
  ExpectError("_table\tt\\q\t_action\ttruncate", "at offset 8");
  ExpectError("_table\tt\t_action\tinsert\ta\\q\tx", "at offset 25");
}

TEST_F(ParserTest, OddNumberOfFieldsIsAnError) {
  const std::string expected = "expected key-value pairs separated by tabs, got ";
  ExpectError("", expected + "an empty line");
  ExpectError("\n", expected + "an empty line");
  ExpectError("_table", expected + "1 field");
  ExpectError("nonsense", expected + "1 field");
  ExpectError(Tabs("_table t _action insert a"), expected + "5 fields");
  ExpectError(Tabs("_table t _action insert _oid"), expected + "5 fields");
  ExpectError(Tabs("_table t _action"), expected + "3 fields");
  ExpectError(Tabs("_table t _action insert a 1 "), expected + "7 fields");
}

TEST_F(ParserTest, DamagedMetadataIsAnError) {
  ExpectError(Tabs("table t _action insert"), "expected a metadata key or \"_action\" at offset 0, got \"table\"");
  ExpectError(Tabs("_table t a 1 _action insert"), "expected a metadata key or \"_action\" at offset 9, got \"a\"");
  ExpectError(Tabs("_table t  1"), "expected a metadata key or \"_action\" at offset 9, got \"\"");
  ExpectError(Tabs("_table t _xid 1"), "expected \"_action\" at offset 15, got the end of the line");
  ExpectError(Tabs("_table t _table u _action insert"),
              "expected each metadata key once, got \"_table\" again at offset 9");
  ExpectError(Tabs("_table t _action upsert"),
              "expected insert, update, delete, replace, truncate, relation, drop, attach, detach, gap, commit or "
              "rollback for \"_action\" at "
              "offset 17, got \"upsert\"");
  ExpectError(Tabs("_table t _xid 1x _action insert"), "for \"_xid\" at offset 14, got \"1x\"");
  ExpectError(Tabs("_c -1 _s 0 _table t _action insert"), "expected a number of at least 0 for \"_c\" at offset 3");
  ExpectError(Tabs("_c 1 _s  _table t _action insert"), "for \"_s\" at offset 8, got \"\"");
  ExpectError(Tabs("_table t _lsn 16B374D848 _action insert"), "expected an LSN like \"16/B374D848\" for \"_lsn\"");
  ExpectError(Tabs("_table t _lsn 0/123456789 _action insert"), "for \"_lsn\" at offset 14");
  ExpectError(Tabs("_table t _time now _action insert"), "expected microseconds since 1970 for \"_time\"");
  ExpectError(Tabs("_table t _relid -1 _action insert"), "expected an OID for \"_relid\"");
}

TEST_F(ParserTest, EmptyColumnNameIsAnError) {
  ExpectError(Tabs("_table t _action insert  1"), "expected a column name at offset 24, got an empty field");
}

TEST_F(ParserTest, LineFeedInsideIsAnError) {
  ExpectError("_table\tt\t_action\tinsert\ta\tx\ny", "expected one line, got a line feed at offset 27");
}

TEST_F(ParserTest, OneLineFeedAtTheEndBelongsToNoValue) {
  ASSERT_THAT(Parse("_table\tt\t_action\tinsert\ta\tx\n"), IsOk());
  EXPECT_THAT(record_.columns, ElementsAre(Pair("a", "x")));
}

TEST_F(ParserTest, CarriageReturnIsData) {
  ASSERT_THAT(Parse("_table\tt\t_action\tinsert\ta\tx\r"), IsOk());
  EXPECT_THAT(record_.columns, ElementsAre(Pair("a", "x\r")));
}

TEST_F(ParserTest, CheckOfATransactionIsMetadata) {
  ASSERT_THAT(Parse(Tabs("_c 1507507200 _s 3 _check 1:2:865a79b5 _xid 7 _action commit")), IsOk());
  EXPECT_EQ(record_.check, "1:2:865a79b5");
  EXPECT_THAT(record_.unknown, IsEmpty());
  ASSERT_THAT(Parse(Tabs("_c 1507507200 _s 4 _xid 7 _action commit")), IsOk());
  EXPECT_EQ(record_.check, "");
}

TEST_F(ParserTest, UnknownMetadataKeysHaveNoTab) {
  ParseOptions options;
  options.separator = ", ";
  Parser parser(options);
  EXPECT_EQ(parser.Parse("_table, t, _a\tb, 1, _action, insert, a, 1", &record_).message(),
            "expected a metadata key without a tab at offset 11, got \"_a\\tb\"");
  EXPECT_THAT(parser.Parse("_table, t, _ab, 1\t2, _action, insert, a\tb, 1", &record_), IsOk());
}

TEST_F(ParserTest, UnknownMetadataIsKept) {
  ASSERT_THAT(Parse(Tabs("_table t _origin node1 _action insert a 1")), IsOk());
  EXPECT_THAT(record_.unknown, ElementsAre(Pair("_origin", "node1")));
  ASSERT_THAT(Parse(Tabs("_table t _action insert a 1")), IsOk());
  EXPECT_THAT(record_.unknown, IsEmpty());
}

TEST_F(ParserTest, ForeignBytesInAMessageAreShortAndPrintable) {
  ExpectError("_table\tt\t_action\t\xC3\xA4\x01\xFF" + std::string(500, 'x'),
              "got \"\xC3\xA4\\001\\377" + std::string(56, 'x') + "...\"");
}

TEST_F(ParserTest, HeadIsReadWithoutTheColumns) {
  ASSERT_THAT(ParseHead("_table\tt\\nu\t_xid\t1\t_action\tinsert\ta\t\\q\tb"), IsOk());
  EXPECT_EQ(record_.table, "t\nu");
  EXPECT_THAT(record_.columns, IsEmpty());
  EXPECT_EQ(line_.substr(record_.columns_offset), "a\t\\q\tb");
  ASSERT_THAT(ParseHead(Tabs("_xid 1 _action commit")), IsOk());
  EXPECT_EQ(record_.columns_offset, line_.size());
}

TEST_F(ParserTest, OptionsOfTheOriginalAreFollowed) {
  ParseOptions options;
  options.separator = "|";
  options.null_text = "NULL";
  options.escapes = false;
  Parser parser(options);
  const std::string line = "_table|t|_action|insert|a|NULL|b|x\\q\ty|c|\\N";
  ASSERT_THAT(parser.Parse(line, &record_), IsOk());
  EXPECT_THAT(record_.columns, ElementsAre(Null("a"), Pair("b", "x\\q\ty"), Pair("c", "\\N")));
  EXPECT_THAT(
      parser.Parse("_table|t|_action", &record_),
      StatusIs(absl::StatusCode::kInvalidArgument, "expected key-value pairs separated by \"|\", got 3 fields"));
}

TEST_F(ParserTest, SeparatorMayBeLong) {
  ParseOptions options;
  options.separator = "::";
  Parser parser(options);
  const std::string line = "_table::t::_action::insert::a::x:y::b::";
  ASSERT_THAT(parser.Parse(line, &record_), IsOk());
  EXPECT_THAT(record_.columns, ElementsAre(Pair("a", "x:y"), Pair("b", "")));
}

// Separators are looked for in eight bytes at once: all lengths and distances must come out as with the plain way.
TEST_F(ParserTest, FieldsOfEveryLengthComeOut) {
  for (size_t name = 1; name < 20; ++name) {
    for (size_t value = 0; value < 20; ++value) {
      // \x08 and \x0A+1 are TAB's neighbours; \x89 is TAB with the high bit.
      const std::string a(name, '\x08');
      const std::string b(value, '\x89');
      ASSERT_THAT(Parse("_table\tt\t_action\tinsert\t" + a + "\t" + b + "\tx\t" + b), IsOk());
      ASSERT_THAT(record_.columns, ElementsAre(Pair(a, b), Pair("x", b)));
    }
  }
}

// Cut at every byte, a line is either whole pairs or an error; nothing else happens.
TEST_F(ParserTest, EveryPrefixIsParsedOrRefused) {
  const std::string line = "_c\t1\t_s\t2\t_table\tzzz\t_xid\t88\t_lsn\t0/1\t_action\tupdate\ta\tf\\to\\303x\tb\t\\N";
  for (size_t size = 0; size <= line.size(); ++size) {
    const absl::Status status = Parse(line.substr(0, size));
    const std::vector<absl::string_view> fields = absl::StrSplit(line.substr(0, size), '\t');
    if (fields.size() % 2 == 1) {
      EXPECT_FALSE(status.ok()) << size;
    }
    if (!status.ok()) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected"))) << size;
    }
  }
}

// A parser compares a line's head with those before it: what it gives must be what one gives that has seen nothing.
TEST(ParserHeadTest, LinesThatBeginAlikeAreReadAsIfAlone) {
  const std::vector<std::string> lines = {
      "_table t _schema s _xid 7 _lsn 0/1 _action insert a 1 b x",
      "_table t _schema s _xid 7 _lsn 0/1 _action insert a 2 b y",
      "_table t _schema s _xid 7 _lsn 0/1 _action insert",
      "_table t _schema s _xid 7 _lsn 0/1 _action insert a",
      "_table t _schema s _xid 7 _lsn 0/1 _action inserts a 1",
      "_table t _schema s _xid 7 _lsn 0/1 _action insert _oid 5 a 1",
      "_table t _schema s _xid 7 _lsn 0/1 _action insert _oids 5 a 1",
      "_table t _schema s _xid 7 _lsn 0/1 _action update a \\N b \\t",
      "_xid 7 _lsn 0/1 _time 9 _action commit",
      "_table t _schema s _xid 7 _lsn 0/1 _action update a 3",
      "_xid 7 _lsn 0/1 _time 9 _action commit",
      "_xid 8 _lsn 0/2 _time 10 _action commit",
      "_table \\t _xid 7 _action delete a 1",
      "_table \\t _xid 7 _action delete a 2",
      "_c 5 _s 1 _table t _xid 7 _action delete a 2",
      "_c 5 _s 2 _table t _xid 7 _action delete a 2",
      "_table t _xid 7 _new 1 _action delete a 2",
      "_table t _xid 7 _new 1 _action delete a 3",
      "_table t _relid 4 _identity full _partition p _qualified_table q _action truncate",
      "_table t _relid 4 _identity full _partition p _qualified_table q _action truncate",
      "_table t _relid 4 _was s.u _action relation",
      "_table t _relid 4 _was s.u _action relation",
      "_table t _relid 4 _reason rewritten _action gap",
      "_table t _relid 4 _reason rewritten _action gap",
      "_table t _relid 4 _reason attached _action gap",
  };
  Parser seen_all;
  for (const auto part : {&Parser::Parse, &Parser::ParseHead}) {
    for (const std::string& words : lines) {
      const std::string line = Tabs(words);
      Parser seen_nothing;
      Record expected, got;
      const absl::Status status = (seen_nothing.*part)(line, &expected);
      EXPECT_EQ((seen_all.*part)(line, &got), status) << words;
      if (!status.ok()) continue;
      std::string expected_text, got_text;
      AppendRecord(expected, &expected_text);
      AppendRecord(got, &got_text);
      EXPECT_EQ(got_text, expected_text) << words;
      EXPECT_EQ(got.columns_offset, expected.columns_offset) << words;
      EXPECT_EQ(got.has_xid, expected.has_xid) << words;
    }
  }
}

// A head is read in three ways: as the last line's, as one that is written the usual way, and as whatever it is. All
// must say the same.
TEST_F(ParserTest, AHeadSaysTheSameHoweverItIsRead) {
  const std::vector<std::string> heads = {
      "_table t _xid 7 _lsn 1A/2B _action insert",
      "_table t _schema s _xid 4294967295 _lsn FFFFFFFF/0 _action update",
      "_table t _xid 0 _lsn 0/1 _action delete",
      "_table t _lsn 0/1 _action replace",
      "_table t _action insert",
      "_table t _schema s _xid 9 _lsn 0/1 _time 5 _action insert",
      "_table t _xid 7 _lsn 1/2 _action truncate",
      "_xid 7 _lsn 1/2 _time 1795363974000000 _action commit",
      "_xid 7 _action rollback",
      "_xid -1 _lsn 1/a _action commit",
      "_table a\\tb _xid 7 _action insert",
      "_xid 7 _table t _action insert",
      "_table t _xid 7 _action insert _oid 12",
  };
  for (const std::string& head : heads) {
    for (const char* columns : {"", " a 1 b \\N"}) {
      const std::string line = Tabs(head) + Tabs(columns);
      // An unknown key: neither of the quick ways knows it.
      const std::string slow = Tabs("_new x ") + line;
      Record expected;
      Parser parser;
      ASSERT_THAT(parser.Parse(slow, &expected), IsOk()) << slow;
      for (int time = 0; time < 2; ++time) {
        ASSERT_THAT(Parse(line), IsOk()) << line;
        EXPECT_EQ(record_.table, expected.table) << line;
        EXPECT_EQ(record_.schema, expected.schema) << line;
        EXPECT_EQ(record_.has_xid, expected.has_xid) << line;
        EXPECT_EQ(record_.xid, expected.xid) << line;
        EXPECT_EQ(record_.has_lsn, expected.has_lsn) << line;
        EXPECT_EQ(record_.lsn, expected.lsn) << line;
        EXPECT_EQ(record_.has_time, expected.has_time) << line;
        EXPECT_EQ(record_.time, expected.time) << line;
        EXPECT_EQ(record_.oid, expected.oid) << line;
        EXPECT_EQ(record_.action, expected.action) << line;
        EXPECT_EQ(record_.columns.size(), expected.columns.size()) << line;
        EXPECT_EQ(record_.columns_offset + Tabs("_new x ").size(), expected.columns_offset) << line;
      }
    }
  }
}

TEST_F(ParserTest, AnErrorInAHeadIsTheSameAfterAGoodLine) {
  for (const char* line :
       {"_table t _xid 7 _action insert ", "_table t _xid 4294967296 _action insert",
        "_table t _xid 7 _lsn 123456789/0 _action insert", "_table t _xid 7 _action inserted", "_table  _action insert",
        "_xid 7 _action insert", "_table t _xid 7 _xid 7 _action insert"}) {
    Parser parser;
    Record record;
    const absl::Status alone = parser.Parse(Tabs(line), &record);
    EXPECT_FALSE(alone.ok()) << line;
    ASSERT_THAT(Parse(Tabs("_table t _xid 7 _action insert")), IsOk());
    EXPECT_EQ(Parse(Tabs(line)).message(), alone.message()) << line;
  }
}

TEST_F(ParserTest, AGapMaySayWhy) {
  Parser parser;
  Record record;
  const std::string line = "_table\tt\t_xid\t7\t_lsn\t0/1\t_relid\t4\t_reason\tit was \\t rewritten\t_action\tgap";
  ASSERT_EQ(absl::OkStatus(), parser.Parse(line, &record));
  EXPECT_EQ(record.action, Action::kGap);
  EXPECT_EQ(record.reason, "it was \t rewritten");
  std::string again;
  AppendRecord(record, &again);
  EXPECT_EQ(again, line);
}

}  // namespace
}  // namespace deltamirror::deltaflood
