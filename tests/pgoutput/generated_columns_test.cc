// Generated columns through pgoutput: which of them come, and what is noticed when that changes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/mirror_lab.h"

namespace deltamirror {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kTable[] =
    "CREATE TABLE t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 10) STORED, b text);"
    "INSERT INTO t (id, b) VALUES (1, 'x'), (2, 'y');";

class GeneratedColumnsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete cluster_; }

  // `publication`: what follows its name; empty: through deltaflood.
  void Begin(const std::string& setup, const std::string& publication) {
    lab_.cluster.Exec(absl::StrCat(setup, publication.empty() ? "" : ";CREATE PUBLICATION pub ", publication));
    lab_.Begin(publication.empty() ? R"({"plugin":"deltaflood"})" : R"({"plugin":"pgoutput","publication":"pub"})");
    lab_.Bootstrap("t");
  }

  void ExpectVerified() {
    EXPECT_EQ(lab_.host.Query(absl::StrCat("SELECT \"table\", details FROM deltamirror_verify('m', ",
                                           lab::Literal(lab_.cluster.conninfo()), ") WHERE NOT equal")),
              lab::Rows());
  }

  void ExpectEqual(const std::string& columns) {
    lab_.CatchUp();
    lab_.ExpectEqual("t", columns);
    ExpectVerified();
  }

  // The mirror stops because of that, and the copy that it asks for mends it.
  void ExpectStop(const std::string& reason) {
    lab_.Stream();
    EXPECT_THAT(lab_.host.Error("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')"),
                AllOf(HasSubstr(reason), HasSubstr("Bootstrap the table again")));
    lab_.Bootstrap("t", R"({"again":true})");
  }

  std::string Columns() { return lab_.host.Value("SELECT group_concat(name) FROM pragma_table_info('t')"); }

  static inline lab::Cluster* cluster_ = nullptr;
  lab::MirrorLab lab_{cluster_};
};

TEST_F(GeneratedColumnsTest, StayAwayWhereTheyAreNotPublished) {
  Begin(kTable, "FOR TABLE t");
  lab_.cluster.Exec("INSERT INTO t VALUES (3, DEFAULT, 'z'); UPDATE t SET b = 'new' WHERE id = 1");
  ExpectEqual("id, b");
  lab_.cluster.Exec("ALTER TABLE t DROP g; INSERT INTO t VALUES (4, 'four')");
  ExpectEqual("id, b");
  EXPECT_EQ(Columns(), "id,b");
}

// The column had values all the time, and the stream begins to bring those of new rows.
TEST_F(GeneratedColumnsTest, OneThatBecomesAnOrdinaryOneStopsTheMirror) {
  Begin(kTable, "FOR TABLE t");
  lab_.cluster.Exec("INSERT INTO t VALUES (3, DEFAULT, 'z')");
  ExpectEqual("id, b");
  lab_.cluster.Exec("ALTER TABLE t ALTER g DROP EXPRESSION; INSERT INTO t VALUES (4, 7, 'four')");
  ExpectStop("DROP EXPRESSION");
  lab_.cluster.Exec("UPDATE t SET g = 5 WHERE id = 1");
  ExpectEqual("id, g, b");
}

TEST_F(GeneratedColumnsTest, AKeyOfOneThatIsNotPublishedIsRefused) {
  lab_.cluster.Exec(
      "CREATE TABLE t (id int, g int GENERATED ALWAYS AS (id * 10) STORED, PRIMARY KEY (id, g));"
      "CREATE PUBLICATION pub FOR TABLE t");
  lab_.Begin(R"({"plugin":"pgoutput","publication":"pub"})");
  EXPECT_THAT(lab_.host.Error(lab_.BootstrapSql("t")),
              HasSubstr("cannot mirror table \"t\": column \"g\" is generated, which pgoutput leaves out, and part of "
                        "the replica identity"));
}

TEST_F(GeneratedColumnsTest, ThatArePublishedAreMirrored) {
  LAB_NEEDS_VERSION(*cluster_, 18, "publish_generated_columns");
  Begin(kTable, "FOR TABLE t WITH (publish_generated_columns = stored)");
  EXPECT_EQ(Columns(), "id,g,b");
  lab_.cluster.Exec("INSERT INTO t VALUES (3, DEFAULT, 'z'); UPDATE t SET id = 20 WHERE id = 2");
  ExpectEqual("id, g, b");
  lab_.cluster.Exec("INSERT INTO t VALUES (5, DEFAULT, 'before'); ALTER TABLE t RENAME g TO ten");
  lab_.cluster.Exec("ALTER TABLE t RENAME b TO letter; INSERT INTO t VALUES (6, DEFAULT, 'after')");
  ExpectEqual("id, ten, letter");
  lab_.cluster.Exec("ALTER TABLE t ADD v int GENERATED ALWAYS AS (id * 2) VIRTUAL; INSERT INTO t VALUES (7)");
  ExpectEqual("id, ten, letter");
  lab_.cluster.Exec("ALTER TABLE t DROP v; ALTER TABLE t DROP ten; INSERT INTO t VALUES (8)");
  ExpectEqual("id, letter");
  EXPECT_EQ(Columns(), "id,letter");
}

