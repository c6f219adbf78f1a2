#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "deltaflood/json.h"
#include "deltaflood/parser.h"
#include "nlohmann/json.hpp"
#include "tests/status_matchers.h"

namespace deltamirror::deltaflood {
namespace {

using ::deltamirror::testing::IsOk;

std::string RecordJson(absl::string_view line) {
  Parser parser;
  Record record;
  EXPECT_THAT(parser.Parse(line, &record), IsOk());
  std::string json;
  AppendRecordJson(record, &json);
  return json;
}

std::string StringJson(absl::string_view text) {
  std::string json;
  AppendJsonString(text, &json);
  return json;
}

TEST(JsonTest, RecordIsAnObject) {
  EXPECT_EQ(RecordJson("_c\t1507507200\t_s\t12\t_table\tzzz\t_xid\t88628918\t_action\tinsert\ta\tfox62\tb\t\\N"),
            R"({"_c":1507507200,"_s":12,"_table":"zzz","_xid":88628918,"_action":"insert",)"
            R"("columns":{"a":"fox62","b":null}})");
}

TEST(JsonTest, EveryKeyIsThere) {
  EXPECT_EQ(
      RecordJson("_table\tt\t_schema\ts\t_partition\tp\t_xid\t-1\t_lsn\t16/B374D848\t_time\t5\t_relid\t6\t"
                 "_identity\tfull\t_check\t1:2:865a79b5\t_origin\tx\t_action\ttruncate"),
      R"({"_table":"t","_schema":"s","_partition":"p","_xid":4294967295,"_lsn":"16/B374D848","_time":5,)"
      R"("_relid":6,"_identity":"full","_check":"1:2:865a79b5","_origin":"x","_action":"truncate","columns":{}})");
}

TEST(JsonTest, RepeatedNamesArePrintedInOrder) {
  EXPECT_EQ(RecordJson("_table\tt\t_action\tinsert\ta\t1\ta\t2"),
            R"({"_table":"t","_action":"insert","columns":{"a":"1","a":"2"}})");
}

TEST(JsonTest, StringsAreEscaped) {
  EXPECT_EQ(StringJson("a\"b\\c\t\n\r\x01\x1f/\x7f"), R"("a\"b\\c\t\n\r\u0001\u001f/)"
                                                      "\x7f\"");
  EXPECT_EQ(StringJson(absl::string_view("\0", 1)), R"("\u0000")");
  EXPECT_EQ(StringJson("\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x9B\xA9"), "\"\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x9B\xA9\"");
}

TEST(JsonTest, BytesThatAreNotUtf8AreReplaced) {
  const std::string replaced = "\xEF\xBF\xBD";
  EXPECT_EQ(StringJson("a\xFFz"), "\"a" + replaced + "z\"");
  EXPECT_EQ(StringJson("\xC3"), "\"" + replaced + "\"");                                // cut short
  EXPECT_EQ(StringJson("\xC0\x80"), "\"" + replaced + replaced + "\"");                 // overlong
  EXPECT_EQ(StringJson("\xED\xA0\x80"), "\"" + replaced + replaced + replaced + "\"");  // surrogate
  EXPECT_EQ(StringJson("\xF4\x90\x80\x80"), "\"" + replaced + replaced + replaced + replaced + "\"");
}

TEST(JsonTest, AnyBytesGiveValidJson) {
  std::mt19937 random(1);
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (size_t size = random() % 9; text.size() < size;) {
      text.push_back(static_cast<char>(random() % 2 == 0 ? random() : random() % 64 + 0x80));
    }
    ASSERT_FALSE(nlohmann::json::parse(StringJson(text), nullptr, false).is_discarded()) << StringJson(text);
  }
}

}  // namespace
}  // namespace deltamirror::deltaflood
