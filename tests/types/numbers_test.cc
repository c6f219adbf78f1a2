// Numbers by the thousand: both ways give one value, and SQLite counts with it as PostgreSQL does.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/types/ways.h"

namespace deltamirror {
namespace {

class NumbersTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster(); }
  static void TearDownTestSuite() { delete cluster_; }

  // A table t (n, x) with the values of a FROM clause that names them x, in both databases by pg_import.
  void Import(const std::string& type, const std::string& values) {
    cluster_->Exec(absl::StrCat("DROP TABLE IF EXISTS t; CREATE TABLE t (n serial, x ", type,
                                "); INSERT INTO t (x) SELECT x::", type, " FROM ", values));
    ImportTable(&binary_, cluster_->conninfo(), "t");
  }

  // The same values by both ways.
  void Same(const std::string& type, const std::string& values) {
    Import(type, values);
    SCOPED_TRACE(type);
    ExpectTextGivesTheSame(&binary_, cluster_->conninfo(), "t", /*least_rows=*/1);
  }

  // Exports the values of t, and counts the rows whose `bits` differ afterwards.
  std::string ChangedOnTheWayBack(const std::string& type, const std::string& bits) {
    cluster_->Exec(absl::StrCat("DROP TABLE IF EXISTS back; CREATE TABLE back (n int, x ", type, ")"));
    binary_.Exec(
        absl::StrCat("SELECT pg_export(", lab::Literal(cluster_->conninfo()), ", 'SELECT n, x FROM t', 'back')"));
    return cluster_->Value(absl::StrCat("SELECT count(*) FROM t FULL JOIN back USING (n) WHERE ", bits,
                                        "(t.x) IS DISTINCT FROM ", bits, "(back.x)"));
  }

  // SQLite must say the same of its values as the server says of its own.
  void ExpectSaysTheSame(const std::string& sql) { EXPECT_EQ(cluster_->Query(sql), binary_.Query(sql)); }

  static lab::Cluster* cluster_;
  lab::Host binary_;
};

lab::Cluster* NumbersTest::cluster_ = nullptr;

// Powers of two are where a shortest decimal form is most easily wrong.
TEST_F(NumbersTest, EveryPowerOfTwoAndItsNeighbours) {
  Same("real",
       "(SELECT f FROM generate_series(-149, 125) AS i, LATERAL (SELECT (2.0::float8 ^ i)::real AS p) AS a, "
       "LATERAL (VALUES (p), (p * 1.0000001::real), (-p), (p * 0.9999999::real), (p * 3)) AS v(f)) AS s(x)");
  Same("double precision",
       "(SELECT 2.0::float8 ^ i * f FROM generate_series(-1022, 1022) AS i, "
       "(VALUES (1.0::float8), (1.0000000000000002), (-0.7)) AS v(f)) AS s(x)");
}

TEST_F(NumbersTest, AnyFloat) {
  Same("real", "(SELECT (random() * 10 ^ (i % 70 - 35))::real FROM generate_series(1, 20000) AS i) AS s(x)");
  Same("double precision", "(SELECT random() * 10 ^ (i % 600 - 300) FROM generate_series(1, 20000) AS i) AS s(x)");
}

// Bit for bit.
TEST_F(NumbersTest, AnyFloatComesBack) {
  Import(
      "real",
      "(SELECT (random() * 10 ^ (i % 70 - 35))::real * (i % 2 * 2 - 1) FROM generate_series(1, 20000) AS i UNION ALL "
      "VALUES (1.4e-45::real), (3.4028235e38), ('Infinity'), ('-Infinity'), ('NaN'), (16777217), (0)) AS s(x)");
  EXPECT_EQ(ChangedOnTheWayBack("real", "float4send"), "0");
  Import(
      "double precision",
      "(SELECT random() * 10 ^ (i % 600 - 300) * (i % 2 * 2 - 1) FROM generate_series(1, 20000) AS i UNION ALL "
      "VALUES (4.9e-324::float8), (1.7976931348623157e308), ('Infinity'), ('-Infinity'), ('NaN'), (9007199254740993), "
      "(0)) AS s(x)");
  EXPECT_EQ(ChangedOnTheWayBack("double precision", "float8send"), "0");
}

