\a \t
CREATE TABLE zzz (a text PRIMARY KEY, b text);
SELECT open_slot();
BEGIN;
INSERT INTO zzz VALUES ('fox1', 'hen1'), ('fox2', NULL), (E'\t\n\\', E'\\N');
UPDATE zzz SET b = 'hen3' WHERE a = 'fox1';
UPDATE zzz SET a = 'fox3' WHERE a = 'fox2';
DELETE FROM zzz WHERE a = 'fox3';
COMMIT;
SELECT peek('mirror', 'on');

-- lines of a transaction in one message
SELECT replace(line, E'\n', E'$\n') FROM changes('mirror', 'on', 'batch-size', '10000') AS line;
-- a message is written once it has that many bytes
INSERT INTO zzz SELECT 'goose' || i, i FROM generate_series(1, 7) i;
SELECT length(line) - length(replace(line, E'\n', '')) + 1 AS lines, length(line) BETWEEN 200 AND 350 AS right_size
	FROM changes('mirror', 'on', 'batch-size', '200') AS line;

-- xid, LSN and time are the transaction's
CREATE TEMP TABLE facts (xid xid8, before pg_lsn, start timestamptz);
BEGIN;
INSERT INTO zzz VALUES ('fact', 'x');
INSERT INTO facts VALUES (pg_current_xact_id(), pg_current_wal_insert_lsn(), clock_timestamp());
COMMIT;
SELECT pairs[2] = facts.xid::text AS xid,
	pairs[4]::pg_lsn >= before AND pairs[4]::pg_lsn < pg_current_wal_lsn() AS lsn,
	to_timestamp(pairs[6]::int8 / 1e6) BETWEEN start AND clock_timestamp() AS "time",
	pairs[4]::pg_lsn < changes.lsn AS ends_later
FROM facts, pg_logical_slot_peek_changes('regression_slot', NULL, NULL, 'mirror', 'on') AS changes,
	string_to_array(data, E'\t') AS pairs
WHERE data LIKE '_xid%';
SELECT count(DISTINCT substring(data FROM '_lsn	([0-9A-F/]+)')), count(*)
	FROM pg_logical_slot_get_changes('regression_slot', NULL, NULL, 'mirror', 'on');

-- no changes, no commit
CREATE TABLE quiet (a int);
CREATE TEMP TABLE temporary (a int);
INSERT INTO temporary VALUES (1);
CREATE UNLOGGED TABLE unlogged (a int);
INSERT INTO unlogged VALUES (1);
SELECT pg_logical_emit_message(true, 'prefix', 'text') IS NOT NULL;
SELECT changes('mirror', 'on');

-- escape-unicode is the one option of the original that changes a mirror's lines
INSERT INTO zzz VALUES (U&'caf\00e9', E'\x7f\t');
SELECT changes('mirror', 'on', 'escape-unicode', 'on');

-- a savepoint rolled back, a subtransaction kept
BEGIN;
INSERT INTO zzz VALUES ('s1', '');
SAVEPOINT a;
INSERT INTO zzz VALUES ('s2', '');
ROLLBACK TO a;
SAVEPOINT b;
INSERT INTO zzz VALUES ('s3', '');
SAVEPOINT c;
INSERT INTO zzz VALUES ('s4', '');
RELEASE b;
COMMIT;
BEGIN;
INSERT INTO zzz VALUES ('s5', '');
ROLLBACK;
SELECT count(DISTINCT substring(data FROM '_xid	([0-9]+)')) FROM
	pg_logical_slot_peek_changes('regression_slot', NULL, NULL, 'mirror', 'on');
SELECT changes('mirror', 'on');

-- upserts
INSERT INTO zzz VALUES ('s1', 'again') ON CONFLICT (a) DO UPDATE SET b = excluded.b;
INSERT INTO zzz VALUES ('s1', 'not') ON CONFLICT DO NOTHING;
INSERT INTO zzz VALUES ('s6', 'new') ON CONFLICT (a) DO UPDATE SET b = excluded.b;
SELECT changes('mirror', 'on');

-- COPY writes many rows with one WAL record
COPY zzz FROM stdin;
c1	one
c2	\N
c3	a\\b
\.
SELECT changes('mirror', 'on');

-- a column that the original's row OID must not be taken for
CREATE TABLE numbered (_oid int PRIMARY KEY, a int);
INSERT INTO numbered VALUES (1, 2);
DELETE FROM numbered;
SELECT changes('mirror', 'on');
SELECT close_slot();
DROP TABLE zzz, quiet, unlogged, numbered;
