// Each type through text and through binary. That a server's own bytes give one value both ways is in
// all_ways_test.cc.

#include "types/mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "types/oids.h"

namespace deltamirror::types {
namespace {

using ::testing::HasSubstr;

// "integer 7", "text 'x'": kind and value in one text. A real is written with all its digits.
std::string Show(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNull:
      return "null";
    case Value::Kind::kInteger:
      return absl::StrCat("integer ", value.integer());
    case Value::Kind::kReal:
      return absl::StrFormat("real %.17g", value.real());
    case Value::Kind::kText:
      return absl::StrCat("text ", value.bytes());
    case Value::Kind::kBlob:
      return absl::StrCat("blob ", absl::BytesToHexString(value.bytes()));
  }
  return "";
}

std::string Decode(Decoder decoder, const std::string& bytes) {
  Scratch scratch = "left from the value before";
  Value value;
  const absl::Status status = decoder(bytes, scratch, &value);
  return status.ok() ? Show(value) : absl::StrCat("error ", status.message());
}

std::string FromText(uint32_t oid, const std::string& text) {
  return Decode(MappingFor("", oid, 0).text, text);
}

// `hex`: the binary form in hexadecimal digits, blanks allowed.
std::string FromBinary(uint32_t oid, std::string hex) {
  hex.erase(std::remove(hex.begin(), hex.end(), ' '), hex.end());
  return Decode(MappingFor("", oid, 0).binary, absl::HexStringToBytes(hex));
}

struct Case {
  uint32_t oid;
  std::string text;
  std::string binary;  // in hexadecimal digits
  std::string expected;
};

const Case kCases[] = {
    {kBool, "t", "01", "integer 1"},
    {kBool, "f", "00", "integer 0"},
    {kInt2, "-32768", "8000", "integer -32768"},
    {kInt4, "2147483647", "7fffffff", "integer 2147483647"},
    {kInt8, "-9223372036854775808", "8000000000000000", "integer -9223372036854775808"},
    {kOid, "4294967295", "ffffffff", "integer 4294967295"},
    {kFloat4, "0.1", "3dcccccd", "real 0.10000000000000001"},
    {kFloat4, "-0", "80000000", "real -0"},
    {kFloat4, "1e-45", "00000001", "real 9.9999999999999998e-46"},
    {kFloat4, "3.4028235e+38", "7f7fffff", "real 3.4028234999999999e+38"},
    {kFloat4, "7.038531e-26", "15ae43fd", "real 7.0385310000000002e-26"},
    {kFloat4, "NaN", "7fc00000", "text NaN"},
    {kFloat4, "-Infinity", "ff800000", "real -inf"},
    {kFloat8, "0.1", "3fb999999999999a", "real 0.10000000000000001"},
    {kFloat8, "5e-324", "0000000000000001", "real 4.9406564584124654e-324"},
    {kFloat8, "NaN", "7ff8000000000000", "text NaN"},
    {kFloat8, "Infinity", "7ff0000000000000", "real inf"},
    {kNumeric, "0", "0000 0000 0000 0000", "integer 0"},
    {kNumeric, "0.00", "0000 0000 0000 0002", "integer 0"},
    {kNumeric, "-1200.00", "0001 0000 4000 0002 04b0", "integer -1200"},
    {kNumeric, "12.50", "0002 0000 0000 0002 000c 1388", "real 12.5"},
    {kNumeric, "0.00000001", "0001 fffe 0000 0008 0001", "real 1e-08"},
    {kNumeric, "1234567.12345678", "0004 0001 0000 0008 007b 11d7 04d2 162e", "real 1234567.1234567801"},
    {kNumeric, "12345678.12345678", "0004 0001 0000 0008 04d2 162e 04d2 162e", "text 12345678.12345678"},
    {kNumeric, "9223372036854775807", "0005 0004 0000 0000 039a 0d2c 0170 1565 16af", "integer 9223372036854775807"},
    {kNumeric, "9223372036854775808", "0005 0004 0000 0000 039a 0d2c 0170 1565 16b0", "text 9223372036854775808"},
    {kNumeric, "100000000000000000000", "0001 0005 0000 0000 0001", "real 1e+20"},
    {kNumeric, "NaN", "0000 0000 c000 0000", "text NaN"},
    {kNumeric, "Infinity", "0000 0000 d000 0020", "real inf"},
    {kNumeric, "-Infinity", "0000 0000 f000 0020", "real -inf"},
    {kText, "", "", "text "},
    {kBpchar, "ab  ", "61622020", "text ab  "},
    {kBytea, "\\x", "", "blob "},
    {kBytea, "\\x00FFab", "00ffab", "blob 00ffab"},
    {kJsonb, "{\"a\": 1}", "017b2261223a20317d", "text {\"a\": 1}"},
    {kUuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc999c0b4ef8bb6d6bb9bd380a11",
     "text a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {kDate, "2000-01-01", "00000000", "text 2000-01-01"},
    {kDate, "4714-11-24 BC", "ffda97a7", "text 4714-11-24 BC"},
    {kDate, "0001-01-01", "fff4dbf9", "text 0001-01-01"},
    {kDate, "5874897-12-31", "7fda970c", "text 5874897-12-31"},
    {kDate, "infinity", "7fffffff", "text infinity"},
    {kDate, "-infinity", "80000000", "text -infinity"},
    {kTime, "00:00:00", "0000000000000000", "text 00:00:00"},
    {kTime, "24:00:00", "000000141dd76000", "text 24:00:00"},
    {kTime, "12:34:56.7", "0000000a8be4ca60", "text 12:34:56.7"},
    {kTimetz, "12:34:56+05:30", "0000000a8bda1c00 ffffb2a8", "text 12:34:56+05:30"},
    {kTimetz, "12:34:56-08", "0000000a8bda1c00 00007080", "text 12:34:56-08"},
    {kTimestamp, "1999-12-31 23:59:59.999999", "ffffffffffffffff", "text 1999-12-31 23:59:59.999999"},
    {kTimestamp, "infinity", "7fffffffffffffff", "text infinity"},
    {kTimestamptz, "2000-01-01 00:00:00.5+00", "000000000007a120", "text 2000-01-01 00:00:00.5+00:00"},
    {kTimestamptz, "-infinity", "8000000000000000", "text -infinity"},
    {kTimestamptz, "0044-03-15 00:00:00+00 BC", "ff1af9deec5b2000", "text 0044-03-15 00:00:00+00 BC"},
};

TEST(MappingTest, TextAndBinaryGiveOneValue) {
  for (const Case& item : kCases) {
    EXPECT_EQ(FromText(item.oid, item.text), item.expected) << item.oid << " " << item.text;
    EXPECT_EQ(FromBinary(item.oid, item.binary), item.expected) << item.oid << " " << item.text;
  }
}

TEST(MappingTest, TextOfAnotherZoneBecomesUtc) {
  EXPECT_EQ(FromText(kTimestamptz, "2026-03-01 01:30:00+02"), "text 2026-02-28 23:30:00+00:00");
  EXPECT_EQ(FromText(kTimestamptz, "1999-12-31 20:00:00.25-04:30"), "text 2000-01-01 00:30:00.25+00:00");
  EXPECT_EQ(FromText(kTimestamptz, "1890-01-01 00:19:32+00:19:32"), "text 1890-01-01 00:00:00+00:00");
  EXPECT_EQ(FromText(kTimestamptz, "Sat Aug 01 12:00:00 2026 UTC"),
            "error invalid text \"Sat Aug 01 12:00:00 2026 UTC\" for type timestamp with time zone, expected an ISO "
            "timestamp like \"2026-08-01 12:00:00+00\"");
}

TEST(MappingTest, EveryLengthIsChecked) {
  const std::pair<uint32_t, std::string> fixed[] = {
      {kBool, "boolean, expected 1 byte"},
      {kInt2, "smallint, expected 2 bytes"},
      {kInt4, "integer, expected 4 bytes"},
      {kInt8, "bigint, expected 8 bytes"},
      {kOid, "oid, expected 4 bytes"},
      {kFloat4, "real, expected 4 bytes"},
      {kFloat8, "double precision, expected 8 bytes"},
      {kDate, "date, expected 4 bytes"},
      {kTime, "time, expected 8 bytes"},
      {kTimetz, "time with time zone, expected 12 bytes"},
      {kTimestamp, "timestamp, expected 8 bytes"},
      {kTimestamptz, "timestamp with time zone, expected 8 bytes"},
      {kUuid, "uuid, expected 16 bytes"},
  };
  for (const auto& [oid, expected] : fixed) {
    for (const std::string& bytes : {std::string(), std::string(3, '\0'), std::string(17, '\0')}) {
      EXPECT_EQ(Decode(MappingFor("", oid, 0).binary, bytes),
                absl::StrCat("error invalid length ", bytes.size(), " for type ", expected));
    }
  }
}

TEST(MappingTest, DamagedNumericIsAnError) {
  EXPECT_EQ(FromBinary(kNumeric, "0001 0000 00"), "error invalid length 5 for type numeric, expected at least 8 bytes");
  EXPECT_EQ(FromBinary(kNumeric, "0002 0000 0000 0000 0001"),
            "error invalid length 10 for type numeric, expected 12 bytes");
  EXPECT_EQ(FromBinary(kNumeric, "0001 0000 0000 0000 2710"),
            "error invalid digit 10000 for type numeric, expected less than 10000");
  EXPECT_THAT(FromBinary(kNumeric, "0001 0000 1234 0000 0001"), HasSubstr("invalid sign 4660 for type numeric"));
}

TEST(MappingTest, DamagedTextIsAnError) {
  const std::pair<uint32_t, std::string> damaged[] = {
      {kBool, "yes"},    {kInt4, ""},       {kInt4, "1 "},    {kInt4, "99999999999999999999"},
      {kFloat8, "inf"},  {kFloat8, "1.0x"}, {kNumeric, ""},   {kNumeric, "1.2.3"},
      {kNumeric, "1e5"}, {kBytea, "00ff"},  {kBytea, "\\x0"}, {kBytea, "\\xzz"},
  };
  for (const auto& [oid, text] : damaged) {
    EXPECT_THAT(FromText(oid, text), HasSubstr(absl::StrCat("error invalid text \"", text, "\" for type "))) << oid;
  }
  EXPECT_EQ(FromText(kInt4, "x"),
            "error invalid text \"x\" for type integer, expected a whole number of at most 64 bits");
}

TEST(MappingTest, OtherDamageIsAnError) {
  EXPECT_EQ(FromBinary(kJsonb, "02"), "error invalid version 2 for type jsonb, expected 1");
  EXPECT_EQ(FromBinary(kJsonb, ""), "error invalid length 0 for type jsonb, expected at least 1 byte");
  EXPECT_THAT(FromBinary(kTime, "ffffffffffffffff"), HasSubstr("invalid text \"-1\" for type time"));
  EXPECT_THAT(FromBinary(kDate, "80000001"), HasSubstr("for type date, expected a number within the type's range"));
}

TEST(MappingTest, DeclaresTypesThatKeepEveryValue) {
  EXPECT_EQ(MappingFor("numeric(10,2)", kNumeric, 0).declared, "");
  EXPECT_EQ(MappingFor("numeric(10,2)", kNumeric, 0).strict, "ANY");
  EXPECT_EQ(MappingFor("real", kFloat4, 0).declared, "REAL");
  EXPECT_EQ(MappingFor("real", kFloat4, 0).strict, "ANY");
  EXPECT_EQ(MappingFor("integer", kInt4, 0).declared, "INTEGER");
  EXPECT_EQ(MappingFor("bytea", kBytea, 0).declared, "BLOB");
}

TEST(MappingTest, TypesNotKnownAreText) {
  const Mapping mapping = MappingFor("public.mood", 16999, 0);
  EXPECT_EQ(mapping.declared, "TEXT");
  EXPECT_EQ(mapping.binary, nullptr);
  EXPECT_EQ(Decode(mapping.text, "happy"), "text happy");
}

Overrides Overriding(const std::vector<std::pair<std::string, std::string>>& pairs) {
  absl::StatusOr<Overrides> overrides = Overrides::Parse(pairs);
  EXPECT_TRUE(overrides.ok()) << overrides.status();
  return overrides.ok() ? *std::move(overrides) : Overrides();
}

TEST(OverridesTest, GoByAnyOfATypesNames) {
  for (const std::string name : {"numeric", "NUMERIC"}) {
    const Mapping mapping = MappingFor("numeric(10,2)", kNumeric, 0, Overriding({{name, "text"}}));
    EXPECT_EQ(mapping.declared, "TEXT");
    EXPECT_EQ(mapping.binary, nullptr);
    EXPECT_EQ(Decode(mapping.text, "1.50"), "text 1.50");
  }
  const Overrides zoned = Overriding({{"timestamptz", "blob"}});
  EXPECT_EQ(MappingFor("timestamp(3) with time zone", kTimestamptz, 0, zoned).declared, "BLOB");
  EXPECT_EQ(MappingFor("timestamp without time zone", kTimestamp, 0, zoned).declared, "TEXT");
  EXPECT_EQ(MappingFor("mood", 16999, 0, Overriding({{"mood", "integer"}})).declared, "INTEGER");
}

TEST(OverridesTest, ValueThatDoesNotFitIsAnError) {
  const Mapping mapping = MappingFor("numeric", kNumeric, 0, Overriding({{"numeric", "integer"}}));
  EXPECT_EQ(Decode(mapping.text, "12"), "integer 12");
  EXPECT_THAT(Decode(mapping.text, "12.5"), HasSubstr("error invalid text \"12.5\" for type integer"));
}

TEST(OverridesTest, WhatATypeBecomesAnywayChangesNothing) {
  EXPECT_EQ(Decode(MappingFor("bytea", kBytea, 0, Overriding({{"bytea", "blob"}})).text, "\\x41"), "blob 41");
}

TEST(OverridesTest, UnknownTargetIsAnError) {
  EXPECT_EQ(Overrides::Parse({{"numeric", "double"}}).status().message(),
            "invalid value \"double\" for type \"numeric\" in option \"types\", expected \"text\", \"integer\", "
            "\"real\" or \"blob\"");
  EXPECT_THAT(std::string(Overrides::Parse({{"numeric", "json"}}).status().message()), HasSubstr("\"json\" for type"));
}

std::string Json(uint32_t elem, const std::string& text) {
  return Decode(MappingFor("", 1, elem, Overriding({{"array", "json"}})).text, text);
}

TEST(ArrayTest, BecomesJson) {
  EXPECT_EQ(Json(kInt4, "{}"), "text []");
  EXPECT_EQ(Json(kInt4, "{1,NULL,-3}"), "text [1,null,-3]");
  EXPECT_EQ(Json(kInt4, "{{1,2},{3,4}}"), "text [[1,2],[3,4]]");
  EXPECT_EQ(Json(kInt4, "[0:1]={7,8}"), "text [7,8]");
  EXPECT_EQ(Json(kNumeric, "{12345678901234567890.1,NaN}"), "text [12345678901234567890.1,\"NaN\"]");
  EXPECT_EQ(Json(kBool, "{t,f}"), "text [true,false]");
  EXPECT_EQ(Json(kText, "{a,\"b c\",\"NULL\",NULL,\"q\\\"\\\\\",\"\"}"),
            "text [\"a\",\"b c\",\"NULL\",null,\"q\\\"\\\\\",\"\"]");
  EXPECT_EQ(Json(kText, "{\"line\nbreak\"}"), "text [\"line\\u000abreak\"]");
  EXPECT_EQ(Json(kText, "{a;b,c}"), "text [\"a;b\",\"c\"]");
  EXPECT_EQ(Json(kJsonb, "{\"{\\\"a\\\": 1}\",2}"), "text [{\"a\": 1},2]");
  EXPECT_EQ(Json(kBox, "{(1,1),(0,0);(2,2),(0,0)}"), "text [\"(1,1),(0,0)\",\"(2,2),(0,0)\"]");
}

TEST(ArrayTest, DamageIsAnError) {
  for (const std::string text : {"", "1,2", "{1", "{\"a", "{1}x", "[0:1]", "}", "{a\\"}) {
    EXPECT_THAT(Json(kText, text), HasSubstr("error invalid text")) << text;
  }
}

TEST(ArrayTest, OneKindCanBeNamed) {
  const Overrides overrides = Overriding({{"int4[]", "json"}});
  EXPECT_EQ(Decode(MappingFor("integer[]", 1007, kInt4, overrides).text, "{1}"), "text [1]");
  EXPECT_EQ(Decode(MappingFor("text[]", 1009, kText, overrides).text, "{1}"), "text {1}");
}

}  // namespace
}  // namespace deltamirror::types
