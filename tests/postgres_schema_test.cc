#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "postgres/schema.h"
#include "tests/lab/cluster.h"

namespace deltamirror::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using types::Identity;
using types::TableList;

// One server for all: no test changes what another one reads.
class SchemaTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster_ = new lab::Cluster;
    cluster_->Exec(R"(
      CREATE SCHEMA ops; CREATE SCHEMA "Odd, ""name"; CREATE SCHEMA deltamirror; CREATE SCHEMA hollow;
      CREATE DOMAIN code AS varchar(3); CREATE DOMAIN airport AS code CHECK (length(value) = 3);
      CREATE TABLE flights (dropped int, ident text NOT NULL, leg smallint, dep airport, via airport[],
        fare numeric(10,2) DEFAULT 7, doubled numeric GENERATED ALWAYS AS (fare * 2) STORED, PRIMARY KEY (leg, ident));
      ALTER TABLE flights DROP COLUMN dropped;
      INSERT INTO flights (ident, leg) VALUES ('LH1', 1);
      ALTER TABLE flights ADD COLUMN tags text[] DEFAULT '{"a,b",NULL}', ADD COLUMN spot box DEFAULT '((1,1),(0,0))',
        ADD COLUMN note text DEFAULT '';
      CREATE TABLE ops.crew (id bigint, name text NOT NULL, badge int UNIQUE NOT NULL);
      CREATE UNIQUE INDEX crew_name ON ops.crew (name) INCLUDE (id);
      ALTER TABLE ops.crew REPLICA IDENTITY USING INDEX crew_name;
      CREATE TABLE "Odd, ""name"."Table" ("a b" int PRIMARY KEY);
      CREATE TABLE deltamirror.own (a int PRIMARY KEY);
      CREATE TABLE keyless (a int); CREATE TABLE keyless_full (a int); ALTER TABLE keyless_full REPLICA IDENTITY FULL;
      CREATE TABLE silent (a int PRIMARY KEY); ALTER TABLE silent REPLICA IDENTITY NOTHING;
      CREATE TABLE deferred (a int PRIMARY KEY DEFERRABLE);
      CREATE TABLE lost_index (a int NOT NULL); CREATE UNIQUE INDEX li ON lost_index (a);
      ALTER TABLE lost_index REPLICA IDENTITY USING INDEX li; DROP INDEX li;
      CREATE VIEW seen AS SELECT 1; CREATE MATERIALIZED VIEW stored AS SELECT 1; CREATE SEQUENCE counter;
      CREATE UNLOGGED TABLE fast (a int PRIMARY KEY);
      CREATE TABLE hollow.nothing ();
      CREATE TABLE sqlite_stat (a int PRIMARY KEY);
      CREATE TABLE twins (a int PRIMARY KEY, "A" int);
      CREATE TABLE "Case" (a int PRIMARY KEY); CREATE TABLE "case" (a int PRIMARY KEY);
      CREATE TABLE "ops.crew" (a int PRIMARY KEY);
      CREATE TABLE legs (day date, id int, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
      CREATE TABLE legs_1 PARTITION OF legs FOR VALUES FROM ('2026-01-01') TO ('2026-02-01') PARTITION BY LIST (id);
      CREATE TABLE legs_1_1 PARTITION OF legs_1 FOR VALUES IN (1);
      CREATE TABLE part_bad (id int) PARTITION BY LIST (id); ALTER TABLE part_bad REPLICA IDENTITY FULL;
      CREATE TABLE part_bad_1 PARTITION OF part_bad FOR VALUES IN (1);
      CREATE TABLE parent (a int PRIMARY KEY); CREATE TABLE child () INHERITS (parent);
    )");
    absl::StatusOr<Connection> connection = Connection::Open(cluster_->conninfo(), {});
    ASSERT_TRUE(connection.ok()) << connection.status();
    connection_ = new Connection(*std::move(connection));
  }
  static void TearDownTestSuite() {
    delete connection_;
    delete cluster_;
  }

  absl::StatusOr<std::vector<CatalogTable>> Read(absl::string_view list) {
    absl::StatusOr<TableList> parsed = TableList::Parse(list);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    return ReadTables(*connection_, *parsed);
  }
  CatalogTable One(absl::string_view list) {
    absl::StatusOr<std::vector<CatalogTable>> tables = Read(list);
    EXPECT_TRUE(tables.ok() && tables->size() == 1) << tables.status();
    return tables.ok() && tables->size() == 1 ? tables->front() : CatalogTable();
  }
  std::string ReadError(absl::string_view list) { return std::string(Read(list).status().message()); }
  std::string MirrorError(absl::string_view list) {
    absl::StatusOr<std::vector<CatalogTable>> tables = Read(list);
    EXPECT_TRUE(tables.ok()) << tables.status();
    return std::string(CheckMirrorable(*tables).message());
  }

  static lab::Cluster* cluster_;
  static Connection* connection_;
};

