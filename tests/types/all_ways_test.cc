// Every type of the server, with the values of values.txt, alone and in domains, arrays, composite types and ranges, by
// each way from PostgreSQL to SQLite: the same value must come out, and it must be what docs/types.md says.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/types/expected.h"
#include "tests/types/printed.h"
#include "tests/types/type_values.h"
#include "tests/types/types_doc.h"
#include "tests/types/ways.h"

namespace deltamirror {
namespace {

// What all tests here look at: made once, because it takes a while.
struct World {
  World()
      : tables(&session, cluster.Version()),
        flood(cluster.conninfo(), "deltaflood"),
        out(cluster.conninfo(), "pgoutput") {
    flood.Bootstrap(tables.Names());
    out.Bootstrap(tables.Names());
    tables.Fill();
    flood.CatchUp();
    out.CatchUp();
    for (size_t type = 0; type < tables.types().size(); ++type) {
      ImportTable(&imported, cluster.conninfo(), TypeTables::Name(type));
    }
  }

  lab::Cluster cluster;
  lab::Session session{cluster};
  TypeTables tables;
  Stream flood;
  Stream out;
  lab::Host imported;
};

// A value of 131,072 digits tells no more than its first ones.
std::string Cut(const std::string& value) {
  return value.size() <= 200 ? value : absl::StrCat(value.substr(0, 200), "... (", value.size(), " bytes)");
}

void ExpectSame(const lab::Rows& expected, const lab::Rows& actual) {
  ASSERT_EQ(expected.size(), actual.size());
  for (size_t row = 0; row < expected.size(); ++row) {
    ASSERT_EQ(expected[row].size(), actual[row].size());
    for (size_t column = 0; column < expected[row].size(); ++column) {
      EXPECT_TRUE(expected[row][column] == actual[row][column])
          << "row " << row << ", column " << column << ": expected " << Cut(expected[row][column]) << "\n     got "
          << Cut(actual[row][column]);
    }
  }
}

class AllWaysTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { world_ = new World(); }
  static void TearDownTestSuite() { delete world_; }

  static std::string All(size_t type) { return absl::StrCat("SELECT * FROM ", TypeTables::Name(type), " ORDER BY n"); }
  // The name that the document has for a type: its base type's, without modifiers.
  static std::string DocName(const std::string& type) {
    return world_->session.Value(absl::StrCat(
        "WITH RECURSIVE walk(id) AS (SELECT ", lab::Literal(type), "::regtype::oid UNION ALL SELECT t.typbasetype ",
        "FROM walk w JOIN pg_type t ON t.oid = w.id WHERE t.typtype = 'd') ",
        "SELECT format_type(id, NULL) FROM walk JOIN pg_type t ON t.oid = id WHERE t.typtype <> 'd'"));
  }

