-- What does not work says why, and leaves nothing half done behind.

-- An unknown option, a wrong type, an impossible value.
SELECT pg_import('@CONNINFO@', 'SELECT 1 AS a', 't', '{"colums":{}}');
SELECT pg_import('@CONNINFO@', 'SELECT 1 AS a', 't', '{"strict":"perhaps"}');
SELECT pg_import('@CONNINFO@', 'SELECT 1 AS a', 't', '{"mode":"merge"}');
SELECT pg_import('@CONNINFO@', 'SELECT 1 AS a', 't', '{"commit_every":0}');
SELECT pg_import('@CONNINFO@', 'SELECT 1 AS a', 't', '{mode:create}');

-- A server that is not there, a database that is not there, a wrong password: which is not to be seen.
SELECT pg_import('host=@DIR@ user=postgres', 'SELECT 1 AS a', 't');
SELECT pg_exec('@CONNINFO@ dbname=nobody', 'SELECT 1');
SELECT pg_exec('@CONNINFO@', 'CREATE ROLE locked LOGIN PASSWORD ''right''') AS exec;
SELECT pg_exec('@CONNINFO@ user=locked password=sesame', 'SELECT 1');
SELECT pg_exec('password=sesame nonsense', 'SELECT 1');

-- A query that fails at once, and one that fails half way.
SELECT pg_import('@CONNINFO@', 'SELECT nothing FROM nowhere', 't');
SELECT pg_import('@CONNINFO@', 'SELECT g, 1 / (5 - g) AS q FROM generate_series(1, 10) g', 't');
SELECT name FROM sqlite_schema;

-- A target whose columns do not fit.
CREATE TABLE narrow(a INTEGER);
SELECT pg_import('@CONNINFO@', 'SELECT 1 AS a, 2 AS b', 'narrow');
SELECT pg_import('@CONNINFO@', 'SELECT 1 AS a', 'nowhere.narrow');
SELECT count(*) FROM narrow;

-- A key that is there already: all or nothing.
CREATE TABLE keyed(a INTEGER PRIMARY KEY);
INSERT INTO keyed VALUES (3);
SELECT pg_import('@CONNINFO@', 'SELECT g AS a FROM generate_series(1, 5) g', 'keyed');
SELECT a FROM keyed;

-- The way back.
SELECT pg_export('@CONNINFO@', 'SELECT 1 AS a', 'nowhere');
SELECT pg_export('@CONNINFO@', 'SELECT nothing', 'nowhere');
SELECT pg_exec('@CONNINFO@', 'SELEC 1');
SELECT * FROM pg_query('@CONNINFO@', 'SELECT nothing');

-- A database locked by another writer, and one that is read-only.
.connection 1
.open @DIR@/cache.db
BEGIN IMMEDIATE;
.connection 0
.timeout 100
SELECT pg_import('@CONNINFO@', 'SELECT 1 AS a', 'narrow');
.connection 1
ROLLBACK;
.connection close 0
.open --readonly @DIR@/cache.db
.load @EXTENSION@
SELECT pg_import('@CONNINFO@', 'SELECT 1 AS a', 'narrow');
SELECT count(*) FROM narrow;
