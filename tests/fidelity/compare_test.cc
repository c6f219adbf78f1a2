// That the comparison of the other tests here sees what differs.

#include "tests/fidelity/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"

namespace deltamirror::fidelity {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class CompareTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster_ = new lab::Cluster;
    cluster_->Exec(
        "CREATE TABLE t (i int NOT NULL, b bool, f float8, n numeric, x text, y bytea, z timestamptz, PRIMARY KEY (i, "
        "x)); INSERT INTO t VALUES (5, true, 1.5, 1.50, '5', '\\x00', '2026-08-01 12:00+00')");
    connection_ = PQconnectdb(cluster_->conninfo().c_str());
  }
  static void TearDownTestSuite() {
    PQfinish(connection_);
    delete cluster_;
  }

  // What differs from a table of these columns with this row.
  std::vector<std::string> Against(const std::string& columns, const std::string& row) {
    host_.Exec(
        absl::StrCat("DROP TABLE IF EXISTS t; CREATE TABLE t (", columns, "); INSERT INTO t VALUES (", row, ")"));
    return Differences(connection_, host_.db(), "t", "t");
  }

  static constexpr char kColumns[] =
      "i INTEGER NOT NULL, b INTEGER, f REAL, n, x TEXT NOT NULL, y BLOB, z TEXT, PRIMARY KEY (i, x)";
  static constexpr char kRow[] = "5, 1, 1.5, 1.5, '5', x'00', '2026-08-01 12:00:00+00:00'";

  static inline lab::Cluster* cluster_ = nullptr;
  static inline PGconn* connection_ = nullptr;
  lab::Host host_;
};

TEST_F(CompareTest, FindsNothingInWhatIsEqual) {
  EXPECT_THAT(Against(kColumns, kRow), IsEmpty());
}

TEST_F(CompareTest, SeesTheStorageClass) {
  for (const std::string row : {"5, 't', 1.5, 1.5, '5', x'00', '2026-08-01 12:00:00+00:00'",
                                "5, 1, 'NaN', 1.5, '5', x'00', '2026-08-01 12:00:00+00:00'",
                                "5, 1, 1.5, '1.5', '5', x'00', '2026-08-01 12:00:00+00:00'",
                                "5, 1, 1.5, '1.50', '5', x'00', '2026-08-01 12:00:00+00:00'",
                                "5, 1, 1.5, 1.5, x'35', x'00', '2026-08-01 12:00:00+00:00'",
                                "5, 1, 1.5, 1.5, '5', '\\x00', '2026-08-01 12:00:00+00:00'",
                                "5, 1, 1.5, 1.5, '5', x'00', '2026-08-01 12:00:00+00'",
                                "5, 1, 1.5, 1.5, '5', x'00', NULL", "5, 1, 1.5, 1.5, '5', x'00', 'NULL'"}) {
    EXPECT_THAT(Against(kColumns, row),
                ElementsAre(StartsWith("1 rows are 1"), StartsWith("missing: "), StartsWith("too many: ")))
        << row;
  }
}

// Where the declared type does not make them the same.
TEST_F(CompareTest, SeesTextForANumber) {
  cluster_->Exec("CREATE TABLE n (v numeric); INSERT INTO n VALUES (5)");
  host_.Exec("CREATE TABLE n (v); INSERT INTO n VALUES (5)");
  EXPECT_THAT(Differences(connection_, host_.db(), "n", "n"), IsEmpty());
  host_.Exec("UPDATE n SET v = '5'");
  EXPECT_THAT(Differences(connection_, host_.db(), "n", "n"),
              ElementsAre(StartsWith("1 rows are 1"), "missing: integer 5", "too many: text 5"));
}

TEST_F(CompareTest, SeesTheDeclaredType) {
  EXPECT_THAT(
      Against("i TEXT NOT NULL, b INTEGER, f REAL, n, x TEXT NOT NULL, y BLOB, z TEXT, PRIMARY KEY (i, x)", kRow),
      ElementsAre(HasSubstr("i INTEGER,n ,x TEXT")));
  EXPECT_THAT(
      Against("i INTEGER NOT NULL, b INTEGER, f REAL, n NUMERIC, x TEXT NOT NULL, y BLOB, z TEXT, PRIMARY KEY (i, x)",
              kRow),
      ElementsAre(HasSubstr("n NUMERIC")));
}

TEST_F(CompareTest, SeesNotNullAndTheKey) {
  EXPECT_THAT(
      Against("i INTEGER NOT NULL, b INTEGER, f REAL NOT NULL, n, x TEXT NOT NULL, y BLOB, z TEXT, PRIMARY KEY (i, x)",
              kRow),
      ElementsAre("column f is NOT NULL"));
  EXPECT_THAT(
      Against("i INTEGER NOT NULL, b INTEGER, f REAL, n, x TEXT NOT NULL, y BLOB, z TEXT, PRIMARY KEY (x, i)", kRow),
      ElementsAre("key i,x is x,i"));
}

TEST_F(CompareTest, SeesRowsThatAreMissingOrTwice) {
  Against(kColumns, kRow);
  host_.Exec("UPDATE t SET i = 6");
  EXPECT_THAT(Differences(connection_, host_.db(), "t", "t"), Contains(HasSubstr("|integer 6|")));
  host_.Exec("DELETE FROM t");
  EXPECT_THAT(Differences(connection_, host_.db(), "t", "t"), Contains(StartsWith("1 rows are 0")));
}

}  // namespace
}  // namespace deltamirror::fidelity
