#include "tests/fidelity/ddl_cases.h"

namespace deltamirror::fidelity {
namespace {

std::vector<DdlCase> AddColumn() {
  return {
      {"add_column", {"ALTER TABLE T ADD COLUMN n int"}},
      {"add_column_constant_default", {"ALTER TABLE T ADD COLUMN n text NOT NULL DEFAULT E'tab\\t''quote'' \\\\'"}},
      {"add_column_default_of_each_kind",
       {"ALTER TABLE T ADD n1 bool DEFAULT true, ADD n2 bytea DEFAULT '\\x00ff', ADD n3 numeric DEFAULT 1.50,"
        " ADD n4 timestamptz DEFAULT '2026-08-01 12:00+02', ADD n5 float8 DEFAULT '-infinity', ADD n6 int[] DEFAULT "
        "'{1}'"}},
      {"add_column_stable_default", {"ALTER TABLE T ADD COLUMN n timestamptz DEFAULT now()"}},
      {"add_column_volatile_default", {"ALTER TABLE T ADD COLUMN n float8 DEFAULT random()"}},
      {"add_column_serial", {"ALTER TABLE T ADD COLUMN n serial"}},
      {"add_column_identity", {"ALTER TABLE T ADD COLUMN n int GENERATED ALWAYS AS IDENTITY"}},
      {"add_column_generated", {"ALTER TABLE T ADD COLUMN n int GENERATED ALWAYS AS (b + 1) STORED"}},
      {"add_column_unique", {"ALTER TABLE T ADD COLUMN n int UNIQUE"}},
      {"add_column_then_vacuum_full", {"ALTER TABLE T ADD COLUMN n int DEFAULT 7", "VACUUM FULL T"}},
  };
}

std::vector<DdlCase> DropAndRename() {
  return {
      {"drop_column", {"ALTER TABLE T DROP COLUMN c"}},
      {"drop_not_null_column", {"ALTER TABLE T DROP COLUMN a"}},
      {"drop_indexed_column", {"ALTER TABLE T DROP COLUMN b CASCADE"}},
      {"drop_generated_column", {"ALTER TABLE T DROP COLUMN f"}},
      {"drop_large_column", {"ALTER TABLE T DROP COLUMN g"}},
      {"drop_and_add_under_the_same_name", {"ALTER TABLE T DROP COLUMN c, ADD COLUMN c int DEFAULT 5"}},
      {"drop_indexed_and_add_under_the_same_name",
       {"ALTER TABLE T DROP COLUMN b CASCADE, ADD COLUMN b text DEFAULT 'five'"}},
      {"drop_expression", {"ALTER TABLE T ALTER f DROP EXPRESSION"}},
      {"rename_column", {"ALTER TABLE T RENAME c TO \"C c\""}},
      {"rename_key_column",
       {"ALTER TABLE T RENAME id TO key"},
       {"UPDATE T SET key = key + 100 WHERE key = 3", "DELETE FROM T WHERE key = 4"}},
      {"rename_indexed_column", {"ALTER TABLE T RENAME b TO bb"}},
      {"rename_to_another_case", {"ALTER TABLE T RENAME c TO \"C\""}},
      {"swap_column_names",
       {"ALTER TABLE T RENAME a TO x", "ALTER TABLE T RENAME g TO a", "ALTER TABLE T RENAME x TO g"}},
      {"rename_key_and_another_into_it",
       {"ALTER TABLE T RENAME id TO old_id", "ALTER TABLE T RENAME b TO id"},
       {"UPDATE T SET old_id = old_id + 100 WHERE old_id = 3", "DELETE FROM T WHERE old_id = 4"}},
  };
}

std::vector<DdlCase> Types() {
  return {
      {"type_int_to_bigint", {"ALTER TABLE T DROP f", "ALTER TABLE T ALTER b TYPE bigint"}},
      {"type_int_to_text", {"ALTER TABLE T DROP f", "ALTER TABLE T ALTER b TYPE text"}},
      {"type_using", {"ALTER TABLE T DROP f", "ALTER TABLE T ALTER b TYPE int USING b * 3 + id"}},
      {"type_text_to_int_using", {"ALTER TABLE T ALTER c TYPE int USING substr(c, 2)::int"}},
      {"type_varchar_to_text", {"ALTER TABLE T ALTER c TYPE text"}},
      {"type_longer_varchar", {"ALTER TABLE T ALTER c TYPE varchar(40)"}},
      {"type_shorter_varchar", {"ALTER TABLE T ALTER c TYPE varchar(2)"}},
      {"type_char", {"ALTER TABLE T ALTER c TYPE char(8)"}},
      {"type_numeric_scale", {"ALTER TABLE T ALTER e TYPE numeric(10,1)"}},
      {"type_numeric_free", {"ALTER TABLE T ALTER e TYPE numeric"}},
      {"type_numeric_to_float", {"ALTER TABLE T ALTER e TYPE float8"}},
      {"type_timestamptz_without_rewrite",
       {"INSERT INTO T (id, a, d) VALUES (40, 'x', '0044-03-15 12:00 BC'), (41, 'x', 'infinity'),"
        " (42, 'x', '2026-08-01 12:00:00.5')",
        "SET TimeZone = 'UTC'", "ALTER TABLE T ALTER d TYPE timestamptz", "RESET TimeZone"}},
      {"type_timestamptz_and_back",
       {"SET TimeZone = 'UTC'", "ALTER TABLE T ALTER d TYPE timestamptz", "ALTER TABLE T ALTER d TYPE timestamp",
        "RESET TimeZone"}},
      {"type_timestamptz_with_rewrite",
       {"SET TimeZone = 'Europe/Berlin'", "ALTER TABLE T ALTER d TYPE timestamptz", "RESET TimeZone"}},
      {"type_of_the_key", {"ALTER TABLE T ALTER id TYPE text"}, {"UPDATE T SET id = '103' WHERE id = '3'"}},
      {"type_of_the_key_wider", {"ALTER TABLE T ALTER id TYPE bigint"}},
      {"type_to_array", {"ALTER TABLE T DROP f", "ALTER TABLE T ALTER b TYPE int[] USING ARRAY[b, NULL]"}},
      {"type_to_jsonb", {"ALTER TABLE T ALTER c TYPE jsonb USING to_jsonb(c)"}},
      {"several_types_at_once",
       {"ALTER TABLE T DROP f",
        "ALTER TABLE T ALTER b TYPE text, ALTER c TYPE text, ALTER e TYPE text, DROP d, ADD n int"}},
      {"set_not_null",
       {"UPDATE T SET c = 'c' WHERE c IS NULL", "ALTER TABLE T ALTER c SET NOT NULL"},
       {"DELETE FROM T WHERE id = 4"}},
      {"drop_not_null", {"ALTER TABLE T ALTER a DROP NOT NULL"}, {"UPDATE T SET a = NULL WHERE id = 5"}},
      {"set_default", {"ALTER TABLE T ALTER c SET DEFAULT 'dflt'"}, {"INSERT INTO T (id, a) VALUES (50, 'x')"}},
      {"set_storage",
       {"ALTER TABLE T ALTER g SET STORAGE EXTERNAL"},
       {"UPDATE T SET a = 'z'", "UPDATE T SET g = g || 'y'"}},
  };
}

std::vector<DdlCase> Keys() {
  return {
      {"another_key",
       {"ALTER TABLE T DROP CONSTRAINT T_pkey", "ALTER TABLE T ADD PRIMARY KEY (a)"},
       {"UPDATE T SET b = 99, id = 1 WHERE a = 'a3'", "UPDATE T SET a = 'new' WHERE a = 'a5'",
        "DELETE FROM T WHERE a = 'a6'"}},
      {"a_longer_key",
       {"ALTER TABLE T DROP CONSTRAINT T_pkey, ADD PRIMARY KEY (a, id)"},
       {"INSERT INTO T (id, a) VALUES (1, 'same id')", "UPDATE T SET id = 2 WHERE a = 'a3'",
        "DELETE FROM T WHERE id = 4"}},
      {"a_key_in_another_order",
       {"ALTER TABLE T DROP CONSTRAINT T_pkey, ADD PRIMARY KEY (a, id)",
        "ALTER TABLE T DROP CONSTRAINT T_pkey, ADD PRIMARY KEY (id, a)"}},
      {"no_key_but_full",
       {"ALTER TABLE T DROP CONSTRAINT T_pkey", "ALTER TABLE T REPLICA IDENTITY FULL"},
       {"INSERT INTO T (id, a) VALUES (5, 'twin'), (5, 'twin')",
        "DELETE FROM T WHERE ctid = (SELECT min(ctid) FROM T WHERE a = 'twin')", "UPDATE T SET c = NULL WHERE id = 6"}},
      {"full_and_back",
       {"ALTER TABLE T REPLICA IDENTITY FULL", "UPDATE T SET c = 'full' WHERE id = 5",
        "ALTER TABLE T REPLICA IDENTITY DEFAULT"}},
      {"identity_by_index",
       {"DELETE FROM T WHERE b IS NULL", "ALTER TABLE T ALTER b SET NOT NULL",
        "ALTER TABLE T REPLICA IDENTITY USING INDEX T_b_key"},
       {"UPDATE T SET b = b + 1 WHERE id = 5", "DELETE FROM T WHERE id = 6"}},
      {"dropped_key_column",
       {"ALTER TABLE T DROP COLUMN id", "ALTER TABLE T ADD PRIMARY KEY (a)"},
       {"UPDATE T SET c = 'x' WHERE a = 'a3'", "DELETE FROM T WHERE a = 'a4'"}},
  };
}

std::vector<DdlCase> Tables() {
  return {
      {"rename_table",
       {"ALTER TABLE T RENAME TO T_new"},
       {"UPDATE T_new SET id = 103 WHERE id = 3", "DELETE FROM T_new WHERE id = 4"}},
      {"set_schema",
       {"CREATE SCHEMA S", "ALTER TABLE T SET SCHEMA S"},
       {"UPDATE S.T SET id = 103 WHERE id = 3", "DELETE FROM S.T WHERE id = 4"}},
      {"swap_tables",
       {"CREATE TABLE T_new (id int PRIMARY KEY, z text)", "INSERT INTO T_new VALUES (3, 'z'), (4, 'z')",
        "ALTER TABLE T RENAME TO T_old", "ALTER TABLE T_new RENAME TO T"},
       {"UPDATE T SET id = 103 WHERE id = 3", "DELETE FROM T WHERE id = 4", "UPDATE T_old SET id = 104 WHERE id = 3"}},
      {"swap_names_of_two",
       {"CREATE TABLE T_2 (id int PRIMARY KEY, z text)", "INSERT INTO T_2 VALUES (3, 'z'), (4, 'z')",
        "ALTER TABLE T RENAME TO T_3", "ALTER TABLE T_2 RENAME TO T", "ALTER TABLE T_3 RENAME TO T_2"},
       {"UPDATE T SET id = 103 WHERE id = 3", "DELETE FROM T_2 WHERE id = 3"}},
      {"replace_table",
       {"CREATE TABLE T_new (id int PRIMARY KEY, z text)", "INSERT INTO T_new VALUES (3, 'z'), (4, 'z')",
        "DROP TABLE T", "ALTER TABLE T_new RENAME TO T"}},
      {"create_table",
       {"CREATE TABLE T_made (x int PRIMARY KEY, y text)"},
       {"INSERT INTO T_made VALUES (1, 'y')", "UPDATE T_made SET x = 2"}},
      {"create_table_as",
       {"CREATE TABLE T_made AS SELECT id, a FROM T", "ALTER TABLE T_made REPLICA IDENTITY FULL"},
       {"DELETE FROM T_made WHERE id = 3"}},
      {"drop_table", {"DROP TABLE T"}, {"SELECT 1"}},
      {"drop_and_create_again",
       {"DROP TABLE T", "CREATE TABLE T (a text PRIMARY KEY, z int)"},
       {"INSERT INTO T VALUES ('a', 1)", "UPDATE T SET a = 'b'"}},
      {"a_table_that_comes_and_goes",
       {"CREATE TABLE T_gone (id int PRIMARY KEY)", "INSERT INTO T_gone VALUES (1)", "DROP TABLE T_gone"}},
      {"a_partitioned_table_that_comes_and_goes",
       {"CREATE TABLE T_gone (id int PRIMARY KEY) PARTITION BY LIST (id)",
        "CREATE TABLE T_gone1 PARTITION OF T_gone FOR VALUES IN (1)",
        "CREATE TABLE T_gone2 PARTITION OF T_gone DEFAULT", "INSERT INTO T_gone VALUES (1), (2)", "DROP TABLE T_gone"}},
      {"a_column_gone_and_the_table_with_it", {"ALTER TABLE T DROP COLUMN c", "DROP TABLE T"}, {"SELECT 1"}},
      {"drop_schema", {"CREATE SCHEMA S", "ALTER TABLE T SET SCHEMA S", "DROP SCHEMA S CASCADE"}, {"SELECT 1"}},
      {"rename_schema",
       {"CREATE SCHEMA S", "ALTER TABLE T SET SCHEMA S", "ALTER SCHEMA S RENAME TO S_new"},
       {"DELETE FROM S_new.T WHERE id = 4"}},
  };
}

std::vector<DdlCase> NothingAndAll() {
  return {
      {"vacuum_full", {"VACUUM FULL T"}},
      {"cluster", {"CLUSTER T USING T_pkey"}},
      {"reindex_and_analyze", {"REINDEX TABLE T", "ANALYZE T"}},
      {"set_logged_again",
       {"ALTER TABLE T SET UNLOGGED", "INSERT INTO T (id, a) VALUES (60, 'x')", "ALTER TABLE T SET LOGGED"}},
      {"constraints",
       {"ALTER TABLE T ADD CHECK (id > 0), ADD FOREIGN KEY (b) REFERENCES T (b) DEFERRABLE", "CREATE INDEX ON T (c)"}},
      {"row_security", {"ALTER TABLE T ENABLE ROW LEVEL SECURITY", "CREATE POLICY p ON T USING (id < 3)"}},
      {"everything_at_once",
       {"ALTER TABLE T DROP CONSTRAINT T_pkey, DROP COLUMN f, DROP COLUMN c, ALTER e TYPE float8, ADD n int DEFAULT 3,"
        " ADD c timestamptz DEFAULT now(), ALTER b DROP NOT NULL, ADD PRIMARY KEY (a)",
        "ALTER TABLE T RENAME a TO k", "ALTER TABLE T RENAME id TO a", "ALTER TABLE T RENAME TO T_all"},
       {"UPDATE T_all SET k = 'kk' WHERE k = 'a3'", "DELETE FROM T_all WHERE k = 'a4'"}},
  };
}

}  // namespace

std::vector<DdlCase> DdlCases() {
  std::vector<DdlCase> cases;
  for (const auto& some : {AddColumn(), DropAndRename(), Types(), Keys(), Tables(), NothingAndAll()}) {
    cases.insert(cases.end(), some.begin(), some.end());
  }
  return cases;
}

}  // namespace deltamirror::fidelity
