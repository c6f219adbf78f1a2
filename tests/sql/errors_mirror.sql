-- Mirrors that cannot be made, lines that cannot be applied.
CREATE VIRTUAL TABLE m USING daystream_apply(sauce='@DATA@/slides.daystream');
CREATE VIRTUAL TABLE m USING daystream_apply(source='@DATA@/slides.daystream', on_missing='perhaps');
SELECT name FROM sqlite_schema;

-- The source may come later; until then nothing can be copied or applied.
CREATE VIRTUAL TABLE early USING daystream_apply(source='@DIR@/nowhere');
SELECT * FROM deltamirror('early', '{"until":"caught_up"}');
SELECT deltamirror_bootstrap('early', '@CONNINFO@', 'zzz');
DROP TABLE early;

SELECT * FROM deltamirror('nobody');
SELECT deltamirror_bootstrap('nobody', '@CONNINFO@', 'zzz');
SELECT * FROM deltamirror();

-- A first copy that cannot be made.
SELECT pg_exec('@CONNINFO@', 'CREATE TABLE keyless (a text)') AS exec;
SELECT pg_exec('@CONNINFO@', 'CREATE TABLE "Zzz" (a text PRIMARY KEY); CREATE TABLE zzz (a text PRIMARY KEY)') AS exec;
SELECT pg_slot_create('@CONNINFO@', '@DATABASE@', '{"plugin":"deltaflood"}') <> '' AS created;
SELECT count(*) >= 0 AS ran FROM deltastream('@CONNINFO@', '@DATABASE@', '@DIR@/daystream', '{"until":"caught_up"}');
CREATE VIRTUAL TABLE live USING daystream_apply(source='@DIR@/daystream');
SELECT deltamirror_bootstrap('live', '@CONNINFO@', 'no_such_table');
SELECT deltamirror_bootstrap('live', '@CONNINFO@', 'keyless');
SELECT deltamirror_bootstrap('live', '@CONNINFO@', '"Zzz",zzz');
SELECT deltamirror_bootstrap('live', '@CONNINFO@', 'zzz', '{"index":true}');
SELECT name FROM sqlite_schema WHERE name LIKE 'zzz' OR name = 'keyless';
SELECT pg_slot_drop('@CONNINFO@', '@DATABASE@') AS dropped;
DROP TABLE live;

CREATE VIRTUAL TABLE m USING daystream_apply(source='@DATA@/slides.daystream');
SELECT * FROM deltamirror('m', '{"until":"tomorrow"}');
SELECT * FROM deltamirror('m', '{"batch":0}');

-- Lines that are not records.
CREATE TABLE zzz(a TEXT PRIMARY KEY, b TEXT);
INSERT INTO daystream_apply(line) VALUES ('not a record');
INSERT INTO daystream_apply(line) VALUES (replace('_table|zzz|_xid|1|_action|insert|a|fox1|b', '|', char(9)));
INSERT INTO daystream_apply(line) VALUES (replace('_table|zzz|_xid|1|_action|explode|a|fox1', '|', char(9)));
INSERT INTO daystream_apply(line) VALUES (replace('_table|zzz|_xid|1|_action|insert|a|fox1|c|hen1', '|', char(9)));
INSERT INTO daystream_apply(line) VALUES (replace('_table|nobody|_xid|1|_action|insert|a|fox1', '|', char(9)));
INSERT INTO daystream_apply(line) VALUES (replace('_table|zzz|_xid|1|_action|update|b|hen1', '|', char(9)));
SELECT count(*) FROM zzz;

-- All or nothing: the good line before the bad one goes with it.
INSERT INTO daystream_apply(line) VALUES (replace('_table|zzz|_xid|1|_action|insert|a|fox1|b|hen1', '|', char(9))), ('not a record');
SELECT count(*) FROM zzz;

-- A position that is no longer in the archive.
.shell mkdir @DIR@/archive && cp @DATA@/slides.daystream @DIR@/archive/20171009.daystream
CREATE VIRTUAL TABLE late USING daystream_apply(source='@DIR@/archive');
SELECT sum(records) FROM deltamirror('late', '{"until":"caught_up"}');
.shell sed s/15075072/15076072/ @DATA@/slides.daystream >@DIR@/archive/20171010.daystream && rm @DIR@/archive/20171009.daystream
SELECT sum(records) FROM deltamirror('late', '{"until":"caught_up"}');
SELECT state, last_error FROM late;

-- In the middle of something else it cannot commit.
BEGIN;
SELECT * FROM deltamirror('m', '{"until":"caught_up"}');
ROLLBACK;
CREATE TABLE copy AS SELECT * FROM deltamirror('m', '{"until":"caught_up"}');

-- A database locked by another writer.
.connection 1
.open @DIR@/cache.db
BEGIN IMMEDIATE;
.connection 0
.timeout 100
SELECT * FROM deltamirror('m', '{"until":"caught_up"}');
.connection 1
ROLLBACK;
.connection 0
SELECT sum(records) FROM deltamirror('m', '{"until":"caught_up"}');
