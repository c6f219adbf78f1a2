\a \t
SET datestyle = ISO;
-- Everything about a table changes while one call decodes.
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN code AS varchar(10) CHECK (VALUE <> '');
CREATE DOMAIN codes AS code[];
CREATE TABLE t (id int PRIMARY KEY, a int, b text);
SELECT open_slot();
INSERT INTO t VALUES (1, 2, 'three');
-- (a) columns: add, with and without a value for old rows, drop, rename
ALTER TABLE t ADD COLUMN c text DEFAULT E'tab\t"quote" \\';
ALTER TABLE t ADD COLUMN d bool NOT NULL DEFAULT true;
ALTER TABLE t ADD COLUMN e int;
INSERT INTO t VALUES (2, 3, 'four');
UPDATE t SET b = 'five' WHERE id = 1;
ALTER TABLE t DROP COLUMN a;
INSERT INTO t VALUES (3, 'five');
ALTER TABLE t RENAME COLUMN b TO "B	b";
INSERT INTO t VALUES (4, 'six');
ALTER TABLE t DROP COLUMN c, DROP COLUMN d, DROP COLUMN e;
SELECT changes('mirror', 'on');
-- (b) old rows have the value under FULL, also those that never stored it
ALTER TABLE t REPLICA IDENTITY FULL;
ALTER TABLE t ADD COLUMN f date DEFAULT '2024-02-29', ADD COLUMN g varchar(10);
UPDATE t SET "B	b" = 'seven' WHERE id = 1;
DELETE FROM t WHERE id = 2;
ALTER TABLE t DROP COLUMN f, REPLICA IDENTITY DEFAULT;
SELECT changes('mirror', 'on');
-- (c) names: table, schema, type
ALTER TABLE t ADD COLUMN m mood, ADD COLUMN n code, ADD COLUMN o codes;
INSERT INTO t VALUES (5, 'x', 'y', 'sad', 'n', '{o,p}');
ALTER TABLE t RENAME TO u;
INSERT INTO u VALUES (6);
CREATE SCHEMA ops;
ALTER TABLE u SET SCHEMA ops;
INSERT INTO ops.u VALUES (7);
ALTER SCHEMA ops RENAME TO "o	ps";
INSERT INTO "o	ps".u VALUES (8);
ALTER TYPE mood RENAME TO feeling;
ALTER TYPE feeling RENAME VALUE 'sad' TO 'blue';
INSERT INTO "o	ps".u (id, m) VALUES (9, 'blue');
ALTER TABLE "o	ps".u SET SCHEMA public;
ALTER TABLE u RENAME TO t;
INSERT INTO t VALUES (10);
SELECT changes('mirror', 'on');
-- (d) types without a rewrite, NOT NULL
ALTER TABLE t ALTER n TYPE text;
ALTER TABLE t ALTER n SET NOT NULL;
SELECT changes('mirror', 'on');
DELETE FROM t WHERE n IS NULL;
ALTER TABLE t ALTER n SET NOT NULL;
INSERT INTO t (id, n) VALUES (11, 'z');
SELECT line FROM changes('mirror', 'on') AS line WHERE line NOT LIKE '%delete%';
-- (e) inside a transaction, undone and done
BEGIN;
INSERT INTO t (id, n) VALUES (12, 'a');
SAVEPOINT s;
ALTER TABLE t ADD COLUMN undone int DEFAULT 1;
INSERT INTO t (id, n) VALUES (13, 'b');
ROLLBACK TO s;
INSERT INTO t (id, n) VALUES (14, 'c');
ALTER TABLE t ADD COLUMN done int DEFAULT 1;
INSERT INTO t (id, n) VALUES (15, 'd');
COMMIT;
INSERT INTO t (id, n) VALUES (16, 'e');
SELECT changes('mirror', 'on');
-- (f) what is no change of shape prints no relation line
INSERT INTO t (id, n) VALUES (17, 'f');
CREATE INDEX ON t (n);
COMMENT ON TABLE t IS 'a table';
ANALYZE t;
CREATE TABLE unrelated (m feeling);
INSERT INTO t (id, n) VALUES (18, 'g');
SELECT count(*) FROM changes('mirror', 'on') AS line WHERE line LIKE '%relation%';
-- (g) dropped, and made anew under the same name, before we decode
CREATE TABLE brief (a int PRIMARY KEY);
INSERT INTO brief VALUES (1);
DROP TABLE brief;
CREATE TABLE brief (b text, c int[]);
INSERT INTO brief VALUES ('x', '{1}');
DROP TABLE brief;
CREATE TABLE empty ();
INSERT INTO empty DEFAULT VALUES;
SELECT changes('mirror', 'on');
-- (h) types that are dropped later
CREATE TYPE pair AS (a int, b text);
CREATE TABLE short_lived (p pair, m feeling[]);
INSERT INTO short_lived VALUES ((1, 'x	y'), '{happy}');
DROP TABLE short_lived;
DROP TYPE pair;
SELECT changes('mirror', 'on');
-- (i) a column that is computed
CREATE TABLE computed (a int, b int GENERATED ALWAYS AS (a + 1) STORED);
INSERT INTO computed VALUES (1);
SELECT changes('mirror', 'on');
SELECT close_slot();
DROP TABLE t, unrelated, empty, computed;
DROP DOMAIN codes, code;
DROP TYPE feeling;
DROP SCHEMA "o	ps";