TEST_F(NumbersTest, IntegersAndRealsCountAsTheyDoThere) {
  Import(
      "bigint",
      "(VALUES (0::int8), (1), (-1), (7), (-7), (2147483648), (4611686018427387903), (-4611686018427387904)) AS s(x)");
  ExpectSaysTheSame("SELECT n, x + 1, x - 1, -x, x * 2, x / 3, x % 3, x & 255, abs(x) FROM t ORDER BY n");
  ExpectSaysTheSame("SELECT sum(x), min(x), max(x), count(x) FROM t");
  // A real counts as a double here, so halves and quarters; as integers, which both print alike.
  Import("real", "(VALUES (0.5::real), (-0.25), (1.75), (1024.5), (-3.5)) AS s(x)");
  ExpectSaysTheSame(
      "SELECT n, CAST((x + 0.25) * 16 AS INTEGER), CAST(x * 2.5 * 16 AS INTEGER), CAST(x / 0.5 * 16 AS INTEGER), "
      "CASE WHEN x > 0.5 AND x < 2 THEN 1 ELSE 0 END FROM t ORDER BY x");
  ExpectSaysTheSame("SELECT CAST(sum(x) * 16 AS INTEGER), CAST(avg(x) * 80 AS INTEGER) FROM t");
}

TEST_F(NumbersTest, AnyNumeric) {
  Same("numeric",
       "(SELECT (random() * 10 ^ (i % 40 - 20))::numeric * (i % 3 - 1) FROM generate_series(1, 20000) AS i) AS s(x)");
  Same("numeric", "(SELECT round((random() * 100000000)::numeric, i % 9) FROM generate_series(1, 20000) AS i) AS s(x)");
  // Groups of zeros in the middle and at the end, which the binary form leaves out.
  Same("numeric",
       "(SELECT i * 10::numeric ^ j + k * 10::numeric ^ (j - 9) FROM generate_series(1, 3) AS i, "
       "generate_series(-20, 30) AS j, generate_series(0, 3) AS k) AS s(x)");
}

TEST_F(NumbersTest, NumericsOfUpTo15DigitsAddUp) {
  Import("numeric(12,2)",
         "(SELECT (random() * 1000000000)::numeric(12,2) - 300000000 FROM generate_series(1, 5000)) AS s(x)");
  EXPECT_EQ(cluster_->Value("SELECT sum(x) FROM t"), binary_.Value("SELECT printf('%.2f', sum(x)) FROM t"));
  ExpectSaysTheSame("SELECT count(*) FROM t WHERE x > 100000000.5 AND x <= 200000000.25");
  ExpectSaysTheSame("SELECT count(DISTINCT x), min(n) FROM t WHERE x BETWEEN -300000000 AND 0");
  ExpectSaysTheSame("SELECT n FROM t ORDER BY x, n");
}

TEST_F(NumbersTest, WholeNumericsAddUpToTheLastDigit) {
  Import("numeric(18,0)", "generate_series(900000000000000000, 900000000000000007) AS s(x)");
  ExpectSaysTheSame("SELECT n, x + 1, x - 899999999999999999, x % 7 FROM t ORDER BY n");
}

// A key of another table, with trailing zeros or without, finds its number.
TEST_F(NumbersTest, NumericsOfOtherScalesAreEqual) {
  cluster_->Exec(
      "CREATE TABLE a (n int, x numeric(12,4)); CREATE TABLE b (n int, x numeric);"
      "INSERT INTO a VALUES (1, 0.1), (2, 1200), (3, -7.25), (4, 99999999.9999), (5, 'NaN');"
      "INSERT INTO b VALUES (1, 0.10), (2, 1200.0), (3, -7.250000), (4, 99999999.9999), (5, 'NaN')");
  ImportTable(&binary_, cluster_->conninfo(), "a");
  ImportTable(&binary_, cluster_->conninfo(), "b");
  ExpectSaysTheSame("SELECT a.n FROM a JOIN b ON a.x = b.x ORDER BY 1");
}

TEST_F(NumbersTest, LongNumericsCountAsTheNearestNumber) {
  Import("numeric", "(VALUES ('12345678901234567890.12'), ('0.12345678901234567890')) AS s(x)");
  EXPECT_EQ(binary_.Query("SELECT x, x + 0, CAST(x AS REAL) > 0.1 FROM t ORDER BY n"),
            (lab::Rows{{"12345678901234567890.12", "1.23456789012346e+19", "1"},
                       {"0.12345678901234567890", "0.123456789012346", "1"}}));
}

