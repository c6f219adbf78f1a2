-- The slides' samples leave exactly what their actions say, twice over: the second time changes nothing.
CREATE TABLE zzz(a TEXT PRIMARY KEY, b TEXT);
INSERT INTO zzz VALUES ('fox61', 'goes'), ('fox49', 'becomes fox61'), ('fox54', 'goes'), ('fox11', 'becomes fox54'), ('fox24', 'before'), ('fox1', 'stays');
CREATE TEMP TABLE before AS SELECT * FROM zzz;

-- Page 6: what pg_recvlogical printed, line by line.
CREATE TEMP TABLE page6 AS
SELECT value AS line FROM json_each('["' || replace(replace(replace(trim(readfile('@DATA@/slides.deltaflood'), char(10)), '\', '\\'), char(9), '\t'), char(10), '","') || '"]');
INSERT INTO daystream_apply(line) SELECT line FROM page6;
SELECT * FROM zzz ORDER BY a;
CREATE TEMP TABLE once AS SELECT * FROM zzz;
INSERT INTO daystream_apply(line) SELECT line FROM page6;
SELECT count(*) AS differences FROM (SELECT * FROM (SELECT * FROM zzz EXCEPT SELECT * FROM once) UNION ALL SELECT * FROM (SELECT * FROM once EXCEPT SELECT * FROM zzz));

-- Page 9: the daystream.
DELETE FROM zzz;
INSERT INTO zzz SELECT * FROM before;
INSERT INTO daystream_apply(line) SELECT line FROM daystream('@DATA@/slides.daystream');
SELECT * FROM zzz ORDER BY a;
CREATE TEMP TABLE twice AS SELECT * FROM zzz;
INSERT INTO daystream_apply(line) SELECT line FROM daystream('@DATA@/slides.daystream');
SELECT count(*) AS differences FROM (SELECT * FROM (SELECT * FROM zzz EXCEPT SELECT * FROM twice) UNION ALL SELECT * FROM (SELECT * FROM twice EXCEPT SELECT * FROM zzz));

-- A mirror knows its position: what lies at or before it is skipped.
CREATE VIRTUAL TABLE mirror USING daystream_apply(source='@DATA@/slides.daystream');
INSERT INTO mirror(line) SELECT line FROM daystream('@DATA@/slides.daystream');
SELECT "table", inserts, updates, deletes, clock, seq FROM mirror;
INSERT INTO mirror(line) SELECT line FROM daystream('@DATA@/slides.daystream');
SELECT "table", inserts, updates, deletes, clock, seq FROM mirror;

-- Rows and position are the caller's transaction.
BEGIN;
INSERT INTO mirror(line) VALUES (replace('_c|1507507202|_s|0|_table|zzz|_xid|88628924|_action|insert|a|fox100|b|hen100', '|', char(9)));
SELECT count(*) FROM zzz WHERE a = 'fox100';
ROLLBACK;
SELECT count(*) FROM zzz WHERE a = 'fox100';
SELECT clock, seq FROM mirror;

-- The position is where the next one begins, and there is no next one.
SELECT count(*) AS batches FROM deltamirror('mirror', '{"until":"caught_up"}');
DROP TABLE mirror;
SELECT name FROM sqlite_schema WHERE name LIKE '%mirror%';
