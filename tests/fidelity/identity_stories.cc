#include "tests/fidelity/row_stories.h"

namespace deltamirror::fidelity {
namespace {

std::string ToastTable() {
  return "CREATE TABLE t (id int PRIMARY KEY, small text, big text, ext text, blob bytea, doc jsonb, list text[]);"
         "ALTER TABLE t ALTER ext SET STORAGE EXTERNAL;"
         "INSERT INTO t SELECT i, 's' || i, repeat('big' || i, 20000), repeat('ext' || i, 3000),"
         " decode(repeat(md5(i::text), 500), 'hex'), jsonb_build_object('k', repeat(md5(i::text), 800)),"
         " ARRAY[repeat('l' || i, 9000), NULL] FROM generate_series(1, 4) i";
}

std::vector<std::vector<std::string>> ToastSteps() {
  return {
      {"UPDATE t SET small = 'changed'"},
      {"UPDATE t SET big = NULL WHERE id = 1", "UPDATE t SET ext = 'short' WHERE id = 2",
       "UPDATE t SET blob = blob || '\\x00' WHERE id = 3",
       "UPDATE t SET doc = doc || '{\"n\": null}', list = list || ARRAY['x']"},
      {"BEGIN", "UPDATE t SET small = 'a' WHERE id = 4", "UPDATE t SET big = big || 'tail' WHERE id = 4",
       "UPDATE t SET small = 'b' WHERE id = 4", "SAVEPOINT s", "UPDATE t SET ext = NULL WHERE id = 4", "ROLLBACK TO s",
       "UPDATE t SET id = 40 WHERE id = 4", "COMMIT"},
      {"ALTER TABLE t ALTER big SET STORAGE EXTERNAL, ALTER ext SET STORAGE MAIN, ALTER blob SET STORAGE EXTENDED",
       "UPDATE t SET small = 'c'", "UPDATE t SET big = big || 'x', ext = ext || 'y'"},
      {"UPDATE t SET big = NULL, ext = NULL, blob = NULL, doc = NULL, list = NULL", "UPDATE t SET small = NULL"},
      {"INSERT INTO t SELECT i, NULL, repeat('again', 50000) FROM generate_series(50, 52) i",
       "DELETE FROM t WHERE id < 51"},
  };
}

RowStory KeysThatMove() {
  return {
      "keys_that_move",
      {"CREATE TABLE t (id int PRIMARY KEY, v text)", "INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 9) i"},
      {
          {"UPDATE t SET id = 100 WHERE id = 1"},
          // (a) a chain, (b) a swap, (c) there and back, in one transaction each
          {"BEGIN", "UPDATE t SET id = 20 WHERE id = 9", "UPDATE t SET id = 9 WHERE id = 8",
           "UPDATE t SET id = 8 WHERE id = 7", "COMMIT"},
          {"BEGIN", "UPDATE t SET id = -1 WHERE id = 2", "UPDATE t SET id = 2 WHERE id = 3",
           "UPDATE t SET id = 3 WHERE id = -1", "COMMIT"},
          {"BEGIN", "UPDATE t SET id = 55, v = 'away' WHERE id = 5", "UPDATE t SET id = 5 WHERE id = 55", "COMMIT"},
          {"BEGIN", "DELETE FROM t WHERE id = 4", "UPDATE t SET id = 4 WHERE id = 6", "INSERT INTO t VALUES (6, 'new')",
           "UPDATE t SET id = id + 1000", "COMMIT"},
          {"UPDATE t SET id = id - 1000"},
      }};
}

RowStory CompositeKeysInAnotherOrder() {
  return {"composite_keys_in_another_order",
          {"CREATE TABLE t (a int, b text, c date, v text, PRIMARY KEY (c, a, b))",
           "INSERT INTO t SELECT i, 'b' || i % 2, '2026-01-01'::date + i / 2, 'v' || i FROM generate_series(1, 9) i"},
          {
              {"UPDATE t SET v = v || '!'", "DELETE FROM t WHERE a = 2"},
              {"UPDATE t SET a = a + 1, c = c + 1", "UPDATE t SET b = 'z' WHERE a < 5"},
              {"BEGIN", "UPDATE t SET a = a + 100", "UPDATE t SET a = a - 100, v = NULL", "COMMIT"},
              {"INSERT INTO t VALUES (50, 'x', '2030-01-01', 'one'), (50, 'y', '2030-01-01', 'two'),"
               " (51, 'x', '2030-01-02', 'three')"},
              // a swap, and a chain
              {"BEGIN", "UPDATE t SET b = 'aside' WHERE v = 'one'", "UPDATE t SET b = 'x' WHERE v = 'two'",
               "UPDATE t SET b = 'y' WHERE v = 'one'", "COMMIT"},
              {"BEGIN", "UPDATE t SET (c, a, b) = ('2030-01-03', 52, 'z') WHERE v = 'three'",
               "UPDATE t SET (c, a, b) = ('2030-01-02', 51, 'x') WHERE v = 'two'",
               "UPDATE t SET (c, a, b) = ('2030-01-01', 50, 'x') WHERE v = 'one'", "COMMIT"},
          }};
}

RowStory AnIndexThatWasChosen() {
  return {"an_index_that_was_chosen",
          {"CREATE TABLE t (id int PRIMARY KEY, k text NOT NULL, n int NOT NULL, v text)",
           "CREATE UNIQUE INDEX chosen ON t (n, k)", "ALTER TABLE t REPLICA IDENTITY USING INDEX chosen",
           "INSERT INTO t SELECT i, 'k' || i % 3, i, 'v' || i FROM generate_series(1, 9) i"},
          {
              {"UPDATE t SET v = 'x' WHERE id = 1", "UPDATE t SET id = 100 WHERE id = 2", "DELETE FROM t WHERE id = 3"},
              {"UPDATE t SET k = 'moved', n = 50 WHERE id = 4", "UPDATE t SET n = n + 1000", "UPDATE t SET n = -n"},
              {"INSERT INTO t VALUES (3, 'again', 3, NULL)", "DELETE FROM t WHERE n < -1005"},
              {"INSERT INTO t VALUES (50, 'x', 50, 'one'), (51, 'y', 50, 'two'), (52, 'x', 51, 'three')"},
              // a swap, and a chain
              {"BEGIN", "UPDATE t SET k = 'aside' WHERE id = 50", "UPDATE t SET k = 'x' WHERE id = 51",
               "UPDATE t SET k = 'y' WHERE id = 50", "COMMIT"},
              {"BEGIN", "UPDATE t SET n = 52, k = 'z' WHERE id = 52", "UPDATE t SET n = 51, k = 'x' WHERE id = 51",
               "UPDATE t SET k = 'x' WHERE id = 50", "COMMIT"},
          }};
}

RowStory FullWithAKey() {
  return {"full_with_a_key",
          {"CREATE TABLE t (id int PRIMARY KEY DEFERRABLE, v text, w float8)", "ALTER TABLE t REPLICA IDENTITY FULL",
           "INSERT INTO t SELECT i, NULL, i / 3.0 FROM generate_series(1, 6) i"},
          {
              {"UPDATE t SET v = 'x' WHERE id = 1", "UPDATE t SET id = 100 WHERE id = 2", "DELETE FROM t WHERE id = 3"},
              {"UPDATE t SET v = v"},
              {"BEGIN", "UPDATE t SET id = CASE id WHEN 4 THEN 5 WHEN 5 THEN 4 ELSE id + 1 END", "COMMIT"},
          }};
}

RowStory FullWithoutAKey() {
  return {"full_without_a_key",
          {"CREATE TABLE t (a int, b text, c numeric, d float4, e timestamptz, f bytea, g text[])",
           "ALTER TABLE t REPLICA IDENTITY FULL",
           "INSERT INTO t VALUES (1, 'twin', 1.50, 0.1, '2026-08-01 12:00', '\\x00', '{a,NULL}'),"
           " (1, 'twin', 1.50, 0.1, '2026-08-01 12:00', '\\x00', '{a,NULL}'),"
           " (1, 'twin', 1.50, 0.1, '2026-08-01 12:00', '\\x00', '{a,NULL}'), (1, NULL, NULL, NULL, NULL, NULL, NULL),"
           " (NULL, NULL, NULL, NULL, NULL, NULL, NULL), (2, 'nan', 'NaN', 'NaN', 'infinity', '', '{}'),"
           " (3, '1.5', 123456789012345678901234567890.5, '-infinity', '0044-03-15 BC', NULL, NULL)"},
          {
              {"DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t WHERE b = 'twin')"},
              {"UPDATE t SET b = 'changed' WHERE ctid = (SELECT min(ctid) FROM t WHERE b = 'twin')"},
              {"UPDATE t SET b = 'was null' WHERE a IS NULL", "UPDATE t SET a = NULL WHERE b IS NULL",
               "UPDATE t SET a = 20 WHERE a = 2", "UPDATE t SET c = c + 1, d = -d WHERE a = 3"},
              {"INSERT INTO t SELECT * FROM t", "UPDATE t SET a = a + 1", "DELETE FROM t WHERE c = 'NaN'"},
              {"DELETE FROM t"},
          }};
}

RowStory AnIdentityThatChanges() {
  return {"an_identity_that_changes",
          {"CREATE TABLE t (id int PRIMARY KEY, k text NOT NULL UNIQUE, v text)",
           "INSERT INTO t SELECT i, 'k' || i, 'v' || i FROM generate_series(1, 9) i"},
          {
              {"ALTER TABLE t REPLICA IDENTITY FULL", "UPDATE t SET id = id + 10 WHERE id < 3",
               "DELETE FROM t WHERE id = 3"},
              {"ALTER TABLE t REPLICA IDENTITY USING INDEX t_k_key", "UPDATE t SET id = id + 10 WHERE id = 4",
               "DELETE FROM t WHERE id = 5", "UPDATE t SET k = 'moved' WHERE id = 6"},
              {"BEGIN", "UPDATE t SET k = k || '!'", "ALTER TABLE t REPLICA IDENTITY DEFAULT", "UPDATE t SET id = -id",
               "ALTER TABLE t REPLICA IDENTITY FULL", "UPDATE t SET k = k || '?', id = id - 1000", "COMMIT"},
              {"ALTER TABLE t REPLICA IDENTITY DEFAULT", "UPDATE t SET id = id + 500",
               "DELETE FROM t WHERE v IN ('v7', 'v8')"},
          }};
}

RowStory InsertsAndTruncatesWithoutAnyIdentity() {
  return {"inserts_and_truncates_without_any_identity",
          {"CREATE TABLE t (a int, b text)", "ALTER TABLE t REPLICA IDENTITY FULL",
           "INSERT INTO t VALUES (1, 'x'), (1, 'x')"},
          {
              {"ALTER TABLE t REPLICA IDENTITY NOTHING", "INSERT INTO t VALUES (1, 'x'), (NULL, NULL)"},
              {"TRUNCATE t", "INSERT INTO t VALUES (2, 'y')"},
          }};
}

RowStory KeysOfManyTypes() {
  return {
      "keys_of_many_types",
      {"CREATE TABLE texts (k text PRIMARY KEY, v int)", "CREATE TABLE uuids (k uuid PRIMARY KEY, v int)",
       "CREATE TABLE numbers (k numeric PRIMARY KEY, v int)", "CREATE TABLE times (k timestamptz PRIMARY KEY, v int)",
       "CREATE TABLE blobs (k bytea PRIMARY KEY, v int)", "CREATE TABLE floats (k float8 PRIMARY KEY, v int)",
       "CREATE TABLE bools (k bool PRIMARY KEY, v int)", "CREATE TABLE chars (k char(5) PRIMARY KEY, v int)",
       "INSERT INTO texts VALUES ('', 0), ('a', 1), ('A', 2), ('a ', 3), (E'tab\\t', 4), (E'back\\\\', 5), "
       "('\U0001F680', 6)",
       "INSERT INTO uuids SELECT md5(i::text)::uuid, i FROM generate_series(1, 5) i",
       "INSERT INTO numbers VALUES (0, 0), (1.0, 1), (0.1, 2), ('NaN', 3), "
       "(12345678901234567890.12345678901234567890, 4),"
       " (9007199254740993, 5), (1e100, 7)",
       "INSERT INTO times VALUES ('infinity', 0), ('2026-08-01 12:00:00.000001+02', 1), ('0001-01-01 BC', 2)",
       "INSERT INTO blobs VALUES ('', 0), ('\\x00', 1), ('\\x0000', 2), ('\\xff', 3)",
       "INSERT INTO floats VALUES (0, 0), (0.1, 1), ('NaN', 2), ('infinity', 3), (1e308, 4), (4.9e-324, 5)",
       "INSERT INTO bools VALUES (true, 1), (false, 0)", "INSERT INTO chars VALUES ('a', 1), ('', 2), ('abcde', 3)"},
      {
          {"UPDATE texts SET v = v + 10", "UPDATE uuids SET v = v + 10", "UPDATE numbers SET v = v + 10",
           "UPDATE times SET v = v + 10", "UPDATE blobs SET v = v + 10", "UPDATE floats SET v = v + 10",
           "UPDATE bools SET v = v + 10", "UPDATE chars SET v = v + 10"},
          {"UPDATE texts SET k = k || 'x'", "UPDATE numbers SET k = k + 1000.5 WHERE k <> 'NaN'",
           "UPDATE blobs SET k = k || '\\x01'", "UPDATE floats SET k = -k WHERE v > 10",
           "UPDATE chars SET k = 'new' WHERE v = 11"},
          {"DELETE FROM texts WHERE v > 12", "DELETE FROM uuids WHERE v > 12", "DELETE FROM numbers WHERE v > 12",
           "DELETE FROM times", "DELETE FROM blobs WHERE v > 11", "DELETE FROM floats WHERE v > 11",
           "DELETE FROM bools WHERE k", "DELETE FROM chars WHERE k = ''"},
      }};
}

RowStory InfiniteKeys() {
  return {"infinite_keys",
          {"CREATE TABLE numbers (k numeric PRIMARY KEY, v int)",
           "INSERT INTO numbers VALUES ('Infinity', 1), ('-Infinity', 2), (1e100, 3), ('NaN', 4)"},
          {
              {"UPDATE numbers SET v = v + 10", "UPDATE numbers SET k = k + 1000.5 WHERE k < 'Infinity'"},
              {"DELETE FROM numbers WHERE v > 11"},
          },
          /*through_pgoutput=*/true,
          /*needs=*/"current_setting('server_version_num')::int >= 140000"};
}

RowStory ValuesBesideTheRow() {
  return {"values_beside_the_row", {ToastTable()}, ToastSteps()};
}

RowStory ValuesBesideTheRowUnderFull() {
  return {"values_beside_the_row_under_full", {ToastTable(), "ALTER TABLE t REPLICA IDENTITY FULL"}, ToastSteps()};
}

RowStory ValuesBesideTheRowWithoutAKey() {
  return {"values_beside_the_row_without_a_key",
          {ToastTable(), "ALTER TABLE t DROP CONSTRAINT t_pkey", "ALTER TABLE t REPLICA IDENTITY FULL"},
          ToastSteps()};
}

RowStory ValuesInTheKey() {
  return {
      "values_in_the_key",
      {"CREATE TABLE t (k text, n int, big text, v text, PRIMARY KEY (k, n))",
       // compressed it fits into an index; with the other one beside it, it is stored outside
       "ALTER TABLE t ALTER big SET STORAGE EXTERNAL",
       "INSERT INTO t SELECT repeat('key' || i, 30000), i, repeat('b' || i, 5000), 'v' FROM generate_series(1, 5) i"},
      {
          {"UPDATE t SET v = 'x'"},
          {"UPDATE t SET n = n + 10 WHERE n < 3", "UPDATE t SET k = k || 'more', v = 'y' WHERE n = 3"},
          {"DELETE FROM t WHERE n = 4", "UPDATE t SET k = repeat('other', 20000), big = NULL WHERE n = 5"},
          {"ALTER TABLE t REPLICA IDENTITY FULL", "UPDATE t SET n = n + 100", "DELETE FROM t WHERE n > 112"},
      },
      /*through_pgoutput=*/false};
}

// An UPDATE that leaves it alone does not bring it.
RowStory AKeyBesideTheRow() {
  return {"a_key_beside_the_row",
          {"CREATE TABLE t (k text PRIMARY KEY, v int)", "ALTER TABLE t ALTER k SET STORAGE EXTERNAL",
           "INSERT INTO t SELECT i || repeat('k', 2500), i FROM generate_series(1, 5) i",
           "DO $$ BEGIN ASSERT (SELECT pg_relation_size(reltoastrelid) > 0 FROM pg_class WHERE oid = 't'::regclass); "
           "END $$"},
          {
              {"UPDATE t SET v = v + 10"},
              {"UPDATE t SET k = 'new' || k WHERE v = 11", "UPDATE t SET k = 'short', v = 0 WHERE v = 12"},
              {"DELETE FROM t WHERE v = 13", "UPDATE t SET v = -1, k = k WHERE v = 14"},
          }};
}

RowStory CompressionOfEitherKind() {
  return {
      "compression_of_either_kind",
      {"CREATE TABLE t (id int PRIMARY KEY, a text COMPRESSION pglz, b text COMPRESSION lz4, c text)",
       "INSERT INTO t SELECT i, repeat('abc', 1000), repeat('abc', 1000), repeat('abc', 100000) FROM "
       "generate_series(1, 3) i"},
      {
          {"UPDATE t SET id = id + 10", "ALTER TABLE t ALTER a SET COMPRESSION lz4", "UPDATE t SET a = a || 'x'"},
          {"UPDATE t SET c = b WHERE id = 11", "DELETE FROM t WHERE id = 12"},
      },
      /*through_pgoutput=*/true,
      /*needs=*/"EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals))"};
}

}  // namespace

std::vector<RowStory> IdentityStories() {
  return {KeysThatMove(),
          CompositeKeysInAnotherOrder(),
          AnIndexThatWasChosen(),
          FullWithAKey(),
          FullWithoutAKey(),
          AnIdentityThatChanges(),
          InsertsAndTruncatesWithoutAnyIdentity(),
          KeysOfManyTypes(),
          InfiniteKeys()};
}

std::vector<RowStory> ToastStories() {
  return {ValuesBesideTheRow(), ValuesBesideTheRowUnderFull(), ValuesBesideTheRowWithoutAKey(), ValuesInTheKey(),
          AKeyBesideTheRow(),   CompressionOfEitherKind()};
}

}  // namespace deltamirror::fidelity
