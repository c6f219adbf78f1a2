\a \t
\set SHOW_CONTEXT never
-- A filter of columns and rows for a table.
CREATE TABLE flights (id int PRIMARY KEY, gate text, price int, note text);
ALTER TABLE flights REPLICA IDENTITY FULL;
CREATE FUNCTION filtered(VARIADIC options text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
	SELECT changes(VARIADIC '{mirror,on,partition-root,on,ddl,off}' || options);
$$;
SELECT open_slot();
-- (a) rows that stay, come and go; NULL is not true
INSERT INTO flights VALUES (1, 'A1', 50, 'x'), (2, 'A2', 150, 'y'), (3, 'A3', NULL, 'z');
UPDATE flights SET gate = 'B' || id;
UPDATE flights SET price = 200 WHERE id = 1;
UPDATE flights SET price = NULL WHERE id = 2;
UPDATE flights SET price = 300 WHERE id = 3;
UPDATE flights SET id = 13 WHERE id = 3;
DELETE FROM flights;
TRUNCATE flights;
SELECT filtered('filters', '{"flights":{"columns":["id","gate"],"where":"price > 100"}}');
-- (b) columns alone, rows alone; other tables are printed whole
CREATE TABLE others (id int PRIMARY KEY, v text);
INSERT INTO flights VALUES (1, 'A1', 50, 'x'), (2, 'A2', 150, 'y');
INSERT INTO others VALUES (1, 'v');
SELECT line FROM peek('mirror', 'on', 'ddl', 'off', 'filters', '{"flights":{"columns":["note","id"]}}') AS line WHERE line NOT LIKE '%relation%';
SELECT line FROM filtered('filters', '{"public.flights":{"where":"flights.price > 100 -- dear"}}') AS line WHERE line NOT LIKE '%relation%';
-- (c) a row of which nothing is printed leaves no trace
INSERT INTO flights VALUES (4, 'A4', 1, 'x');
SELECT filtered('filters', '{"flights":{"where":"price > 100"}}');
-- (d) a key in the filter, without the rest of the old row
CREATE TABLE keyed (region text, id int, v text, PRIMARY KEY (region, id));
INSERT INTO keyed VALUES ('east', 1, 'a'), ('west', 2, 'b');
UPDATE keyed SET v = 'c';
UPDATE keyed SET region = 'east' WHERE id = 2;
UPDATE keyed SET region = 'north' WHERE id = 1;
DELETE FROM keyed;
SELECT line FROM filtered('filters', '{"keyed":{"where":"region = ''east''"}}') AS line WHERE line NOT LIKE '%relation%';
-- (e) a large value that is not in the WAL cannot come in
ALTER TABLE keyed ALTER v SET STORAGE EXTERNAL;
INSERT INTO keyed VALUES ('west', 1, repeat('a', 5000)), ('west', 2, 'b');
UPDATE keyed SET region = 'east';
SELECT line FROM filtered('filters', '{"keyed":{"where":"region = ''east''"}}') AS line WHERE line NOT LIKE '%relation%';
ALTER TABLE keyed REPLICA IDENTITY FULL;
UPDATE keyed SET region = 'west';
UPDATE keyed SET region = 'east';
SELECT left(line, 80) FROM filtered('filters', '{"keyed":{"where":"region = ''east'' AND length(v) > 4000"}}') AS line WHERE line NOT LIKE '%relation%';
-- (f) what updates cannot be told of
CREATE TABLE bad (id int PRIMARY KEY, price int, note text);
INSERT INTO bad VALUES (1, 200, 'x');
SELECT line FROM peek('mirror', 'on', 'ddl', 'off', 'filters', '{"bad":{"where":"price > 100"}}') AS line WHERE line LIKE '%insert%';
UPDATE bad SET note = 'y';
SELECT peek('mirror', 'on', 'ddl', 'off', 'filters', '{"bad":{"where":"price > 100"}}');
SELECT peek('mirror', 'on', 'ddl', 'off', 'filters', '{"bad":{"columns":["note"]}}');
SELECT count(*) FROM changes();
-- (g) partitions have their root's filter, whatever the order of their columns
CREATE TABLE log (id int NOT NULL, region text NOT NULL, note text, level int, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
CREATE TABLE log_east PARTITION OF log FOR VALUES IN ('east');
CREATE TABLE log_west (note text, level int, region text NOT NULL, id int NOT NULL);
ALTER TABLE log ATTACH PARTITION log_west FOR VALUES IN ('west');
ALTER TABLE log_east REPLICA IDENTITY FULL;
ALTER TABLE log_west REPLICA IDENTITY FULL;
INSERT INTO log VALUES (1, 'east', 'a', 1), (2, 'east', 'b', 9), (3, 'west', 'c', 1), (4, 'west', 'd', 9);
UPDATE log SET level = 10 - level;
UPDATE log SET region = 'west' WHERE id = 1;
SELECT filtered('filters', '{"log":{"columns":["id","region","level"],"where":"level > 5"}}');
-- (h) a rewrite
ALTER TABLE log ALTER level TYPE bigint;
ALTER TABLE flights ALTER price TYPE numeric;
SELECT filtered('tables', 'flights, log', 'filters', '{"log":{"columns":["id","region"],"where":"level > 5"},"flights":{"where":"price > 100"}}');
-- (i) with numbers, names are those that the columns had; a later column has none
SELECT format('{"flights":{"columns":["id","gate"],"where":"price > 100","relid":%s,"attributes":{"id":1,"gate":2,"price":3,"note":4}}}', 'flights'::regclass::oid) AS numbered \gset
ALTER TABLE flights RENAME price TO cost;
ALTER TABLE flights RENAME gate TO door;
ALTER TABLE flights ADD gate text DEFAULT 'new';
ALTER TABLE flights ADD price int DEFAULT 1;
INSERT INTO flights (id, door, cost) VALUES (7, 'A7', 700), (8, 'A8', 8);
ALTER TABLE flights DROP door;
INSERT INTO flights (id, cost) VALUES (9, 900);
ALTER TABLE flights RENAME TO departures;
INSERT INTO departures (id, cost) VALUES (10, 1000), (11, 11);
SELECT filtered('filters', :'numbered');
-- (j) without numbers they must be there
INSERT INTO departures (id, cost) VALUES (12, 1000);
SELECT peek('mirror', 'on', 'ddl', 'off', 'filters', '{"departures":{"columns":["id","door"]}}');
SELECT peek('mirror', 'on', 'ddl', 'off', 'filters', '{"departures":{"where":"door = 1"}}');
ALTER TABLE departures DROP cost;
INSERT INTO departures (id) VALUES (13);
SELECT filtered('filters', :'numbered');
SELECT count(*) FROM changes();
-- (k) a table that gets a filter with its name has rows that were printed before
CREATE TABLE plain (id int PRIMARY KEY, v int);
INSERT INTO plain VALUES (1, 1);
ALTER TABLE plain RENAME TO special;
INSERT INTO special VALUES (2, 2), (3, 30);
SELECT changes('mirror', 'on', 'filters', '{"special":{"where":"id > 2"}}');
-- (l) the same for one that is attached
CREATE TABLE log_north (LIKE log);
INSERT INTO log_north VALUES (1, 'north', 'n', 1);
ALTER TABLE log ATTACH PARTITION log_north FOR VALUES IN ('north');
SELECT line FROM changes('mirror', 'on', 'partition-root', 'on', 'filters', '{"log":{"where":"id > 2"}}') AS line WHERE line NOT LIKE '%relation%';
SELECT close_slot();
DROP FUNCTION filtered;
DROP TABLE departures, others, keyed, bad, log, special;
-- (m) what is refused, when it is looked for
CREATE TABLE t (id int PRIMARY KEY, v text, n numeric, at timestamptz);
ALTER TABLE t REPLICA IDENTITY FULL;
CREATE TYPE mood AS ENUM ('sad', 'ok');
ALTER TABLE t ADD m mood;
CREATE FUNCTION mine(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
SELECT open_slot();
CREATE FUNCTION checked(expression text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT changes('mirror', 'on', 'check-filters', 'on', 'filters', jsonb_build_object('t', jsonb_build_object('where', expression))::text);
$$;
SELECT checked('id > 1 AND v LIKE ''a%'' OR n IS NULL OR n IN (1, 2.5) OR (id, v) < (1, ''b'') OR coalesce(v, ''x'') = lower(v) COLLATE "C"');
SELECT checked('wrong > 1');
SELECT checked('other.id > 1');
SELECT checked('t.* IS NULL');
SELECT checked('ctid = ''(0,1)''');
SELECT checked('id IN (SELECT 1)');
SELECT checked('now() > at');
SELECT checked('random() < 0.5');
SELECT checked('mine(id)');
SELECT checked('m = ''ok''');
SELECT checked('count(*) > 1');
SELECT checked('id');
SELECT checked('id = $1');
SELECT checked('id >');
SELECT checked('id > 1) FROM t WHERE (true');
SELECT checked('id > 1) OR (true');
SELECT checked('id > 1 FROM t');
SELECT checked('true UNION SELECT false');
SELECT checked('true; SELECT true');
SELECT checked('true, false');
SELECT checked('true AS x');
SELECT checked('DISTINCT true');
SELECT checked('');
SELECT checked('1 / 0 = 1');
SELECT changes('mirror', 'on', 'check-filters', 'on', 'filters', '{"nowhere":{"where":"true"}}');
SELECT changes('mirror', 'on', 'check-filters', 'on', 'filters', '{"t":{"columns":["id","wrong"]}}');
ALTER TABLE t REPLICA IDENTITY DEFAULT;
SELECT checked('n > 1');
SELECT changes('mirror', 'on', 'check-filters', 'on', 'filters', '{"t":{"columns":["v"]}}');
ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (n, id);
ALTER TABLE t REPLICA IDENTITY FULL;
INSERT INTO t VALUES (1, 'a', 2);
SELECT changes('mirror', 'on', 'ddl', 'off', 'filters', '{"t":{"columns":["id","v"]}}');
CREATE TABLE p (id int, v text, PRIMARY KEY (id)) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
ALTER TABLE p REPLICA IDENTITY FULL;
ALTER TABLE p1 REPLICA IDENTITY FULL;
SELECT changes('mirror', 'on', 'partition-root', 'on', 'check-filters', 'on', 'filters', '{"p":{"where":"v > ''a''"}}');
ALTER TABLE p2 REPLICA IDENTITY FULL;
SELECT changes('mirror', 'on', 'partition-root', 'on', 'check-filters', 'on', 'tables', 'p', 'filters', '{"p":{"where":"v > ''a''"}}');
DROP TABLE p;
SELECT changes('filters', '{}');
SELECT changes('mirror', 'on', 'filters', '[]');
SELECT changes('mirror', 'on', 'filters', '{"t":1}');
SELECT changes('mirror', 'on', 'filters', '{"t.":{}}');
SELECT changes('mirror', 'on', 'filters', '{"ops.*":{}}');
SELECT changes('mirror', 'on', 'filters', '{"t":{"column":["id"]}}');
SELECT changes('mirror', 'on', 'filters', '{"t":{"columns":[1]}}');
SELECT changes('mirror', 'on', 'filters', '{"t":{"where":1}}');
SELECT close_slot();
DROP FUNCTION checked;
DROP FUNCTION mine;
DROP TABLE t;
DROP TYPE mood;
