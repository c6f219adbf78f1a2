// One workload through both plugins on one server: the lines must be the same, but for what only deltaflood knows.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "deltastream/server_catalog.h"
#include "deltastream/side_connection.h"
#include "pgoutput/translator.h"
#include "postgres/connection.h"
#include "tests/lab/cluster.h"
#include "tests/lab/needs.h"

namespace deltamirror {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Lines = std::vector<std::string>;

// Both slots are read by SQL functions, which give what a walsender would send.
class SameLinesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete server_; }

  void SetUp() override { LAB_NEEDS_DELTAFLOOD(); }

  void TearDown() override {
    if (IsSkipped()) return;
    connection_.reset();
    cluster_.Exec("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots; DROP PUBLICATION both_of_us");
    cluster_.Exec(
        "DO $$ DECLARE s text; BEGIN"
        " FOR s IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP"
        "  EXECUTE format('DROP SCHEMA %I CASCADE', s); END LOOP;"
        " CREATE SCHEMA public; END $$");
  }

  // Two slots that begin here. `as_root`: partitions' rows are the root's. `objects`, `filters`: the same for the two.
  void Begin(bool as_root = true, const std::string& objects = "ALL TABLES", const std::string& filters = "{}") {
    as_root_ = as_root;
    filters_ = filters;
    cluster_.Exec(absl::StrCat("CREATE PUBLICATION both_of_us FOR ", objects,
                               " WITH (publish_via_partition_root = ", as_root ? "true" : "false",
                               cluster_.Version() >= 18 ? ", publish_generated_columns = stored)" : ")"));
    cluster_.Exec("SELECT pg_create_logical_replication_slot('ours', 'deltaflood')");
    cluster_.Exec("SELECT pg_create_logical_replication_slot('theirs', 'pgoutput')");
    absl::StatusOr<postgres::Connection> connection = postgres::Connection::Open(cluster_.conninfo(), {});
    ASSERT_EQ(connection.status(), absl::OkStatus());
    connection_.emplace(*std::move(connection));
  }

  // Runs a statement (each of several in one transaction), and compares what the plugins make of it. What deltaflood
  // wrote is in lines_.
  void Step(const std::string& sql) {
    cluster_.Exec(sql);
    lines_ = ReadDeltaflood();
    ExpectSame(ReadPgoutput(), lines_, sql);
  }

  // A step of which deltaflood tells something.
  void Told(const std::string& sql) {
    Step(sql);
    EXPECT_THAT(lines_, Not(IsEmpty())) << "after " << sql;
  }

  static void ExpectSame(const Lines& theirs, const Lines& ours, const std::string& sql) {
    for (size_t i = 0; i < theirs.size() && i < ours.size(); ++i) {
      ASSERT_EQ(theirs[i], ours[i]) << "line " << i << " after " << sql;
    }
    ASSERT_EQ(theirs.size(), ours.size()) << "after " << sql;
  }

  Lines ReadDeltaflood() {
    Lines lines;
    for (const std::string& text : Read(absl::StrCat(
             "SELECT data FROM pg_logical_slot_get_changes('ours', NULL, NULL, 'mirror', 'true', "
             "'ddl', 'off', 'partition-root', '",
             as_root_ ? "true" : "false", "', 'filters', '", absl::StrReplaceAll(filters_, {{"'", "''"}}), "')"))) {
      for (const absl::string_view line : absl::StrSplit(text, '\n')) lines.push_back(WithoutMissing(line));
    }
    return lines;
  }

  // A call of the SQL function is a session of its own, for both plugins.
  Lines ReadPgoutput() {
    pgoutput::Translator translator({.catalog = [this](const pgoutput::RelationMessage& message, uint32_t xid) {
      return catalog_.Describe(message, xid);
    }});
    std::string text;
    for (const std::string& hex :
         Read("SELECT data FROM pg_logical_slot_get_binary_changes('theirs', NULL, NULL, 'proto_version', '1', "
              "'publication_names', 'both_of_us')")) {
      EXPECT_EQ(translator.Translate(absl::HexStringToBytes(hex.substr(2)), &text).status(), absl::OkStatus());
    }
    EXPECT_FALSE(translator.in_transaction());
    Lines lines;
    for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      lines.push_back(WithoutMissing(line));
    }
    return lines;
  }

  // The value of existing rows is what deltaflood finds at the time of the change, and we only in the present.
  static std::string WithoutMissing(absl::string_view line) {
    if (!absl::StrContains(line, "\t_action\trelation\t")) return std::string(line);
    static const std::regex* const kMissing = new std::regex(R"re(,"missing":"([^"\\]|\\.)*")re");
    return std::regex_replace(std::string(line), *kMissing, "");
  }

  Lines Read(const std::string& sql) {
    const absl::StatusOr<postgres::Result> result = connection_->Query(sql);
    EXPECT_EQ(result.status(), absl::OkStatus());
    Lines values;
    for (int row = 0; result.ok() && row < result->rows(); ++row) values.emplace_back(result->text(row, 0));
    return values;
  }

  static inline lab::Cluster* server_ = nullptr;  // one for all tests
  lab::Cluster& cluster_ = *server_;
  bool as_root_ = true;
  std::string filters_;
  std::optional<postgres::Connection> connection_;
  deltastream::SideConnection side_{cluster_.conninfo(), {}};
  deltastream::ServerCatalog catalog_{&side_, "both_of_us"};
  Lines lines_;
};

TEST_F(SameLinesTest, Types) {
  cluster_.Exec(
      "CREATE TYPE mood AS ENUM ('sad', 'o\tk'); CREATE DOMAIN yesno AS boolean; CREATE DOMAIN really AS yesno;"
      "CREATE DOMAIN percent AS numeric(5,2); CREATE SCHEMA ops; CREATE TYPE ops.pair AS (a int, b text);"
      "CREATE TABLE kinds (id bigint PRIMARY KEY, i2 smallint, i4 integer, o oid, b boolean, d yesno, d2 really,"
      " f4 real, f8 double precision, n numeric, n2 numeric(10,2), p percent, t text, v varchar(20), c char(5),"
      " nm name, m mood, by bytea, da date, ti time, tz timetz, ts timestamp, tt timestamptz, iv interval,"
      " j json, jb jsonb, u uuid, ip inet, r int4range, pt point, mo money, bi bit(3), tv tsvector, x xml,"
      " ai integer[], at text[], ad yesno[], co ops.pair)");
  Begin();
  Told("INSERT INTO kinds (id) VALUES (1)");
  Told(
      "INSERT INTO kinds VALUES (9223372036854775807, -32768, 2147483647, 4294967295, true, false, true,"
      " 0.1, 'NaN', '123456789012345678901234567890.123456789', 1.50, 99.99, E'tab\\tline\\nback\\\\ und \u00e4',"
      " 'v', 'c', 'nm', E'o\\tk', '\\x00ff', '0001-01-01 BC', '24:00', '12:00+05:30', 'infinity',"
      " '2026-08-01 12:00:00.123456+02', '1 year 2 mons -3 days 04:05:06.7', '{\"a\": \"b\\\\c\"}', '{\"b\":1}',"
      " 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '::1/128', '[1,5)', '(1.5,2)', '1234.5', '101', 'fat cat', '<a/>',"
      " '{1,NULL,3}', '{\"NULL\",NULL,\"a,b\",\"q\\\"\\\\\"}', '{t,f}', '(1,\"x y\")')");
  EXPECT_THAT(lines_[1], HasSubstr("\tb\t1\td\t0\td2\t1\tf4\t0.1\tf8\tNaN\t"));
  Told("UPDATE kinds SET b = NOT b, d = NULL, f4 = 'infinity', ts = '-infinity', by = ''");
  Told("DELETE FROM kinds");
}

TEST_F(SameLinesTest, Filters) {
  LAB_NEEDS_VERSION(cluster_, 15, "filters of publications");
  cluster_.Exec(
      "CREATE TABLE full_rows (id int PRIMARY KEY, v int, big text); ALTER TABLE full_rows ALTER big SET STORAGE "
      "EXTERNAL;"
      "ALTER TABLE full_rows REPLICA IDENTITY FULL;"
      "CREATE TABLE keyed (region text, id int, v text, w int, PRIMARY KEY (region, id));"
      "ALTER TABLE keyed ALTER v SET STORAGE EXTERNAL;"
      "CREATE TABLE log (id int, region text, v int, PRIMARY KEY (id, region)) PARTITION BY LIST (region);"
      "CREATE TABLE log_east PARTITION OF log FOR VALUES IN ('east');"
      "CREATE TABLE log_west (v int, region text NOT NULL, id int NOT NULL);"
      "ALTER TABLE log ATTACH PARTITION log_west FOR VALUES IN ('west')");
  Begin(true, "TABLE full_rows WHERE (v > 10), keyed (id, region, v) WHERE (region LIKE 'e%'), log WHERE (id % 2 = 0)",
        R"({"full_rows":{"where":"v > 10"},"keyed":{"columns":["v","id","region"],"where":"region LIKE 'e%'"},)"
        R"("log":{"where":"id % 2 = 0"}})");
  Told("INSERT INTO full_rows VALUES (1, 1, repeat('a', 5000)), (2, 20, repeat('b', 5000)), (3, NULL, 'c')");
  Told("UPDATE full_rows SET v = v + 10");
  Told("UPDATE full_rows SET id = id + 10, v = 20 WHERE v IS NULL");
  Told("UPDATE full_rows SET v = NULL");
  Step("DELETE FROM full_rows WHERE id = 1");
  EXPECT_THAT(lines_, IsEmpty());
  Told("UPDATE full_rows SET v = 100; DELETE FROM full_rows WHERE id = 2; TRUNCATE full_rows");
  Told("INSERT INTO keyed VALUES ('east', 1, 'a', 1), ('west', 2, 'b', 2), ('west', 3, repeat('a', 5000), 3)");
  Told("UPDATE keyed SET v = v || 'x' WHERE id < 3; UPDATE keyed SET w = w + 1");
  Told("UPDATE keyed SET region = 'ebb' WHERE id < 3");
  Told("UPDATE keyed SET region = 'ebb' WHERE id = 3");
  EXPECT_THAT(lines_, Contains(HasSubstr("\t_action\tgap")));
  Told("UPDATE keyed SET region = 'west' WHERE id > 1; DELETE FROM keyed");
  Told("INSERT INTO log VALUES (1, 'east', 1), (2, 'east', 2), (3, 'west', 3), (4, 'west', 4)");
  Told("UPDATE log SET id = id + 11");
  Told("UPDATE log SET region = 'west'; DELETE FROM log");
}

TEST_F(SameLinesTest, Keys) {
  cluster_.Exec(
      "CREATE TABLE one (id int PRIMARY KEY, v text);"
      "CREATE TABLE two (v text, b int, a text, PRIMARY KEY (a, b));"
      "CREATE TABLE chosen (id int PRIMARY KEY, code text NOT NULL UNIQUE, v int);"
      "ALTER TABLE chosen REPLICA IDENTITY USING INDEX chosen_code_key;"
      "CREATE TABLE whole (a int, b text); ALTER TABLE whole REPLICA IDENTITY FULL;"
      "CREATE TABLE log (a int, b text);"
      "CREATE TABLE later (id int PRIMARY KEY DEFERRABLE, v int)");
  Begin();
  Told(
      "INSERT INTO one VALUES (1, 'x'), (2, NULL); UPDATE one SET v = 'y'; UPDATE one SET id = id + 10; DELETE FROM "
      "one");
  EXPECT_THAT(lines_, Contains(HasSubstr("\t_action\treplace\tid\t1")));
  Told("INSERT INTO two VALUES ('x', 1, 'p'); UPDATE two SET v = NULL; UPDATE two SET b = 2; DELETE FROM two");
  Told(
      "INSERT INTO chosen VALUES (1, 'x', 1); UPDATE chosen SET id = 2; UPDATE chosen SET code = 'y'; DELETE FROM "
      "chosen");
  Told("INSERT INTO whole VALUES (1, NULL), (1, NULL); UPDATE whole SET b = 'x' WHERE a = 1; DELETE FROM whole");
  Told("INSERT INTO log VALUES (1, 'x')");
  Told("INSERT INTO later VALUES (1, 1)");
}

TEST_F(SameLinesTest, Toast) {
  cluster_.Exec(
      "CREATE TABLE big (id int PRIMARY KEY, v int, t text, u text);"
      "ALTER TABLE big ALTER t SET STORAGE EXTERNAL, ALTER u SET STORAGE EXTERNAL;"
      "CREATE TABLE whole (id int PRIMARY KEY, v int, t text); ALTER TABLE whole REPLICA IDENTITY FULL;"
      "ALTER TABLE whole ALTER t SET STORAGE EXTERNAL;"
      "CREATE TABLE wide (k text PRIMARY KEY, v int); ALTER TABLE wide ALTER k SET STORAGE EXTERNAL");
  Begin();
  Told("INSERT INTO big VALUES (1, 1, repeat('x', 5000), repeat('y', 5000))");
  Told("UPDATE big SET v = 2");
  EXPECT_EQ(lines_[1].find("\tt\t"), std::string::npos);
  Told("UPDATE big SET t = NULL");
  Told("UPDATE big SET u = repeat('z', 5000), id = 2");
  Told("DELETE FROM big");
  Told("INSERT INTO whole VALUES (1, 1, repeat('x', 5000))");
  Told("UPDATE whole SET v = 2");
  EXPECT_THAT(lines_[2], HasSubstr("\tt\txxx"));
  Told("UPDATE whole SET t = NULL");
  Told("DELETE FROM whole");
  // As large as an index takes, and yet out of line.
  Told("INSERT INTO wide VALUES (repeat('k', 2500), 1)");
  Told("UPDATE wide SET v = 2");
  Told("UPDATE wide SET k = repeat('l', 2500)");
  Told("DELETE FROM wide");
}

TEST_F(SameLinesTest, TransactionsAndTheirParts) {
  cluster_.Exec("CREATE TABLE t (id int PRIMARY KEY, v int); CREATE TABLE other (id int PRIMARY KEY)");
  Begin();
  Step("CREATE TABLE made (id int PRIMARY KEY)");
  EXPECT_THAT(lines_, IsEmpty());
  Step("BEGIN; INSERT INTO t VALUES (1, 1); ROLLBACK");
  EXPECT_THAT(lines_, IsEmpty());
  Told(
      "BEGIN; INSERT INTO t VALUES (1, 1); SAVEPOINT a; INSERT INTO t VALUES (2, 2); SAVEPOINT b;"
      " INSERT INTO other VALUES (1); ROLLBACK TO b; INSERT INTO t VALUES (3, 3); RELEASE a; UPDATE t SET v = 0; "
      "COMMIT");
  EXPECT_THAT(lines_, SizeIs(8));  // relation, three inserts, three updates, commit
  Told("INSERT INTO made VALUES (1)");
  Told("INSERT INTO t SELECT i, i FROM generate_series(10, 2000) i");
  Step("SELECT pg_logical_emit_message(true, 'p', 'c'), pg_logical_emit_message(false, 'p', 'c')");
  EXPECT_THAT(lines_, IsEmpty());
}

TEST_F(SameLinesTest, SchemasAndNames) {
  cluster_.Exec(
      "CREATE SCHEMA ops; CREATE SCHEMA \"Odd\tschema\"; CREATE SCHEMA deltamirror;"
      "CREATE TABLE flights (id int PRIMARY KEY); CREATE TABLE ops.flights (id int PRIMARY KEY);"
      "CREATE TABLE \"Odd\tschema\".\"Odd\\table\" (\"I\nd\" int PRIMARY KEY, \"_xid\" int, \"q\"\"uote\" text);"
      "CREATE TABLE deltamirror.saved (id int PRIMARY KEY)");
  Begin();
  Told(
      "BEGIN; INSERT INTO flights VALUES (1); INSERT INTO ops.flights VALUES (2);"
      " INSERT INTO \"Odd\tschema\".\"Odd\\table\" VALUES (3, 4, 'x'); INSERT INTO flights VALUES (5); COMMIT");
  Step("INSERT INTO deltamirror.saved VALUES (1)");
  EXPECT_THAT(lines_, IsEmpty());
}

TEST_F(SameLinesTest, Truncate) {
  cluster_.Exec(
      "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);"
      "CREATE TABLE c (id int PRIMARY KEY)");
  Begin();
  Told("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1)");
  Told("TRUNCATE a CASCADE");
  EXPECT_THAT(lines_, SizeIs(5));
  Told("BEGIN; INSERT INTO c VALUES (1); TRUNCATE c RESTART IDENTITY; INSERT INTO c VALUES (2); COMMIT");
}

constexpr char kPartitioned[] =
    "CREATE TABLE root (id int, day date, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);"
    "CREATE TABLE jan PARTITION OF root FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');"
    "CREATE TABLE feb (v text, gone int, day date NOT NULL, id int NOT NULL); ALTER TABLE feb DROP gone;"
    "ALTER TABLE feb ADD PRIMARY KEY (id, day);"
    "ALTER TABLE root ATTACH PARTITION feb FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');"
    "CREATE TABLE rest PARTITION OF root DEFAULT PARTITION BY LIST (id);"
    "CREATE TABLE rest_all PARTITION OF rest DEFAULT";

constexpr char kPartitionWork[] =
    "BEGIN; INSERT INTO root VALUES (1, '2026-01-05', 'x'), (2, '2026-02-05', 'y'), (3, '2026-09-09', NULL);"
    "UPDATE root SET v = 'z'; UPDATE root SET id = 10 WHERE id = 2; UPDATE root SET day = '2026-02-06' WHERE id = 1;"
    "DELETE FROM root WHERE id = 3; COMMIT";

TEST_F(SameLinesTest, PartitionsAsTheirRoot) {
  cluster_.Exec(kPartitioned);
  Begin(/*as_root=*/true);
  Told(kPartitionWork);
  EXPECT_THAT(lines_, Not(Contains(HasSubstr("_table\tjan\t"))));
  Told("TRUNCATE root");
  EXPECT_THAT(lines_, SizeIs(3));
}

TEST_F(SameLinesTest, PartitionsAsThemselves) {
  cluster_.Exec(kPartitioned);
  Begin(/*as_root=*/false);
  Told(kPartitionWork);
  EXPECT_THAT(lines_, Not(Contains(HasSubstr("_table\troot\t"))));
  Told("TRUNCATE jan");
  Told("TRUNCATE root");
  EXPECT_THAT(lines_, Not(Contains(HasSubstr("_table\troot\t"))));
}

TEST_F(SameLinesTest, ChangesOfShape) {
  cluster_.Exec("CREATE TABLE t (id int PRIMARY KEY, a text, b int); CREATE TYPE mood AS ENUM ('sad')");
  Begin();
  Told("INSERT INTO t VALUES (1, 'x', 1)");
  Step("ALTER TABLE t ADD c int DEFAULT 7");
  Told("INSERT INTO t VALUES (2, 'x', 1, 2)");
  EXPECT_THAT(lines_[0], HasSubstr("\t_action\trelation\t"));
  Step("ALTER TABLE t RENAME a TO label");
  Told("INSERT INTO t VALUES (3)");
  Step("ALTER TABLE t DROP b");
  Told("INSERT INTO t VALUES (4)");
  Step("ALTER TABLE t ADD m mood, ADD arr numeric(5,1)[]");
  Told("INSERT INTO t VALUES (5, 'x', 1, 'sad', '{1.5}')");
  Step("ALTER TABLE t ALTER c SET DEFAULT 8, ALTER id SET DEFAULT 0");
  Told("DELETE FROM t WHERE id = 5");
  Step("ALTER TABLE t RENAME TO tt");
  Told("DELETE FROM tt WHERE id = 4");
  Step("ALTER TABLE tt REPLICA IDENTITY FULL");
  Told("DELETE FROM tt WHERE id = 2");
}

// What docs/sql.md says that pgoutput cannot carry.

TEST_F(SameLinesTest, ARewriteIsToldByDeltafloodAlone) {
  cluster_.Exec("CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1)");
  Begin();
  cluster_.Exec("ALTER TABLE t ALTER a TYPE text USING a || '!'");
  EXPECT_THAT(ReadDeltaflood(), Contains(HasSubstr("\t_action\tinsert\tid\t1\ta\t1!")));
  EXPECT_THAT(ReadPgoutput(), IsEmpty());
}

TEST_F(SameLinesTest, ATruncatedPartitionOfARootIsToldByDeltafloodAlone) {
  cluster_.Exec(kPartitioned);
  Begin(/*as_root=*/true);
  cluster_.Exec("TRUNCATE jan");
  EXPECT_THAT(ReadDeltaflood(), Contains(HasSubstr("\t_partition\tjan\t_action\ttruncate")));
  EXPECT_THAT(ReadPgoutput(), IsEmpty());
}

// Unless it is published, which Begin asks for.
TEST_F(SameLinesTest, AStoredGeneratedColumnIsToldByDeltafloodAloneBefore18) {
  cluster_.Exec("CREATE TABLE t (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED)");
  Begin();
  if (cluster_.Version() >= 18) return Told("INSERT INTO t VALUES (1)");
  cluster_.Exec("INSERT INTO t VALUES (1)");
  EXPECT_THAT(ReadDeltaflood(), Contains(HasSubstr("\ttwice\t2")));
  EXPECT_THAT(ReadPgoutput(), Not(Contains(HasSubstr("twice"))));
}

// The catalog is later than the changes.

TEST_F(SameLinesTest, ChangesOfATableThatIsGone) {
  cluster_.Exec(
      "CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN yesno AS boolean;"
      "CREATE TABLE t (id int PRIMARY KEY, m mood, y yesno, v varchar(9))");
  Begin();
  cluster_.Exec("INSERT INTO t VALUES (1, 'sad', true, 'x')");
  cluster_.Exec("DROP TABLE t; DROP TYPE mood");
  const Lines lines = ReadPgoutput();
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_THAT(
      lines[0],
      HasSubstr("\tid\t{\"attnum\":1,\"type\":\"integer\",\"oid\":23,\"key\":1}\tm\t{\"attnum\":2,\"type\":\"mood\","));
  EXPECT_THAT(lines[0],
              HasSubstr("\ty\t{\"attnum\":3,\"type\":\"yesno\",\"oid\":16}\tv\t{\"attnum\":4,\"type\":\"character "
                        "varying(9)\",\"oid\":1043}"));
  EXPECT_THAT(lines[1], HasSubstr("\t_action\tinsert\tid\t1\tm\tsad\ty\t1\tv\tx"));
}

TEST_F(SameLinesTest, ChangesFromBeforeAnAlter) {
  cluster_.Exec("CREATE TABLE t (id int PRIMARY KEY, gone int, a text, b int, c int, e int); ALTER TABLE t DROP gone");
  Begin();
  cluster_.Exec("INSERT INTO t VALUES (1, 'x', 2, 3, 4)");
  cluster_.Exec(
      "ALTER TABLE t RENAME a TO aa; ALTER TABLE t ALTER b TYPE text; ALTER TABLE t DROP c; ALTER TABLE t DROP e;"
      "ALTER TABLE t ADD c int; ALTER TABLE t ADD d int");
  cluster_.Exec("INSERT INTO t VALUES (2, 'x', 'y', 7, 8)");
  // Relation, insert, commit; then the rewrite, which deltaflood alone tells, and relation, insert, commit.
  Lines ours = ReadDeltaflood();
  ASSERT_THAT(ours, SizeIs(::testing::Gt(6)));
  ours.erase(ours.begin() + 3, ours.end() - 3);
  ExpectSame(ReadPgoutput(), ours, "all of it");
}

}  // namespace
}  // namespace deltamirror
