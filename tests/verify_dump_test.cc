// deltamirror_verify against a full dump of both sides, which shares no code with it: they find the same.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/dump_compare.h"
#include "tests/lab/host.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

constexpr char kTables[] = R"(
  CREATE TYPE mood AS ENUM ('fine', 'sad'); CREATE DOMAIN code AS char(4);
  CREATE TABLE t (id int PRIMARY KEY, i8 bigint, b bool, r4 real, r8 double precision, n numeric, s text, c code,
    m mood, y bytea, d date, ts timestamp, tz timestamptz, u uuid, j jsonb, a int[], ip inet, iv interval);
  INSERT INTO t SELECT i, i * 1000000007::bigint, i % 2 = 0, i / 3.0, i / 7.0::float8, i / 13.0, nullif('x' || i % 5, 'x3'), 'ab',
    CASE WHEN i % 3 = 0 THEN 'sad' ELSE 'fine' END::mood, decode(md5(i::text), 'hex'), date '2026-01-01' + i,
    timestamp '2026-01-01' + i * interval '1.5 s', timestamptz '2026-01-01 00:00+02' + i * interval '1 h',
    md5(i::text)::uuid, jsonb_build_object('i', i), ARRAY[i, NULL], '10.0.0.1'::inet + i, i * interval '1 day 2 h'
    FROM generate_series(1, 500) i;
  INSERT INTO t (id, r4, r8, n, tz) VALUES (-1, 'NaN', 'Infinity', 'NaN', 'infinity'), (-2, '-Infinity', -0.0, 1200.00,
    '0044-03-15 12:00:00+00 BC'), (-3, 1e-30, 1e300, 123456789012345678901234567890.12345, '-infinity'), (-4, 0.1, 0.1,
    -0.1000, NULL);
  CREATE TABLE k (a int, s text); ALTER TABLE k REPLICA IDENTITY FULL;
  INSERT INTO k SELECT i % 7, nullif('v' || i % 3, 'v2') FROM generate_series(1, 200) i)";

class VerifyDumpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    lab_.cluster.Exec(kTables);
    lab_.Begin();
    lab_.Bootstrap("t,k");
  }
  lab::Rows Verify(const std::string& table) {
    return lab_.host.Query(
        absl::StrCat("SELECT equal, source_rows, mirror_rows, differing FROM deltamirror_verify('m', ",
                     lab::Literal(lab_.cluster.conninfo()), ", '{\"tables\":\"", table, "\"}')"));
  }
  // Both find the same, however they come to it. Returns the number of rows that differ.
  int64_t ExpectAgreement(const std::string& table, bool has_key) {
    const lab::DumpDifference dump = lab::CompareDumps(lab_.cluster, lab_.host, table);
    // A changed row is missing with its old values and extra with its new ones.
    int64_t differing = static_cast<int64_t>(dump.missing.size() + dump.extra.size());
    if (has_key) {
      std::map<std::string, int> keys;
      for (const std::string& row : dump.missing) ++keys[row.substr(0, row.find(" | "))];
      for (const std::string& row : dump.extra) ++keys[row.substr(0, row.find(" | "))];
      differing = static_cast<int64_t>(keys.size());
    }
    EXPECT_EQ(Verify(table),
              (lab::Rows{{differing == 0 ? "1" : "0", lab_.cluster.Value(absl::StrCat("SELECT count(*) FROM ", table)),
                          lab_.host.Value(absl::StrCat("SELECT count(*) FROM ", table)), absl::StrCat(differing)}}))
        << dump.Text();
    return differing;
  }

  lab::MirrorLab lab_;
};

TEST_F(VerifyDumpTest, EveryTypeIsEqualAfterTheCopyAndAfterTheStream) {
  EXPECT_EQ(lab::CompareDumps(lab_.cluster, lab_.host, "t").Text(), "");
  EXPECT_EQ(ExpectAgreement("t", true), 0);
  lab_.cluster.Exec(
      "UPDATE t SET s = coalesce(s, '') || 'y', id = id + 1000; DELETE FROM k WHERE ctid < '(0,20)'; "
      "UPDATE k SET s = NULL WHERE a = 1");
  lab_.CatchUp();
  EXPECT_EQ(lab::CompareDumps(lab_.cluster, lab_.host, "t").Text(), "");
  EXPECT_EQ(lab::CompareDumps(lab_.cluster, lab_.host, "k").Text(), "");
  EXPECT_EQ(ExpectAgreement("t", true), 0);
  EXPECT_EQ(ExpectAgreement("k", false), 0);
}

TEST_F(VerifyDumpTest, BothFindTheSamePlantedDifferences) {
  const std::vector<std::string> columns = {"i8", "b",  "r4", "r8", "n", "s", "c",  "m", "y",
                                            "d",  "ts", "tz", "u",  "j", "a", "ip", "iv"};
  const std::vector<std::string> values = {"NULL", "''",    "0",    "1",     "'1'",
                                           "1.0",  "x'31'", "'x1'", "1e300", "zeroblob(0)"};
  std::mt19937 random(4711);
  const auto any = [&random](const std::vector<std::string>& list) { return list[random() % list.size()]; };
  int64_t found = 0;
  for (int round = 0; round < 25; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    lab_.host.Exec("BEGIN");
    for (int i = static_cast<int>(random() % 4); i > 0; --i) {
      const int id = static_cast<int>(random() % 500) + 1;
      lab_.host.Exec(absl::StrCat("UPDATE OR IGNORE t SET ", any(columns), " = ", any(values), " WHERE id = ", id));
    }
    if (random() % 3 == 0) lab_.host.Exec(absl::StrCat("DELETE FROM t WHERE id = ", random() % 500));
    if (random() % 3 == 0) lab_.host.Exec(absl::StrCat("INSERT OR IGNORE INTO t (id) VALUES (", random() % 1000, ")"));
    if (random() % 2 == 0) {
      lab_.host.Exec(absl::StrCat("UPDATE k SET s = ", any(values), " WHERE rowid = ", 1 + random() % 200));
    }
    if (random() % 3 == 0) lab_.host.Exec("INSERT INTO k SELECT * FROM k ORDER BY rowid LIMIT 1");
    lab_.host.Exec("COMMIT");
    found += ExpectAgreement("t", true) + ExpectAgreement("k", false);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(found, 10);
}

}  // namespace
}  // namespace deltamirror
