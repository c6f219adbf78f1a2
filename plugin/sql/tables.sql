\a \t
CREATE SCHEMA ops;
CREATE SCHEMA "Odd ""Schema""";
CREATE SCHEMA deltamirror;
CREATE TABLE flights (id int);
CREATE TABLE "Flights" (id int);
CREATE TABLE ops.flights (id int);
CREATE TABLE ops.crew (id int);
CREATE TABLE "Odd ""Schema""".crew (id int);
CREATE TABLE deltamirror.saved_table (id int);
CREATE MATERIALIZED VIEW seen AS SELECT * FROM flights;
CREATE UNIQUE INDEX ON seen (id);
CREATE FUNCTION seen(list text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT DISTINCT substring(line FROM '^_table	(.*?)	_xid')
	FROM peek('mirror', 'on', 'tables', list) AS line WHERE line LIKE '\_table%' ORDER BY 1;
$$;
SELECT open_slot();
INSERT INTO flights VALUES (1);
INSERT INTO "Flights" VALUES (1);
INSERT INTO ops.flights VALUES (1);
INSERT INTO ops.crew VALUES (1);
INSERT INTO "Odd ""Schema""".crew VALUES (1);
INSERT INTO deltamirror.saved_table VALUES (1);
TRUNCATE deltamirror.saved_table;
REFRESH MATERIALIZED VIEW seen;
INSERT INTO flights VALUES (2);
REFRESH MATERIALIZED VIEW CONCURRENTLY seen;
CREATE TABLE ops.later AS SELECT 1 AS id;
SELECT peek('mirror', 'on');
SELECT seen('*');
SELECT seen('flights');
SELECT seen('FLIGHTS,public."Flights"');
SELECT seen('"FLIGHTS"');
SELECT seen('ops.*');
SELECT seen('ops.crew, ops.later');
SELECT seen('"Odd ""Schema""".*');
SELECT seen('deltamirror.*,public.*');
SELECT seen('nosuch.table');
-- the original has all of them
SELECT substring(line FROM '^_table	(.*?)	_xid') FROM changes('full-name', 'on') AS line;
SELECT close_slot();
DROP FUNCTION seen;
SET client_min_messages = warning;
DROP MATERIALIZED VIEW seen;
DROP TABLE flights, "Flights";
DROP SCHEMA ops, "Odd ""Schema""", deltamirror CASCADE;