  static World* world_;
};

World* AllWaysTest::world_ = nullptr;

// Not arrays, which each type has; not the row types of the catalogs.
TEST_F(AllWaysTest, EveryTypeOfTheServerIsTestedAndDocumented) {
  std::map<std::string, bool> tested;
  for (const TypeValues& type : world_->tables.types()) tested[DocName(type.type)] = tested[type.type] = true;
  const std::map<std::string, TypeDoc> docs = ReadTypeDocs();
  for (const auto& row : world_->session.Query(
           "SELECT format_type(t.oid, NULL), typtype FROM pg_type t WHERE t.oid < 16384 AND typtype <> 'p' AND "
           "typrelid = 0 AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)")) {
    EXPECT_TRUE(tested[row[0]]) << "values.txt lacks type " << row[0];
    EXPECT_TRUE(row[1] == "d" || docs.count(row[0]) == 1) << "docs/types.md lacks type " << row[0];
  }
}

TEST_F(AllWaysTest, EachWayGivesTheSameValues) {
  lab::Host text;
  for (size_t type = 0; type < world_->tables.types().size(); ++type) {
    SCOPED_TRACE(world_->tables.types()[type].type);
    const lab::Rows imported = Shown(&world_->imported, All(type));
    EXPECT_EQ(imported.size(), world_->tables.types()[type].values.size() + 1);
    CopyTextTable(&text, world_->cluster.conninfo(), TypeTables::Name(type));
    for (lab::Host* host : {&text, &world_->flood.host, &world_->out.host}) {
      SCOPED_TRACE(host == &text ? "COPY text" : host == &world_->out.host ? "pgoutput" : "deltaflood");
      ExpectSame(imported, Shown(host, All(type)));
    }
  }
}

TEST_F(AllWaysTest, ValuesAreWhatTheServerPrintsAndTheDocumentSays) {
  const std::map<std::string, TypeDoc> docs = ReadTypeDocs();
  for (size_t type = 0; type < world_->tables.types().size(); ++type) {
    const std::string name = DocName(world_->tables.types()[type].type);
    SCOPED_TRACE(world_->tables.types()[type].type);
    const auto doc = docs.find(name);
    const auto printed = Printed(&world_->cluster, All(type));
    const lab::Rows stored = Shown(&world_->imported, All(type));
    ASSERT_EQ(printed.size(), stored.size());
    for (size_t row = 1; row < printed.size(); ++row) {
      for (size_t column = 1; column < printed[row].size(); ++column) {
        const std::string expected = Expected(column < 3 ? name : "text", printed[row][column]);
        EXPECT_TRUE(stored[row][column] == expected) << "row " << row << ", column " << column << ": expected "
                                                     << Cut(expected) << "\n     got " << Cut(stored[row][column]);
      }
      if (doc == docs.end()) continue;
      const std::string storage = stored[row][1].substr(0, stored[row][1].find(' '));
      EXPECT_THAT(doc->second.stored, ::testing::Contains(storage)) << "docs/types.md of " << name;
    }
    if (doc == docs.end()) continue;
    const lab::Rows declared = world_->imported.Query(
        absl::StrCat("SELECT type FROM pragma_table_info('", TypeTables::Name(type), "') WHERE name IN ('x', 'd')"));
    EXPECT_EQ(declared, lab::Rows(2, {doc->second.declared})) << "docs/types.md of " << name;
  }
}

TEST_F(AllWaysTest, ExamplesOfTheDocumentAreTrue) {
  LAB_NEEDS_VERSION(world_->cluster, 15, "infinite numerics, and \"char\" in octal");
  for (const ExampleDoc& example : ReadExampleDocs()) {
    world_->session.Exec(absl::StrCat("DROP TABLE IF EXISTS example; CREATE TABLE example AS SELECT ",
                                      lab::Literal(example.printed), "::", example.type, " AS x"));
    EXPECT_EQ(Printed(&world_->cluster, "SELECT x FROM example")[0][0], example.printed) << example.type;
    ImportTable(&world_->imported, world_->cluster.conninfo(), "example");
    EXPECT_EQ(world_->imported.Query("SELECT typeof(x), iif(typeof(x) = 'blob', quote(x), x) FROM example"),
              (lab::Rows{{example.storage, example.stored}}))
        << example.type << " " << example.printed;
  }
}

// Pairs of values that docs/types.md says compare alike in both: by order, or at least by equality.
std::string ComparisonSql(size_t type, bool order, const std::string& collate, const std::string& limit) {
  return absl::StrReplaceAll(
      absl::StrCat("SELECT l.n, r.n, CASE WHEN l.x$C = r.x$C THEN '=' ", order ? "WHEN l.x$C < r.x$C THEN '<' " : "",
                   "END FROM $T l, $T r WHERE l.n > 0 AND r.n > 0 AND l.$L AND r.$L ORDER BY 1, 2"),
      {{"$C", collate}, {"$T", TypeTables::Name(type)}, {"$L", limit}});
}

TEST_F(AllWaysTest, ValuesCompareAsTheDocumentSays) {
  const std::map<std::string, TypeDoc> docs = ReadTypeDocs();
  for (size_t type = 0; type < world_->tables.types().size(); ++type) {
    const std::string name = DocName(world_->tables.types()[type].type);
    const auto doc = docs.find(name);
    if (doc == docs.end() || doc->second.compares == "no") continue;
    SCOPED_TRACE(world_->tables.types()[type].type);
    const std::string collate = world_->session.Value(
        absl::StrCat("SELECT CASE WHEN typcollation > 0 THEN ' COLLATE \"C\"' ELSE '' END FROM pg_type WHERE oid = ",
                     lab::Literal(name), "::regtype"));
    // The numbers of the values that the document's words on the type are about.
    std::string within = name == "numeric" ? "typeof(x) <> 'text' OR x = 'NaN'" : "true";
    if (doc->second.compares == "order" && (name == "date" || absl::StartsWith(name, "timestamp"))) {
      within = "x LIKE '%infinity' OR x LIKE '____-%' AND x NOT LIKE '% BC'";
    }
    const std::string limit = absl::StrCat(
        "n IN (",
        world_->imported.Value(absl::StrCat("SELECT group_concat(n) FROM ", TypeTables::Name(type), " WHERE ", within)),
        ")");
    const bool order = doc->second.compares == "order";
    EXPECT_EQ(world_->session.Query(ComparisonSql(type, order, collate, limit)),
              world_->imported.Query(ComparisonSql(type, order, "", limit)));
  }
}

// pg_export brings each value back: nothing of it was lost.
TEST_F(AllWaysTest, ValuesComeBackAsTheyWere) {
  for (size_t type = 0; type < world_->tables.types().size(); ++type) {
    const std::string name = world_->tables.types()[type].type;
    // The server does not read what it prints of these.
    if (absl::StartsWith(name, "pg_") && !absl::StartsWith(name, "pg_lsn") && name != "pg_snapshot") continue;
    SCOPED_TRACE(name);
    const std::string table = TypeTables::Name(type);
    world_->session.Exec(absl::StrCat("CREATE TABLE back (LIKE ", table, ")"));
    world_->imported.Exec(absl::StrCat("SELECT pg_export(", lab::Literal(world_->cluster.conninfo()),
                                       ", 'SELECT * FROM ", table,
                                       name == "\"char\"" ? " WHERE typeof(x) = ''text''" : "", "', 'back')"));
    const std::string base = DocName(name);
    std::string differs = "false";
    for (const auto& column :
         world_->session.Query("SELECT attname FROM pg_attribute WHERE attrelid = 'back'::regclass AND attnum > 1")) {
      // Trailing zeros of a numeric, and the sign of a float's 0, do not come back.
      const bool number = base == "numeric" || base == "real" || base == "double precision";
      absl::StrAppend(&differs, absl::StrReplaceAll(number && (column[0] == "x" || column[0] == "d")
                                                        ? " OR t.\"$C\" IS DISTINCT FROM u.\"$C\""
                                                        : " OR format('%s', t.\"$C\") <> format('%s', u.\"$C\")",
                                                    {{"$C", column[0]}}));
    }
    EXPECT_EQ(world_->session.Query(absl::StrCat("SELECT left(t::text, 200), left(u::text, 200) FROM ", table,
                                                 " t JOIN back u USING (n) WHERE ", differs)),
              lab::Rows());
    world_->session.Exec("DROP TABLE back");
  }
}

// Without a key, a row is found by all of its values.
TEST_F(AllWaysTest, RowsAreFoundByTheirValues) {
  for (size_t type = 0; type < world_->tables.types().size(); ++type) {
    const std::string table = TypeTables::Name(type);
    world_->session.Exec(absl::StrCat("UPDATE ", table, " SET n = n + 1000; DELETE FROM ", table, " WHERE n % 3 = 1"));
  }
  for (Stream* stream : {&world_->flood, &world_->out}) stream->CatchUp();
  for (size_t type = 0; type < world_->tables.types().size(); ++type) {
    SCOPED_TRACE(world_->tables.types()[type].type);
    ImportTable(&world_->imported, world_->cluster.conninfo(), TypeTables::Name(type));
    const lab::Rows imported = Shown(&world_->imported, All(type));
    ExpectSame(imported, Shown(&world_->flood.host, All(type)));
    ExpectSame(imported, Shown(&world_->out.host, All(type)));
  }
}

}  // namespace
}  // namespace deltamirror
