// Dates and times by the thousand: what the binary form becomes is what PostgreSQL prints.

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/types/ways.h"

namespace deltamirror {
namespace {

class DatesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster(); }
  static void TearDownTestSuite() { delete cluster_; }

  // A query's rows, once by pg_import and once by what decodes a stream's texts.
  void Same(const std::string& query) {
    cluster_->Exec(absl::StrCat("DROP TABLE IF EXISTS t; CREATE TABLE t AS ", query));
    ImportTable(&binary_, cluster_->conninfo(), "t");
    ExpectTextGivesTheSame(&binary_, cluster_->conninfo(), "t", /*least_rows=*/20001);
  }

  static lab::Cluster* cluster_;
  lab::Host binary_;
};

lab::Cluster* DatesTest::cluster_ = nullptr;

// Around the ends of centuries, where it is that a leap day may be left out.
TEST_F(DatesTest, EveryDayAroundTheEndOfEveryCentury) {
  Same(
      "SELECT row_number() OVER () AS n, date '2000-01-01' + (century * 146097 / 4 + day) AS d "
      "FROM generate_series(-67, 110) AS century, generate_series(-1, 400) AS day");
}

TEST_F(DatesTest, DaysOfAllYears) {
  Same("SELECT i AS n, date '2000-01-01' + i * 99991 AS d FROM generate_series(-24, 21450) AS i");
}

TEST_F(DatesTest, AnyMicrosecond) {
  Same(
      "SELECT i AS n, timestamp '2000-01-01' + i * interval '97 days 01:01:01.010101' AS t, "
      "timestamptz '2000-01-01 00:00+00' + i * interval '1234567.000001 s' AS z, "
      "time '00:00' + i * interval '00:00:04.100010' AS clock, "
      "timestamp '1999-12-31 23:59:59.5' + i * interval '50 microseconds' AS around "
      "FROM generate_series(-10100, 20000) AS i");
}

}  // namespace
}  // namespace deltamirror
