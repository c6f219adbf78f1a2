\a \t
-- Random values are masked.
CREATE FUNCTION rewrites(VARIADIC options text[]) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT regexp_replace(line, '	r	0\.[0-9]+(e-[0-9]+)?', '	r	<random>') FROM changes(VARIADIC options) AS line;
$$;
CREATE TABLE t (id int PRIMARY KEY, gone int, n int NOT NULL, d int DEFAULT 5);
ALTER TABLE t DROP COLUMN gone;
INSERT INTO t VALUES (1, 10), (2, 20);
ALTER TABLE t ADD COLUMN m int DEFAULT 7;
SELECT open_slot();
-- (a) another type, before any change was seen
ALTER TABLE t ALTER n TYPE text USING 'n' || n;
INSERT INTO t VALUES (3, 'n30');
SELECT rewrites('mirror', 'on');
-- (b) a volatile default
ALTER TABLE t ADD COLUMN r double precision DEFAULT random();
DELETE FROM t WHERE id = 3;
SELECT rewrites('mirror', 'on');
-- (c) the key
ALTER TABLE t DROP COLUMN r, ALTER id TYPE bigint;
UPDATE t SET id = 4 WHERE id = 2;
SELECT rewrites('mirror', 'on');
-- (d) twice in a transaction, with other changes between
BEGIN;
INSERT INTO t VALUES (5, 'n50');
ALTER TABLE t ALTER n TYPE varchar USING upper(n);
SAVEPOINT a;
ALTER TABLE t ALTER d TYPE text;
ROLLBACK TO a;
INSERT INTO t VALUES (6, 'n60');
ALTER TABLE t ALTER m TYPE numeric;
INSERT INTO t VALUES (7, 'n70');
COMMIT;
SELECT rewrites('mirror', 'on');
-- (e) no rewrite, or nothing that a reader sees
ALTER TABLE t ALTER n TYPE text;
SELECT rewrites('mirror', 'on');
VACUUM FULL t;
CLUSTER t USING t_pkey;
REINDEX TABLE t;
SELECT rewrites('mirror', 'on');
-- (f) renamed in the same transaction
BEGIN;
ALTER TABLE t RENAME TO u;
ALTER TABLE u ALTER d TYPE text;
COMMIT;
SELECT rewrites('mirror', 'on');
-- (g) the filter is about the table, not about the heap
ALTER TABLE u ALTER d TYPE int USING d::int;
SELECT count(*) FROM peek('mirror', 'on', 'tables', 'other');
SELECT count(*) FROM peek();
SELECT count(*) FROM rewrites('mirror', 'on', 'tables', 'u');
-- (h) a table that becomes logged comes whole
CREATE UNLOGGED TABLE v (id int PRIMARY KEY);
INSERT INTO v VALUES (1), (2);
ALTER TABLE v SET LOGGED;
SELECT rewrites('mirror', 'on');
-- (i) generated columns
ALTER TABLE v ADD COLUMN twice int GENERATED ALWAYS AS (id * 2) STORED;
INSERT INTO v VALUES (3);
SELECT rewrites('mirror', 'on');
-- (j) partitions: one truncate for the root, or one for each leaf
CREATE TABLE p (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30);
INSERT INTO p VALUES (11, 1), (21, 2);
SELECT count(*) FROM changes();
BEGIN;
ALTER TABLE p ALTER n TYPE text;
INSERT INTO p VALUES (1, '3');
ALTER TABLE p ALTER n TYPE int USING n::int;
ALTER TABLE p ALTER n TYPE numeric;
COMMIT;
SELECT line FROM peek('mirror', 'on') AS line WHERE line NOT LIKE '%relation%';
SELECT line FROM rewrites('mirror', 'on', 'partition-root', 'on') AS line WHERE line NOT LIKE '%relation%';
-- (k) a leaf that is rewritten alone says so
ALTER TABLE p2 SET UNLOGGED;
ALTER TABLE p2 SET LOGGED;
SELECT line FROM rewrites('mirror', 'on', 'partition-root', 'on') AS line WHERE line NOT LIKE '%relation%';
-- (l) materialized views are rewritten, too
CREATE MATERIALIZED VIEW mv AS SELECT id FROM u;
REFRESH MATERIALIZED VIEW mv;
SELECT rewrites('mirror', 'on');
SELECT close_slot();
DROP MATERIALIZED VIEW mv;
DROP FUNCTION rewrites;
DROP TABLE u, v, p;
