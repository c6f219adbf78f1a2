// The same rows of a real server through both ways: the binary COPY of pg_import, and the text that a stream carries.
// Every type that the server has must come out as one value.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "copy/source.h"
#include "postgres/connection.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "types/mapping.h"

namespace deltamirror {
namespace {

class TypesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster(); }
  static void TearDownTestSuite() { delete cluster_; }

  // Imports one column of the given type with these values (SQL expressions), decodes the same rows as text, and
  // expects them to be equal. Returns what SQLite has, as quote() shows it.
  std::vector<std::string> Same(const std::string& type, const std::string& values) {
    cluster_->Exec(absl::StrCat("DROP TABLE IF EXISTS v; CREATE TABLE v (n serial, x ", type,
                                "); INSERT INTO v (x) SELECT x::", type, " FROM ", values));
    host_.Exec(absl::StrCat("DROP TABLE IF EXISTS v; DROP TABLE IF EXISTS w; SELECT pg_import(",
                            lab::Literal(cluster_->conninfo()), ", 'SELECT x FROM v ORDER BY n', 'v')"));
    DecodeText();
    const std::vector<std::string> binary = Quoted("v");
    const std::vector<std::string> text = Quoted("w");
    EXPECT_EQ(binary.size(), text.size()) << type;
    EXPECT_FALSE(binary.empty()) << type;
    for (size_t i = 0; i < binary.size() && i < text.size(); ++i) EXPECT_EQ(binary[i], text[i]) << type;
    return binary;
  }

  std::vector<std::string> SameLiterals(const std::string& type, const std::vector<std::string>& literals) {
    std::string values = "(VALUES (NULL)";
    for (const std::string& literal : literals) absl::StrAppend(&values, ", (", lab::Literal(literal), ")");
    return Same(type, absl::StrCat(values, ") AS l(x)"));
  }

  static lab::Cluster* cluster_;
  lab::Host host_;

