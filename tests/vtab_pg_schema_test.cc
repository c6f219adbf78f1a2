// pg_schema and pg_schema_save, from SQL.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class PgSchemaTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster_ = new lab::Cluster;
    cluster_->Exec(R"(
      CREATE TABLE flights (ident text, leg smallint, fare numeric(10,2), double numeric GENERATED ALWAYS AS (fare * 2)
        STORED, raw bytea NOT NULL, PRIMARY KEY (leg, ident));
      CREATE SCHEMA ops; CREATE TABLE ops.log (at timestamptz); ALTER TABLE ops.log REPLICA IDENTITY FULL;
      CREATE TABLE hollow (); CREATE VIEW seen AS SELECT 1; CREATE ROLE plain LOGIN)");
  }
  static void TearDownTestSuite() { delete cluster_; }

  std::string Conninfo(const std::string& more = "") { return lab::Literal(absl::StrCat(cluster_->conninfo(), more)); }

  static lab::Cluster* cluster_;
  lab::Host host_;
};

lab::Cluster* PgSchemaTest::cluster_ = nullptr;

TEST_F(PgSchemaTest, ShowsARowForEachColumn) {
  EXPECT_EQ(host_.Query(absl::StrCat("SELECT * FROM pg_schema(", Conninfo(), ", 'flights,ops.*,hollow')")),
            (lab::Rows{
                {"ops", "log", "at", "timestamp with time zone", "TEXT", "0", "NULL", "NULL", "full"},
                {"public", "flights", "ident", "text", "TEXT", "1", "2", "NULL", "default"},
                {"public", "flights", "leg", "smallint", "INTEGER", "1", "1", "NULL", "default"},
                {"public", "flights", "fare", "numeric(10,2)", "", "0", "NULL", "NULL", "default"},
                {"public", "flights", "double", "numeric", "", "0", "NULL", "stored", "default"},
                {"public", "flights", "raw", "bytea", "BLOB", "1", "NULL", "NULL", "default"},
            }));
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT count(*) FROM pg_schema(", Conninfo(), ")")), "6");
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT count(*) FROM pg_schema(", Conninfo(), ", NULL) WHERE not_null")), "3");
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT conninfo FROM pg_schema(", Conninfo(), ") LIMIT 1")), "NULL");
}

TEST_F(PgSchemaTest, ShowsIdentitiesPartitionsNamesAndTypesOfEveryKind) {
  cluster_->Exec(R"(
    CREATE SCHEMA kinds; SET search_path = kinds;
    CREATE TYPE mood AS ENUM ('ok'); CREATE DOMAIN price AS numeric(8,2); CREATE TYPE pair AS (a int, b int);
    CREATE TABLE chosen (id int PRIMARY KEY, a int NOT NULL, b text NOT NULL);
    CREATE UNIQUE INDEX by_b ON chosen (b, a); ALTER TABLE chosen REPLICA IDENTITY USING INDEX by_b;
    CREATE TABLE nothing (id int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING;
    CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
    CREATE TABLE part PARTITION OF parts FOR VALUES FROM (1) TO (10);
    CREATE TABLE "Odd ""name" ("a b" price, "M" mood, l int[], p pair[], d varchar(3), PRIMARY KEY ("M")))");
  const std::string columns =
      "SELECT \"table\", \"column\", type, sqlite_type, not_null, key_position, replica_identity FROM pg_schema(";
  EXPECT_EQ(host_.Query(absl::StrCat(columns, Conninfo(), ", 'kinds.*')")),
            (lab::Rows{
                {"Odd \"name", "a b", "kinds.price", "", "0", "NULL", "default"},
                {"Odd \"name", "M", "kinds.mood", "TEXT", "1", "1", "default"},
                {"Odd \"name", "l", "integer[]", "TEXT", "0", "NULL", "default"},
                {"Odd \"name", "p", "kinds.pair[]", "TEXT", "0", "NULL", "default"},
                {"Odd \"name", "d", "character varying(3)", "TEXT", "0", "NULL", "default"},
                {"chosen", "id", "integer", "INTEGER", "1", "NULL", "index"},
                {"chosen", "a", "integer", "INTEGER", "1", "2", "index"},
                {"chosen", "b", "text", "TEXT", "1", "1", "index"},
                {"nothing", "id", "integer", "INTEGER", "1", "1", "nothing"},
                {"parts", "id", "integer", "INTEGER", "1", "1", "default"},
                {"parts", "v", "text", "TEXT", "0", "NULL", "default"},
            }));
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT count(*) FROM pg_schema(", Conninfo(), ", 'kinds.\"Odd \"\"name\"')")),
            "5");
  cluster_->Exec("DROP SCHEMA kinds CASCADE");
}

