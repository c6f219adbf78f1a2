// Values of 200 MB: they come whole, by each way. A value of that size is a row of that size, a message, a line;
// nothing here may have a limit below SQLite's own (1,000,000,000 bytes) and PostgreSQL's (1 GB a message, and bytea is
// sent as twice as many hexadecimal digits).

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/types/ways.h"

namespace deltamirror {
namespace {

int Megabytes() {
  const char* text = std::getenv("DELTAMIRROR_MEGABYTES");
  return text == nullptr ? 24 : std::atoi(text);
}

// What kind and how long, and how they end.
constexpr char kEnds[] =
    "SELECT id, typeof(x), length(x), substr(x, -9), typeof(y), length(y), hex(substr(y, -9)) FROM t";

TEST(LargeValuesTest, ComeWholeByEachWay) {
  lab::Cluster cluster;
  Stream flood(cluster.conninfo(), "deltaflood");
  Stream out(cluster.conninfo(), "pgoutput");
  cluster.Exec("CREATE TABLE t (id int PRIMARY KEY, x text, y bytea)");
  flood.Bootstrap("t");
  out.Bootstrap("t");
  // Tabs and backslashes, so that the escaped line is longer than the value.
  cluster.Exec(absl::StrCat("INSERT INTO t VALUES (1, repeat(E'\\t234567\\\\', ", Megabytes() << 17,
                            "), NULL), (2, NULL, decode(repeat('00ff095c0a313233', ", Megabytes() << 17, "), 'hex'))"));
  lab::Host imported;
  ImportTable(&imported, cluster.conninfo(), "t");
  const std::string length = absl::StrCat(Megabytes() << 20);
  EXPECT_EQ(imported.Query(kEnds), (lab::Rows{{"1", "text", length, "\\\t234567\\", "null", "NULL", ""},
                                              {"2", "null", "NULL", "NULL", "blob", length, "3300FF095C0A313233"}}));
  lab::Host text;
  CopyTextTable(&text, cluster.conninfo(), "t");
  EXPECT_EQ(text.Query(kEnds), imported.Query(kEnds));
  for (Stream* stream : {&flood, &out}) {
    stream->CatchUp();
    EXPECT_EQ(stream->host.Query(kEnds), imported.Query(kEnds)) << stream->plugin();
    EXPECT_TRUE(Shown(&stream->host, "SELECT * FROM t ORDER BY id") == Shown(&imported, "SELECT * FROM t ORDER BY id"))
        << stream->plugin();
  }
}

}  // namespace
}  // namespace deltamirror