lab::Cluster* SchemaTest::cluster_ = nullptr;
Connection* SchemaTest::connection_ = nullptr;

std::vector<std::string> Names(const std::vector<CatalogTable>& tables) {
  std::vector<std::string> names;
  for (const CatalogTable& table : tables) names.push_back(table.name());
  return names;
}

TEST_F(SchemaTest, ReadsTheShapeOfATable) {
  const types::Relation flights = One("flights").relation;
  EXPECT_EQ(flights.schema, "public");
  EXPECT_EQ(flights.table, "flights");
  EXPECT_EQ(absl::StrCat(flights.relid), cluster_->Value("SELECT 'flights'::regclass::oid"));
  EXPECT_EQ(flights.identity, Identity::kDefault);
  const types::Column expected[] = {
      {.name = "ident", .attnum = 2, .type = "text", .oid = 25, .pk = 2, .key = 2, .not_null = true},
      {.name = "leg", .attnum = 3, .type = "smallint", .oid = 21, .pk = 1, .key = 1, .not_null = true},
      {.name = "dep", .attnum = 4, .type = "airport", .oid = 1043},
      {.name = "via", .attnum = 5, .type = "airport[]", .oid = 0, .elem = 1043},
      {.name = "fare", .attnum = 6, .type = "numeric(10,2)", .oid = 1700},
      {.name = "doubled", .attnum = 7, .type = "numeric", .oid = 1700, .generated = "stored"},
      {.name = "tags", .attnum = 8, .type = "text[]", .oid = 1009, .elem = 25, .missing = "{\"a,b\",NULL}"},
      {.name = "spot", .attnum = 9, .type = "box", .oid = 603, .missing = "(1,1),(0,0)"},
      {.name = "note", .attnum = 10, .type = "text", .oid = 25, .missing = ""},
  };
  ASSERT_EQ(flights.columns.size(), std::size(expected));
  for (size_t i = 0; i < std::size(expected); ++i) {
    types::Column column = flights.columns[i];
    if (column.name == "via") column.oid = 0;  // it differs from server to server
    EXPECT_EQ(column, expected[i]) << expected[i].name;
  }
}

TEST_F(SchemaTest, ReadsTheReplicaIdentityOfAnIndex) {
  const types::Relation crew = One("ops.crew").relation;
  EXPECT_EQ(crew.identity, Identity::kIndex);
  ASSERT_EQ(crew.columns.size(), 3u);
  EXPECT_EQ(crew.columns[0].key, 0);  // only included
  EXPECT_EQ(crew.columns[1].key, 1);
  EXPECT_EQ(crew.columns[1].pk, 0);
}

TEST_F(SchemaTest, FullAndDeferrableHaveNoKey) {
  EXPECT_EQ(One("keyless_full").relation.identity, Identity::kFull);
  const types::Column deferred = One("deferred").relation.columns[0];
  EXPECT_EQ(deferred.pk, 1);
  EXPECT_EQ(deferred.key, 0);
}

TEST_F(SchemaTest, WildcardsTakeWhatForAllTablesTakes) {
  EXPECT_THAT(Names(*Read("ops.*,\"Odd, \"\"name\".*")), ElementsAre("Odd, \"name.Table", "ops.crew"));
  EXPECT_EQ(absl::StrJoin(Names(*Read("*")), " "),
            "Odd, \"name.Table hollow.nothing ops.crew Case case child deferred flights keyless keyless_full legs "
            "lost_index ops.crew parent part_bad silent sqlite_stat twins");
}

