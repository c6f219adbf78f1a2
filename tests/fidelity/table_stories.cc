#include "tests/fidelity/row_stories.h"

namespace deltamirror::fidelity {
namespace {

RowStory Truncate() {
  return {"truncate",
          {"CREATE TABLE a (id int PRIMARY KEY, v text)", "CREATE TABLE b (id serial PRIMARY KEY, a int REFERENCES a)",
           "CREATE TABLE c (x text)", "ALTER TABLE c REPLICA IDENTITY FULL",
           "INSERT INTO a SELECT i, 'v' || i FROM generate_series(1, 5) i", "INSERT INTO b (a) SELECT id FROM a",
           "INSERT INTO c VALUES ('x'), ('x')"},
          {
              {"TRUNCATE c"},
              {"BEGIN", "INSERT INTO a VALUES (10, 'before')", "INSERT INTO b (a) VALUES (10)", "TRUNCATE a CASCADE",
               "INSERT INTO a VALUES (10, 'behind')", "UPDATE a SET v = v || '!'", "COMMIT"},
              {"INSERT INTO b (a) VALUES (10)", "INSERT INTO c VALUES ('y')", "TRUNCATE a, b, c RESTART IDENTITY"},
              {"INSERT INTO a VALUES (1, 'one')", "BEGIN", "SAVEPOINT s", "TRUNCATE a CASCADE",
               "INSERT INTO a VALUES (2, 'two')", "ROLLBACK TO s", "INSERT INTO a VALUES (3, 'three')", "COMMIT"},
              {"BEGIN", "TRUNCATE a CASCADE", "ROLLBACK", "INSERT INTO c VALUES ('z')"},
              {"BEGIN", "TRUNCATE c", "TRUNCATE c", "INSERT INTO c VALUES ('only')", "TRUNCATE c", "COMMIT"},
          }};
}

RowStory TruncateOfATableThatWasMadeWithIt() {
  return {"truncate_of_a_table_that_was_made_with_it",
          {"CREATE TABLE a (id int PRIMARY KEY)"},
          {
              {"BEGIN", "CREATE TABLE n (id int PRIMARY KEY)", "INSERT INTO n VALUES (1)", "TRUNCATE n",
               "INSERT INTO n VALUES (2)", "COMMIT"},
              {"BEGIN", "TRUNCATE a, n", "DROP TABLE n", "INSERT INTO a VALUES (1)", "COMMIT"},
          },
          /*through_pgoutput=*/false};
}

RowStory PartitionsOfPartitions() {
  return {
      "partitions_of_partitions",
      {"CREATE TABLE p (id int, day date, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
       "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
       "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2026-02-01') TO ('2026-03-01') PARTITION BY HASH (id)",
       "CREATE TABLE p2a PARTITION OF p2 FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
       "CREATE TABLE p2b PARTITION OF p2 FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
       "INSERT INTO p SELECT i, '2026-01-20'::date + i, 'v' || i FROM generate_series(1, 30) i"},
      {
          {"UPDATE p SET v = v || '!' WHERE id % 3 = 0", "DELETE FROM p WHERE id % 5 = 0",
           "INSERT INTO p1 VALUES (50, '2026-01-05', 'leaf')"},
          // to another partition, there and back, and with another key
          {"UPDATE p SET day = day + 28 WHERE day < '2026-02-01'", "BEGIN", "UPDATE p SET day = day - 30 WHERE id = 12",
           "UPDATE p SET day = day + 30 WHERE id = 12", "UPDATE p SET id = id + 100", "COMMIT"},
          {"CREATE TABLE p3 PARTITION OF p FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')",
           "CREATE TABLE rest PARTITION OF p DEFAULT",
           "INSERT INTO p VALUES (200, '2026-03-05', 'later'), (201, '1999-01-01', 'rest')",
           "UPDATE p SET day = '2026-01-01' WHERE id = 201"},
          {"TRUNCATE p", "INSERT INTO p VALUES (1, '2026-01-01', 'again'), (2, '2026-02-01', 'again')"},
          {"BEGIN", "INSERT INTO p VALUES (3, '2026-01-01', 'before')", "UPDATE p SET v = 'before' WHERE id = 1",
           "TRUNCATE p", "INSERT INTO p VALUES (3, '2026-01-01', 'behind'), (4, '2026-02-01', 'behind')", "COMMIT"},
      }};
}

RowStory APartitionWithOtherNumbersOfColumns() {
  return {"a_partition_with_other_numbers_of_columns",
          {"CREATE TABLE p (id int PRIMARY KEY, a text, gone int, b int DEFAULT 7) PARTITION BY LIST (id)",
           "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2, 3)",
           "CREATE TABLE p2 (b int, trash text, a text, id int NOT NULL)", "ALTER TABLE p2 DROP COLUMN trash",
           "ALTER TABLE p DROP COLUMN gone", "ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (4, 5, 6)",
           "INSERT INTO p SELECT i, 'a' || i, i FROM generate_series(1, 6) i"},
          {
              {"UPDATE p SET a = 'x' WHERE id IN (1, 4)", "DELETE FROM p WHERE id = 3",
               "UPDATE p SET id = 3 WHERE id = 6", "INSERT INTO p2 (id) VALUES (6)"},
              {"UPDATE p SET id = 6 WHERE id = 6", "UPDATE p SET b = NULL"},
          }};
}

RowStory ColumnsOfAPartitionedTable() {
  return {"columns_of_a_partitioned_table",
          {"CREATE TABLE p (id int PRIMARY KEY, a text) PARTITION BY HASH (id)",
           "CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
           "CREATE TABLE p2 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
           "INSERT INTO p SELECT i, i FROM generate_series(1, 6) i"},
          {
              {"ALTER TABLE p ADD COLUMN b int DEFAULT 5"},
              {"ALTER TABLE p RENAME COLUMN a TO c", "UPDATE p SET c = 'x' WHERE id = 1"},
              {"BEGIN", "UPDATE p SET c = '7' WHERE id = 1", "ALTER TABLE p ALTER c TYPE int USING c::int",
               "UPDATE p SET c = c + 1", "COMMIT"},
              {"ALTER TABLE p DROP COLUMN c", "DELETE FROM p WHERE id = 2"},
              {"ALTER TABLE p RENAME TO q", "INSERT INTO q VALUES (10, 1)"},
          },
          /*through_pgoutput=*/false};
}

RowStory Attach() {
  return {
      "attach",
      {"CREATE TABLE p (id int PRIMARY KEY, a text) PARTITION BY RANGE (id)",
       "CREATE TABLE filled (id int PRIMARY KEY, a text)", "CREATE TABLE empty (id int PRIMARY KEY, a text)",
       "INSERT INTO filled VALUES (1, 'a'), (2, 'b')"},
      {
          {"ALTER TABLE p ATTACH PARTITION filled FOR VALUES FROM (1) TO (10)"},
          {"ALTER TABLE p ATTACH PARTITION empty FOR VALUES FROM (10) TO (20)",
           "INSERT INTO p VALUES (3, 'c'), (13, 'd')", "UPDATE p SET id = id + 10 WHERE id = 2"},
          {"BEGIN", "CREATE TABLE n (id int PRIMARY KEY, a text)", "INSERT INTO n VALUES (21, 'n')",
           "ALTER TABLE p ATTACH PARTITION n FOR VALUES FROM (20) TO (30)", "INSERT INTO n VALUES (22, 'n')", "COMMIT"},
      },
      /*through_pgoutput=*/false};
}

RowStory AWholeTreeIsDropped() {
  return {"a_whole_tree_is_dropped",
          {"CREATE TABLE p (id int PRIMARY KEY, a text) PARTITION BY RANGE (id)",
           "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (10)", "INSERT INTO p VALUES (1, 'x')"},
          {
              {"DROP TABLE p"},
              {"CREATE TABLE p (id int PRIMARY KEY, a int) PARTITION BY RANGE (id)",
               "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (10)", "INSERT INTO p VALUES (1, 1)"},
          },
          /*through_pgoutput=*/false};
}

RowStory Inheritance() {
  return {
      "inheritance",
      {"CREATE TABLE parent (id int PRIMARY KEY, v text)",
       "CREATE TABLE child (extra int, PRIMARY KEY (id)) INHERITS (parent)",
       "INSERT INTO parent VALUES (1, 'p'), (2, 'p')", "INSERT INTO child VALUES (1, 'c', 1), (3, 'c', 3)"},
      {
          {"UPDATE parent SET v = v || '!'", "DELETE FROM parent WHERE id = 1"},
          {"INSERT INTO child VALUES (4, 'new', 4)", "UPDATE child SET id = 5 WHERE id = 3", "TRUNCATE ONLY parent"},
          {"TRUNCATE parent", "INSERT INTO parent VALUES (1, 'q')"},
      }};
}

RowStory InheritanceThatChanges() {
  return {
      "inheritance_that_changes",
      {"CREATE TABLE parent (id int PRIMARY KEY, v text)",
       "CREATE TABLE child (extra int, PRIMARY KEY (id)) INHERITS (parent)", "INSERT INTO child VALUES (1, 'c', 1)"},
      {
          {"ALTER TABLE parent ADD COLUMN n int DEFAULT 3", "UPDATE parent SET v = 'x'"},
          {"ALTER TABLE child NO INHERIT parent", "ALTER TABLE parent DROP COLUMN v", "UPDATE child SET v = 'own'"},
          {"ALTER TABLE child DROP COLUMN v", "ALTER TABLE child INHERIT parent", "UPDATE parent SET n = 4"},
      },
      /*through_pgoutput=*/false};
}

}  // namespace

std::vector<RowStory> TruncateStories() {
  return {Truncate(), TruncateOfATableThatWasMadeWithIt()};
}

std::vector<RowStory> PartitionStories() {
  return {PartitionsOfPartitions(),     APartitionWithOtherNumbersOfColumns(),
          ColumnsOfAPartitionedTable(), Attach(),
          AWholeTreeIsDropped(),        Inheritance(),
          InheritanceThatChanges()};
}

}  // namespace deltamirror::fidelity
