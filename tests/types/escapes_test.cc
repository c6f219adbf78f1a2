// Text of every short length with a byte to escape at every place, and around the pieces in which it is copied: words
// of eight bytes, chunks of 16 KiB. It comes as it is, by each way.

#include <gtest/gtest.h>

#include <string>

#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/types/ways.h"

namespace deltamirror {
namespace {

constexpr char kShort[] =
    "INSERT INTO t SELECT 10000 + row_number() OVER (), left(digits, place) || byte || right(digits, len - place) "
    "FROM generate_series(0, 26) AS len, repeat(left('0123456789abcdef', len), 2) AS doubled, left(doubled, len) AS "
    "digits, "
    "generate_series(0, len) AS place, unnest(ARRAY['', E'\\t', E'\\n', E'\\\\', E'\\t\\n\\\\', 'é', '\\N']) AS byte";

constexpr char kLong[] =
    "INSERT INTO t SELECT 20000 + row_number() OVER (), repeat('x', place) || byte || repeat('y', after) "
    "FROM generate_series(16370, 16400) AS place, unnest(ARRAY['', E'\\t', E'\\n', E'\\\\']) AS byte, "
    "unnest(ARRAY[0, 3, 9, 16384]) AS after";

constexpr char kAll[] = "SELECT n, s FROM t ORDER BY n";

TEST(EscapesTest, TextOfEveryLengthComesAsItIs) {
  lab::Cluster cluster;
  Stream flood(cluster.conninfo(), "deltaflood");
  Stream out(cluster.conninfo(), "pgoutput");
  cluster.Exec("CREATE TABLE t (n int PRIMARY KEY, s text)");
  flood.Bootstrap("t");
  out.Bootstrap("t");
  cluster.Exec(kShort);
  cluster.Exec(kLong);
  // And as part of what identifies a row, and as old values.
  cluster.Exec("ALTER TABLE t REPLICA IDENTITY FULL; UPDATE t SET s = s || E'\\\\' WHERE n % 3 = 0");
  cluster.Exec("DELETE FROM t WHERE n % 7 = 0");
  lab::Host imported;
  ImportTable(&imported, cluster.conninfo(), "t");
  ExpectTextGivesTheSame(&imported, cluster.conninfo(), "t", /*least_rows=*/2500);
  for (Stream* stream : {&flood, &out}) {
    stream->CatchUp();
    EXPECT_TRUE(Shown(&stream->host, kAll) == Shown(&imported, kAll)) << stream->plugin();
  }
}

}  // namespace
}  // namespace deltamirror
