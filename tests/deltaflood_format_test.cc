#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "deltaflood/format.h"
#include "deltaflood/parser.h"
#include "tests/status_matchers.h"

namespace deltamirror::deltaflood {
namespace {

using ::deltamirror::testing::IsOk;

TEST(FormatTest, FieldsAreSeparatedAndEscaped) {
  std::string line;
  AppendField("_table", "zzz", &line);
  AppendField("_action", "insert", &line);
  AppendField("a", "two\twords\n\\", &line);
  AppendField("empty", "", &line);
  AppendNull("b", &line);
  EXPECT_EQ(line, "_table\tzzz\t_action\tinsert\ta\ttwo\\twords\\n\\\\\tempty\t\tb\t\\N");
}

TEST(FormatTest, FieldBehindALineFeedBeginsALine) {
  std::string lines = "x\ty\n";
  AppendField("_action", "commit", &lines);
  EXPECT_EQ(lines, "x\ty\n_action\tcommit");
}

TEST(FormatTest, RecordHasMetadataInOrder) {
  Record record;
  record.has_position = true;
  record.clock = 7;
  record.seq = 8;
  record.table = "t";
  record.schema = "s";
  record.has_xid = true;
  record.xid = 4294967295u;
  record.has_lsn = true;
  record.lsn = 0x16B374D848;
  record.has_time = true;
  record.time = 9;
  record.action = Action::kDelete;
  record.columns = {{"_oid", "1", false}, {"b", "", true}};
  std::string line;
  AppendRecord(record, &line);
  EXPECT_EQ(line,
            "_c\t7\t_s\t8\t_table\tt\t_schema\ts\t_xid\t4294967295\t_lsn\t16/B374D848\t_time\t9\t_action\tdelete"
            "\t\\137oid\t1\tb\t\\N");
}

// What is not known is not understood either.
TEST(FormatTest, KeysThatAreNotKnownStayAsTheyWere) {
  const std::string line = "_table\tt\t_new\\key\t\\137x\t_x\\151d\t1\t_action\tinsert";
  Parser parser;
  Record record;
  ASSERT_THAT(parser.Parse(line, &record), IsOk());
  std::string again;
  AppendRecord(record, &again);
  EXPECT_EQ(again, "_table\tt\t_new\\key\t_x\t_x\\151d\t1\t_action\tinsert");
}

class RoundTripTest : public ::testing::TestWithParam<int> {
 protected:
  std::string RandomText(size_t least) {
    // Half of the bytes are ones that matter.
    constexpr absl::string_view kSpecial = "\t\n\\Nt0_7\r";
    std::string text;
    const size_t size = least + random_() % 12;
    while (text.size() < size) {
      text.push_back(random_() % 2 == 0 ? kSpecial[random_() % kSpecial.size()] : static_cast<char>(random_()));
    }
    return text;
  }

  std::mt19937 random_{static_cast<uint32_t>(GetParam())};
};

TEST_P(RoundTripTest, ParsingGivesTheRecordAgain) {
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> texts;
    for (int i = 0; i < 13; ++i) texts.push_back(RandomText(1));
    Record record;
    record.table = texts[0];
    record.schema = round % 2 == 0 ? absl::string_view() : absl::string_view(texts[1]);
    record.has_xid = round % 3 == 0;
    record.xid = record.has_xid ? random_() : 0;
    record.action = Action::kUpdate;
    for (int i = 2; i + 1 < 13; i += 2) {
      const bool is_null = random_() % 4 == 0;
      record.columns.push_back({texts[i], is_null ? absl::string_view() : absl::string_view(texts[i + 1]), is_null});
    }
    if (round % 7 == 0) record.columns[0].name = "_oid";
    std::string line;
    AppendRecord(record, &line);
    ASSERT_EQ(line.find('\n'), std::string::npos);

    Parser parser;
    Record parsed;
    ASSERT_THAT(parser.Parse(line, &parsed), IsOk());
    EXPECT_EQ(parsed.table, record.table);
    EXPECT_EQ(parsed.schema, record.schema);
    EXPECT_EQ(parsed.has_xid, record.has_xid);
    EXPECT_EQ(parsed.xid, record.xid);
    ASSERT_EQ(parsed.columns.size(), record.columns.size());
    for (size_t i = 0; i < record.columns.size(); ++i) {
      EXPECT_EQ(parsed.columns[i].name, record.columns[i].name);
      EXPECT_EQ(parsed.columns[i].value, record.columns[i].value);
      EXPECT_EQ(parsed.columns[i].is_null, record.columns[i].is_null);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RoundTripTest, ::testing::Range(1, 6));

}  // namespace
}  // namespace deltamirror::deltaflood
