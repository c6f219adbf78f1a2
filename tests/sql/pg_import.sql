-- Copying in, out and back.
SELECT pg_exec('@CONNINFO@', 'CREATE TABLE flights (id integer PRIMARY KEY, ident varchar(8) NOT NULL, seats smallint, price numeric(20,4), departure timestamptz, open boolean, note text)') AS exec;
SELECT pg_exec('@CONNINFO@', 'INSERT INTO flights VALUES (1, ''AAL1'', 180, 99.5, ''2017-10-09 00:00:00+00'', true, NULL), (2, ''UAL2'', NULL, 1234567890123456.7891, ''infinity'', false, '''')') AS exec;

SELECT pg_import('@CONNINFO@', 'flights', 'flights', '{"primary_key":["id"]}') AS rows;
.schema flights
SELECT *, typeof(seats), typeof(price), typeof(open) FROM flights ORDER BY id;

-- A query, into a table of its own; then again, by column name.
SELECT pg_import('@CONNINFO@', 'SELECT ident, id FROM flights WHERE open', 'open_flights') AS rows;
SELECT pg_import('@CONNINFO@', 'SELECT id, ident FROM flights WHERE NOT open', 'open_flights') AS rows;
SELECT id, ident FROM open_flights ORDER BY id;

-- The modes.
SELECT pg_import('@CONNINFO@', 'flights', 'flights', '{"mode":"create"}');
SELECT pg_exec('@CONNINFO@', 'UPDATE flights SET note = ''changed'' WHERE id = 2') AS exec;
SELECT pg_import('@CONNINFO@', 'flights', 'flights', '{"mode":"replace"}') AS rows;
SELECT id, note FROM flights ORDER BY id;
SELECT pg_import('@CONNINFO@', 'SELECT * FROM flights WHERE id = 1', 'flights', '{"mode":"refresh"}') AS rows;
SELECT id, note FROM flights ORDER BY id;
SELECT pg_import('@CONNINFO@', 'flights', 'flights', '{"mode":"append"}');
SELECT count(*) FROM flights;

-- Another database of the connection.
ATTACH ':memory:' AS cache;
SELECT pg_import('@CONNINFO@', 'flights', 'cache.flights', '{"primary_key":["id"],"without_rowid":true,"strict":true}') AS rows;
SELECT count(*) FROM cache.flights;

-- And the way back.
SELECT pg_exec('@CONNINFO@', 'CREATE TABLE back (id integer, ident text, price numeric)') AS exec;
SELECT pg_export('@CONNINFO@', 'SELECT id, ident, price FROM cache.flights', 'back') AS rows;
SELECT "row" FROM pg_query('@CONNINFO@', 'SELECT * FROM back ORDER BY id');