 private:
  // The second way, into a table of the same declared type.
  void DecodeText() {
    auto connection = postgres::Connection::Open(cluster_->conninfo(), {});
    ASSERT_TRUE(connection.ok()) << connection.status();
    const auto source = copy::DescribeSource(*connection, "SELECT x FROM v ORDER BY n");
    ASSERT_TRUE(source.ok()) << source.status();
    const types::Mapping mapping = types::MappingFor(source->columns[0]);
    const auto rows = connection->Query(source->query);
    ASSERT_TRUE(rows.ok()) << rows.status();
    host_.Exec(absl::StrCat("CREATE TABLE w (x ", mapping.declared, ")"));
    sqlite3_stmt* insert = nullptr;
    ASSERT_EQ(sqlite3_prepare_v2(host_.db(), "INSERT INTO w VALUES (?)", -1, &insert, nullptr), SQLITE_OK);
    types::Scratch scratch;
    for (int i = 0; i < rows->rows(); ++i) {
      types::Value value;
      if (!rows->is_null(i, 0)) {
        const absl::Status status = mapping.text(rows->text(i, 0), scratch, &value);
        EXPECT_TRUE(status.ok()) << status;
      }
      Bind(insert, value);
      EXPECT_EQ(sqlite3_step(insert), SQLITE_DONE);
      sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
  }

  static void Bind(sqlite3_stmt* insert, const types::Value& value) {
    using Kind = types::Value::Kind;
    switch (value.kind()) {
      case Kind::kNull:
        sqlite3_bind_null(insert, 1);
        break;
      case Kind::kInteger:
        sqlite3_bind_int64(insert, 1, value.integer());
        break;
      case Kind::kReal:
        sqlite3_bind_double(insert, 1, value.real());
        break;
      case Kind::kText:
        sqlite3_bind_text64(insert, 1, value.bytes().data(), value.bytes().size(), SQLITE_TRANSIENT, SQLITE_UTF8);
        break;
      case Kind::kBlob:
        sqlite3_bind_blob64(insert, 1, value.bytes().data(), value.bytes().size(), SQLITE_TRANSIENT);
        break;
    }
  }

  std::vector<std::string> Quoted(const std::string& table) {
    std::vector<std::string> values;
    // typeof too: quote() prints a text without a decimal point and an integer differently, but 1.0 and 1 must not pass
    // as one either.
    for (const auto& row : host_.Query(
             absl::StrCat("SELECT CASE typeof(x) WHEN 'real' THEN printf('real %!.17g', x) ELSE quote(x) END FROM ",
                          table, " ORDER BY rowid"))) {
      values.push_back(row[0]);
    }
    return values;
  }
};

lab::Cluster* TypesTest::cluster_ = nullptr;

TEST_F(TypesTest, WholeNumbers) {
  EXPECT_THAT(SameLiterals("smallint", {"-32768", "0", "32767"}),
              ::testing::ElementsAre("NULL", "-32768", "0", "32767"));
  SameLiterals("integer", {"-2147483648", "-1", "2147483647"});
  SameLiterals("bigint", {"-9223372036854775808", "9223372036854775807"});
  EXPECT_EQ(SameLiterals("oid", {"4294967295"})[1], "4294967295");
  EXPECT_THAT(SameLiterals("boolean", {"t", "f"}), ::testing::ElementsAre("NULL", "1", "0"));
}

TEST_F(TypesTest, FloatingPoint) {
  const std::vector<std::string> special = {"0",     "-0",  "0.1",      "1e20",      "123456.789",
                                            "1e-30", "NaN", "Infinity", "-Infinity", "16777217"};
  EXPECT_EQ(SameLiterals("real", special)[3], "real 0.10000000000000001");
  SameLiterals("double precision", special);
  SameLiterals("double precision", {"1.7976931348623157e308", "4.9406564584124654e-324", "9223372036854775808"});
}

// Powers of two are where a shortest decimal form is most easily wrong.
TEST_F(TypesTest, EveryPowerOfTwoAndItsNeighbours) {
  Same("real",
       "(SELECT f FROM generate_series(-149, 125) AS i, LATERAL (SELECT (2.0::float8 ^ i)::real AS p) AS a, "
       "LATERAL (VALUES (p), (p * 1.0000001::real), (-p), (p * 0.9999999::real), (p * 3)) AS v(f)) AS s(x)");
  Same("double precision",
       "(SELECT 2.0::float8 ^ i * f FROM generate_series(-1022, 1022) AS i, "
       "(VALUES (1.0::float8), (1.0000000000000002), (-0.7)) AS v(f)) AS s(x)");
  Same("real", "(SELECT (random() * 10 ^ (i % 70 - 35))::real FROM generate_series(1, 20000) AS i) AS s(x)");
}

TEST_F(TypesTest, Numeric) {
  EXPECT_THAT(
      SameLiterals("numeric", {"0", "0.00", "-1.50", "100.00", "999999999999999", "123456789012345.6",
                               "0.1234567890123456", "1e-20", "12345678901234567890", "NaN"}),
      ::testing::ElementsAre("NULL", "0", "0", "real -1.5", "100", "999999999999999", "'123456789012345.6'",
                             "'0.1234567890123456'", "real 9.9999999999999995e-21", "'12345678901234567890'", "'NaN'"));
  SameLiterals("numeric", {"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
                           "1e18", "1e19", "1e22", "1e131000", "1e-300", "1e-305", "1e-16383", "10000.0001", "0.0001",
                           "0.00001", "-0.000012340000", "99999999.99999999", "Infinity", "-Infinity"});
  SameLiterals("numeric(12,4)", {"1.5", "-99999999.9999", "12.3400"});
  Same("numeric",
       "(SELECT (random() * 10 ^ (i % 40 - 20))::numeric * (i % 3 - 1) FROM generate_series(1, 20000) AS i) "
       "AS s(x)");
  Same("numeric", "(SELECT round((random() * 100000000)::numeric, i % 9) FROM generate_series(1, 20000) AS i) AS s(x)");
}

TEST_F(TypesTest, Texts) {
  EXPECT_EQ(SameLiterals("character(5)", {"ab", ""})[1], "'ab   '");
  SameLiterals("text", {"", "fox", "tab\tquote''back\\slash", "\xc3\xa4\xe2\x82\xac\xf0\x9f\xa6\x8a", "two\nlines"});
  SameLiterals("character varying(9)", {"a b ", ""});
  SameLiterals("name", {"a name"});
  SameLiterals("\"char\"", {"x", ""});
  SameLiterals("json", {"{\"a\" :1 , \"a\":[ ]}", "1"});
  SameLiterals("jsonb", {"{\"b\" :1e3 , \"a\":[ ]}", "\"x\""});
  SameLiterals("uuid", {"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"});
  SameLiterals("xml", {"<a b=\"1\">x</a>", "<?xml version=\"1.0\"?><a/>"});
  EXPECT_THAT(SameLiterals("bytea", {"", "\\x00ff", "\\xdeadbeef"}),
              ::testing::ElementsAre("NULL", "X''", "X'00FF'", "X'DEADBEEF'"));
}

TEST_F(TypesTest, DatesAndTimes) {
  SameLiterals("date", {"4714-11-24 BC", "0001-12-31 BC", "0001-01-01", "1582-10-15", "1900-02-28", "2000-02-29",
                        "9999-12-31", "10000-01-01", "5874897-12-31", "infinity", "-infinity"});
  Same("date", "(SELECT date '4714-11-24 BC' + i * 997 FROM generate_series(0, 9000) AS i) AS s(x)");
  SameLiterals("time", {"00:00", "24:00:00", "23:59:59.999999", "12:00:00.5", "00:00:00.000001"});
  SameLiterals("timetz", {"00:00+00", "24:00:00-15:59", "12:34:56.789+05:30", "12:00+01:02:03"});
  const std::vector<std::string> moments = {"4714-11-24 00:00:00 BC",
                                            "0044-03-15 12:00:00.5 BC",
                                            "0001-01-01 00:00:00",
                                            "1969-12-31 23:59:59.999999",
                                            "2000-01-01 00:00:00",
                                            "2026-08-01 12:34:56.78",
                                            "294276-12-31 23:59:59.999999",
                                            "infinity",
                                            "-infinity"};
  SameLiterals("timestamp", moments);
  std::vector<std::string> zoned = moments;
  for (std::string& moment : zoned) {
    if (moment.find("infinity") == std::string::npos)
      moment.insert(moment.find(" BC") == std::string::npos ? moment.size() : moment.size() - 3, "+00");
  }
  EXPECT_EQ(SameLiterals("timestamptz", zoned)[6], "'2026-08-01 12:34:56.78+00:00'");
  SameLiterals("timestamptz(0)", {"2026-08-01 14:34:56.78+02"});
  Same("timestamp",
       "(SELECT timestamp '1700-01-01' + i * interval '97 days 3.000017 s' FROM generate_series(0, 3000) "
       "AS i) AS s(x)");
  SameLiterals("interval", {"1 year 2 mons -3 days 04:05:06.7", "0", "-1 day", "1 mon ago"});
}

TEST_F(TypesTest, WhatTheServerPrints) {
  EXPECT_EQ(SameLiterals("inet", {"::1", "10.0.0.1/8", "10.0.0.1"})[1], "'::1'");
  SameLiterals("cidr", {"::/0", "10.0.0.0/8"});
  SameLiterals("macaddr", {"08:00:2b:01:02:03"});
  SameLiterals("money", {"1234.5", "-0.01"});
  SameLiterals("bit(5)", {"10101"});
  SameLiterals("bit varying", {"", "1"});
  SameLiterals("tsvector", {"a fat cat''s:3A"});
  SameLiterals("tsquery", {"fat & !rat"});
  SameLiterals("point", {"(1.5,-2)", "(NaN,Infinity)"});
  SameLiterals("box", {"(1,1),(0,0)"});
  SameLiterals("circle", {"<(0,0),1>"});
  SameLiterals("polygon", {"((0,0),(1,1),(2,0))"});
  SameLiterals("int4range", {"[1,5)", "empty", "(,)"});
  SameLiterals("tstzrange", {"[2026-01-01 00:00+00,)"});
  SameLiterals("pg_lsn", {"16/B374D848"});
  SameLiterals("xid", {"4294967295"});
  SameLiterals("tid", {"(0,1)"});
  SameLiterals("regclass", {"pg_class"});
  SameLiterals("int2vector", {"1 2 3"});
  SameLiterals("oidvector", {"1 2 3"});
  SameLiterals("jsonpath", {"$.a[*] ? (@ > 1)"});
}

TEST_F(TypesTest, Arrays) {
  SameLiterals("integer[]", {"{}", "{1,NULL,3}", "{{1,2},{3,4}}", "[0:1]={7,8}"});
  SameLiterals("text[]", {"{a,\"b c\",NULL,\"NULL\",\"q\\\"\",\"\"}"});
  SameLiterals("timestamptz[]", {"{2026-01-01 00:00+00,infinity}"});
  SameLiterals("numeric[]", {"{1.50,NaN}"});
  SameLiterals("box[]", {"{(1,1),(0,0);(2,2),(0,0)}"});
  SameLiterals("inet[]", {"{::1}"});
}

TEST_F(TypesTest, TypesOfTheUsers) {
  cluster_->Exec(
      "CREATE TYPE mood AS ENUM ('sad', 'so so'); CREATE DOMAIN mooddomain AS mood;"
      "CREATE DOMAIN price AS numeric(10,2) CHECK (VALUE > 0); CREATE DOMAIN bag AS integer[];"
      "CREATE DOMAIN dearprice AS price; CREATE TYPE pair AS (a integer, b text); CREATE DOMAIN pairs AS pair;"
      "CREATE TYPE floatrange AS RANGE (subtype = float8); CREATE SCHEMA \"Odd one\";"
      "CREATE TYPE \"Odd one\".\"My type\" AS ENUM ('x'); CREATE EXTENSION citext SCHEMA \"Odd one\"");
  EXPECT_EQ(SameLiterals("mood", {"sad", "so so"})[2], "'so so'");
  SameLiterals("mooddomain", {"sad"});
  EXPECT_EQ(SameLiterals("price", {"12.50"})[1], "real 12.5");
  EXPECT_EQ(SameLiterals("dearprice", {"12.00"})[1], "12");
  SameLiterals("bag", {"{1,2}"});
  SameLiterals("pair", {"(1,\"two words\")"});
  SameLiterals("pairs", {"(1,)"});
  SameLiterals("mood[]", {"{sad,\"so so\"}"});
  SameLiterals("pair[]", {"{\"(1,x)\"}"});
  SameLiterals("floatrange", {"[1.5,2)"});
  SameLiterals("\"Odd one\".\"My type\"", {"x"});
  EXPECT_EQ(SameLiterals("\"Odd one\".citext", {"Fox"})[1], "'Fox'");
}

}  // namespace
}  // namespace deltamirror