TEST_F(SchemaTest, ReadsPartitions) {
  const CatalogTable legs = One("legs");
  EXPECT_TRUE(legs.partitioned);
  EXPECT_TRUE(legs.is_root);
  ASSERT_EQ(legs.partitions.size(), 1u);
  EXPECT_EQ(legs.partitions[0].table, "legs_1_1");
  EXPECT_TRUE(legs.partitions[0].has_key);
  const CatalogTable leaf = One("legs_1_1");
  EXPECT_FALSE(leaf.is_root);
  EXPECT_EQ(leaf.root, "legs");
  EXPECT_TRUE(One("parent").has_children);
  EXPECT_FALSE(One("child").has_children);
}

TEST_F(SchemaTest, TellsWhatIsNotThere) {
  EXPECT_EQ(ReadError("nowhere"), "table \"nowhere\" does not exist");
  EXPECT_EQ(ReadError("flights,ops.nowhere"), "table \"ops.nowhere\" does not exist");
  EXPECT_EQ(ReadError("\"Flights\""),
            "table \"Flights\" does not exist. There is \"public\".\"flights\": such a name must be written in double "
            "quotes");
  EXPECT_EQ(ReadError("nowhere.*"), "schema \"nowhere\" does not exist");
}

TEST_F(SchemaTest, RefusesWhatIsNoTable) {
  EXPECT_EQ(ReadError("seen"), "\"seen\" is a view, expected a table");
  EXPECT_EQ(ReadError("stored"), "\"stored\" is a materialized view, expected a table");
  EXPECT_EQ(ReadError("counter"), "\"counter\" is a sequence, expected a table");
}

TEST_F(SchemaTest, ChecksTheReplicaIdentity) {
  EXPECT_EQ(MirrorError("flights,ops.crew,keyless_full,legs"), "");
  const std::string reason = ", so that the WAL does not say which row an update or delete means. ";
  EXPECT_EQ(MirrorError("keyless"),
            absl::StrCat("cannot mirror table \"keyless\": it has no primary key", reason,
                         "Use ALTER TABLE \"public\".\"keyless\" ADD PRIMARY KEY (...), or ALTER TABLE "
                         "\"public\".\"keyless\" REPLICA IDENTITY FULL"));
  EXPECT_EQ(
      MirrorError("silent"),
      absl::StrCat("cannot mirror table \"silent\": its replica identity is NOTHING", reason,
                   "Use ALTER TABLE \"public\".\"silent\" REPLICA IDENTITY DEFAULT (with a primary key) or FULL"));
  EXPECT_THAT(MirrorError("lost_index"), HasSubstr("it has no replica identity index any more"));
  EXPECT_THAT(MirrorError("deferred"), HasSubstr("its primary key is DEFERRABLE"));
  EXPECT_THAT(MirrorError("part_bad"), HasSubstr("the replica identity of its partition \"part_bad_1\" does not say"));
}

TEST_F(SchemaTest, ChecksNamesThatSqliteCannotHold) {
  EXPECT_EQ(
      MirrorError("twins"),
      "cannot mirror table \"twins\": its columns \"a\" and \"A\" differ only in case, which SQLite does not tell "
      "apart");
  EXPECT_EQ(MirrorError("\"Case\",\"case\""),
            "cannot mirror table \"case\": SQLite does not tell its name apart from that of \"public\".\"Case\"");
  EXPECT_EQ(MirrorError("\"ops.crew\",ops.crew"),
            "cannot mirror table \"ops.crew\": SQLite does not tell its name apart from that of \"ops\".\"crew\"");
  EXPECT_EQ(MirrorError("sqlite_stat"),
            "cannot mirror table \"sqlite_stat\": SQLite keeps names that begin with \"sqlite_\" for itself");
  EXPECT_EQ(MirrorError("hollow.nothing"),
            "cannot mirror table \"hollow.nothing\": it has no columns, and SQLite knows no such tables");
}

TEST_F(SchemaTest, ChecksKinds) {
  EXPECT_EQ(MirrorError("fast"),
            "cannot mirror table \"fast\": it is unlogged, so its changes are not in the WAL. Use ALTER TABLE "
            "\"public\".\"fast\" SET LOGGED");
  EXPECT_EQ(MirrorError("legs_1_1"),
            "cannot mirror table \"legs_1_1\": it is a partition, and its changes bear the name of \"legs\". Mirror "
            "that");
}

}  // namespace
}  // namespace deltamirror::postgres