TEST_F(PgSchemaTest, TellsWhatIsWrong) {
  const auto error = [this](const std::string& arguments) {
    return host_.Error(absl::StrCat("SELECT * FROM pg_schema(", arguments, ")"));
  };
  EXPECT_EQ(error(Conninfo() + ", 'nowhere'"), "pg_schema: table \"nowhere\" does not exist");
  EXPECT_EQ(error(Conninfo() + ", 'seen'"), "pg_schema: \"seen\" is a view, expected a table");
  EXPECT_THAT(error(Conninfo() + ", 'a,'"), StartsWith("pg_schema: invalid list of tables \"a,\", expected "));
  EXPECT_THAT(error("'host=/nowhere password=secret'"), StartsWith("pg_schema: could not connect to the server: "));
  EXPECT_THAT(host_.Error("SELECT * FROM pg_schema"), HasSubstr("pg_schema: expected the connection string"));
}

TEST_F(PgSchemaTest, IsForDirectUseOnly) {
  host_.Exec(absl::StrCat("CREATE VIEW v AS SELECT * FROM pg_schema(", Conninfo(), ")"));
  EXPECT_THAT(host_.Error("SELECT * FROM v"), HasSubstr("unsafe use of virtual table \"pg_schema\""));
  host_.Exec(absl::StrCat("CREATE VIEW w AS SELECT pg_schema_save(", Conninfo(), ")"));
  EXPECT_THAT(host_.Error("SELECT * FROM w"), HasSubstr("unsafe use of pg_schema_save()"));
}

TEST_F(PgSchemaTest, SavesShapesWithTimeAndLsn) {
  EXPECT_EQ(host_.Error(absl::StrCat("SELECT pg_schema_save(", Conninfo(" user=plain"), ")")),
            "pg_schema_save: permission denied for database postgres. The schema deltamirror must be made by a role "
            "that may, once");
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT pg_schema_save(", Conninfo(), ", 'flights,ops.log')")), "2");
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT pg_schema_save(", Conninfo(), ")")), "3");
  EXPECT_EQ(
      cluster_->Query("SELECT schema, \"table\", relid = 'flights'::regclass, identity, saved_at <= now(), lsn <= "
                      "pg_current_wal_insert_lsn() FROM deltamirror.saved_table WHERE \"table\" = 'flights'"),
      (lab::Rows{{"public", "flights", "t", "default", "t", "t"}, {"public", "flights", "t", "default", "t", "t"}}));
  EXPECT_EQ(cluster_->Query("SELECT attnum, \"column\", type, oid, pk, key, not_null, generated, missing FROM "
                            "deltamirror.saved_column WHERE table_id = (SELECT min(id) FROM deltamirror.saved_table "
                            "WHERE \"table\" = 'flights') AND attnum IN (2, 4) ORDER BY attnum"),
            (lab::Rows{{"2", "leg", "smallint", "21", "1", "1", "t", "", "NULL"},
                       {"4", "double", "numeric", "1700", "0", "0", "f", "stored", "NULL"}}));
}

}  // namespace
}  // namespace deltamirror