// Old rows have got values, too, which are in no message.
TEST_F(GeneratedColumnsTest, OneThatComesLaterStopsTheMirror) {
  LAB_NEEDS_VERSION(*cluster_, 18, "publish_generated_columns");
  Begin(kTable, "FOR TABLE t WITH (publish_generated_columns = stored)");
  lab_.cluster.Exec("ALTER TABLE t ADD g2 text GENERATED ALWAYS AS (b || '!') STORED; INSERT INTO t VALUES (3)");
  ExpectStop("it may have been rewritten");
  lab_.cluster.Exec("INSERT INTO t VALUES (4, DEFAULT, 'w')");
  ExpectEqual("id, g, b, g2");
  lab_.cluster.Exec("ALTER TABLE t ALTER g DROP EXPRESSION; INSERT INTO t (id, g, b) VALUES (5, 1, 'v')");
  ExpectEqual("id, g, b, g2");
}

TEST_F(GeneratedColumnsTest, AColumnListMayNameThem) {
  LAB_NEEDS_VERSION(*cluster_, 18, "generated columns in column lists");
  Begin(kTable, "FOR TABLE t (id, g)");
  EXPECT_EQ(Columns(), "id,g");
  lab_.cluster.Exec("INSERT INTO t VALUES (3, DEFAULT, 'z'); UPDATE t SET id = 20 WHERE id = 2");
  ExpectEqual("id, g");
  lab_.cluster.Exec("ALTER PUBLICATION pub SET TABLE t (id, g, b); INSERT INTO t VALUES (4, DEFAULT, 'w')");
  ExpectStop("another column list");
  ExpectEqual("id, g, b");
}

TEST_F(GeneratedColumnsTest, APublicationThatChangesItsMindIsNoticed) {
  LAB_NEEDS_VERSION(*cluster_, 18, "publish_generated_columns");
  Begin(kTable, "FOR TABLE t");
  lab_.cluster.Exec("ALTER PUBLICATION pub SET (publish_generated_columns = stored); INSERT INTO t VALUES (3)");
  ExpectStop("a column that was there before and did not come");
  lab_.cluster.Exec("INSERT INTO t VALUES (4)");
  ExpectEqual("id, g, b");
  lab_.cluster.Exec("ALTER PUBLICATION pub SET (publish_generated_columns = none); INSERT INTO t VALUES (5)");
  ExpectEqual("id, b");
  EXPECT_EQ(Columns(), "id,b");
}

// From PostgreSQL 18 on, the server refuses updates and deletes where the old row lacks them.
TEST_F(GeneratedColumnsTest, APublicationOfOursHasThem) {
  lab_.cluster.Exec(absl::StrCat(kTable, "ALTER TABLE t REPLICA IDENTITY FULL"));
  lab_.Begin(R"({"plugin":"pgoutput"})");
  lab_.Bootstrap("t");
  const bool published = cluster_->Version() >= 18;
  EXPECT_EQ(Columns(), published ? "id,g,b" : "id,b");
  lab_.cluster.Exec("INSERT INTO t VALUES (3, DEFAULT, 'z'); UPDATE t SET id = 20 WHERE id = 2");
  lab_.cluster.Exec("DELETE FROM t WHERE id = 1");
  ExpectEqual(published ? "id, g, b" : "id, b");
  if (!published) return;
  lab_.cluster.Exec("ALTER TABLE t ALTER g SET NOT NULL; CREATE UNIQUE INDEX by_g ON t (g)");
  lab_.cluster.Exec("ALTER TABLE t REPLICA IDENTITY USING INDEX by_g; UPDATE t SET id = 30 WHERE id = 3");
  ExpectEqual("id, g, b");
}

class VirtualColumnsTest : public GeneratedColumnsTest, public ::testing::WithParamInterface<std::string> {};

// Their values are stored nowhere.
TEST_P(VirtualColumnsTest, AreLeftOut) {
  LAB_NEEDS_VERSION(*cluster_, 18, "virtual generated columns");
  if (GetParam().empty()) LAB_NEEDS_DELTAFLOOD();
  Begin(
      "CREATE TABLE t (id int PRIMARY KEY, v int GENERATED ALWAYS AS (id * 10) VIRTUAL, b text);"
      "INSERT INTO t (id, b) VALUES (1, 'x')",
      GetParam());
  lab_.cluster.Exec("INSERT INTO t (id, b) VALUES (2, 'y'); ALTER TABLE t RENAME v TO w");
  lab_.cluster.Exec("ALTER TABLE t ADD x text GENERATED ALWAYS AS (b || '!') VIRTUAL");
  lab_.cluster.Exec("INSERT INTO t (id, b) VALUES (3, 'z'); UPDATE t SET id = 4 WHERE id = 1");
  ExpectEqual("id, b");
  lab_.cluster.Exec("ALTER TABLE t DROP w; DELETE FROM t WHERE id = 3");
  ExpectEqual("id, b");
  EXPECT_EQ(Columns(), "id,b");
}

std::string Name(const ::testing::TestParamInfo<std::string>& info) {
  static constexpr const char* kNames[] = {"deltaflood", "pgoutput", "publishing"};
  return kNames[info.index];
}

INSTANTIATE_TEST_SUITE_P(Plugins, VirtualColumnsTest,
                         ::testing::Values("", "FOR TABLE t", "FOR TABLE t WITH (publish_generated_columns = stored)"),
                         Name);

}  // namespace
}  // namespace deltamirror