TEST_F(NumbersTest, DoublesAddUpBitForBit) {
  Import("double precision", "(SELECT (random() - 0.5) * 10 ^ (i % 30 - 15) FROM generate_series(1, 60) AS i) AS s(x)");
  cluster_->Exec(
      "DROP TABLE IF EXISTS u; CREATE TABLE u AS SELECT l.x + r.x AS plus, l.x * r.x AS times, "
      "l.x / r.x AS over FROM t l, t r ORDER BY l.n, r.n");
  ImportTable(&binary_, cluster_->conninfo(), "u");
  EXPECT_EQ(Shown(&binary_, "SELECT * FROM u ORDER BY rowid"),
            Shown(&binary_, "SELECT l.x + r.x, l.x * r.x, l.x / r.x FROM t l, t r ORDER BY l.n, r.n"));
}

// In each year of four digits. (SQLite's own functions round to milliseconds.)
TEST_F(NumbersTest, MomentsAreReadAsTheServerReadsThem) {
  for (const std::string type : {"timestamptz", "timestamp"}) {
    Import(type,
           "(SELECT '0001-01-01 00:00:00+00'::timestamptz AT TIME ZONE 'UTC' + i * interval '1 year' + i * interval "
           "'31:17:11.123' FROM generate_series(0, 9960) AS i UNION ALL VALUES ('9999-12-31 23:59:59'::timestamp), "
           "('0001-01-01'), ('1969-12-31 23:59:59'), ('2024-02-29 12:00')) AS s(x)");
    EXPECT_EQ(cluster_->Query("SELECT n, floor(extract(epoch FROM x))::int8 FROM t ORDER BY n"),
              binary_.Query("SELECT n, unixepoch(x) FROM t ORDER BY n"))
        << type;
  }
}

// A STRICT table has no place for the text NaN in a REAL column, and numeric needs three storage classes.
TEST_F(NumbersTest, StrictTablesTakeThemAll) {
  for (const std::string type : {"numeric", "real", "double precision"}) {
    const bool infinite = type != "numeric" || cluster_->Version() >= 14;
    Import(type, absl::StrCat("(VALUES ('NaN'), ", infinite ? "('Infinity'), ('-Infinity'), " : "",
                              "('0.5'), ('7'), ('-0'), ('12345678901234567')) AS s(x)"));
    const lab::Rows plain = Shown(&binary_, "SELECT n, x FROM t WHERE x <> 0 ORDER BY n");
    ImportTable(&binary_, cluster_->conninfo(), "t", R"({"strict":true})");
    EXPECT_EQ(Shown(&binary_, "SELECT n, x FROM t WHERE x <> 0 ORDER BY n"), plain) << type;
  }
}

// SQLite itself turns numbers on their way into a column that the user has declared otherwise; which digits stay then
// is SQLite's rule (its documentation, Datatypes, section 3). A column without a type keeps them all.
TEST_F(NumbersTest, ColumnsOfTheUsersKeepWhatTheirTypesHold) {
  cluster_->Exec(
      "DROP TABLE IF EXISTS t; CREATE TABLE t (n int, x numeric, y numeric, z numeric);"
      "INSERT INTO t VALUES (1, 12345678901234567890.12, 12345678901234567890.12, 12345678901234567890.12), "
      "(2, 1.5, 1.5, 1.50)");
  binary_.Exec(absl::StrCat("CREATE TABLE t (n, x DECIMAL(30,2), y TEXT, z); SELECT pg_import(",
                            lab::Literal(cluster_->conninfo()), ", 't', 't')"));
  EXPECT_EQ(
      Shown(&binary_, "SELECT y, z FROM t ORDER BY n"),
      (lab::Rows{{"text 12345678901234567890.12", "text 12345678901234567890.12"}, {"text 1.5", "real 0x1.8p+0"}}));
  EXPECT_EQ(binary_.Query("SELECT x, typeof(x) FROM t ORDER BY n"),
            (lab::Rows{{"1.23456789012346e+19", "real"}, {"1.5", "real"}}));
}

}  // namespace
}  // namespace deltamirror
