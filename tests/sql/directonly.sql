-- Nothing that connects, reads files or changes anything can be reached from the schema of a database that came from elsewhere.
CREATE VIEW from_pg_import AS SELECT pg_import('', 'SELECT 1 AS a', 't');
SELECT * FROM from_pg_import;
CREATE VIEW from_pg_export AS SELECT pg_export('', 'SELECT 1', 't');
SELECT * FROM from_pg_export;
CREATE VIEW from_pg_exec AS SELECT pg_exec('', 'SELECT 1');
SELECT * FROM from_pg_exec;
CREATE VIEW from_pg_query AS SELECT * FROM pg_query('', 'SELECT 1');
SELECT * FROM from_pg_query;
CREATE VIEW from_pg_slot_create AS SELECT pg_slot_create('', 'mirror');
SELECT * FROM from_pg_slot_create;
CREATE VIEW from_pg_slot_drop AS SELECT pg_slot_drop('', 'mirror');
SELECT * FROM from_pg_slot_drop;
CREATE VIEW from_pg_slots AS SELECT * FROM pg_slots('');
SELECT * FROM from_pg_slots;
CREATE VIEW from_pg_schema AS SELECT * FROM pg_schema('');
SELECT * FROM from_pg_schema;
CREATE VIEW from_pg_schema_save AS SELECT pg_schema_save('');
SELECT * FROM from_pg_schema_save;
CREATE VIEW from_deltastream AS SELECT * FROM deltastream('', 'mirror', '@DIR@/daystream');
SELECT * FROM from_deltastream;
CREATE VIEW from_daystream AS SELECT * FROM daystream('@DATA@/slides.daystream');
SELECT * FROM from_daystream;
CREATE VIEW from_daystream_apply AS SELECT * FROM daystream_apply;
SELECT * FROM from_daystream_apply;
CREATE VIEW from_deltamirror_bootstrap AS SELECT deltamirror_bootstrap('mirror', '', 'zzz');
SELECT * FROM from_deltamirror_bootstrap;
CREATE VIEW from_deltamirror AS SELECT * FROM deltamirror('mirror');
SELECT * FROM from_deltamirror;
CREATE VIEW from_deltamirror_status AS SELECT * FROM deltamirror_status;
SELECT * FROM from_deltamirror_status;
CREATE VIEW from_deltamirror_verify AS SELECT * FROM deltamirror_verify('mirror', '');
SELECT * FROM from_deltamirror_verify;

-- Nor from a trigger.
CREATE TABLE zzz(a);
CREATE TRIGGER on_zzz AFTER INSERT ON zzz BEGIN SELECT pg_exec('', new.a); END;
INSERT INTO zzz VALUES ('DROP TABLE flights');

-- The two that are pure may be used anywhere.
PRAGMA trusted_schema = off;
CREATE VIEW from_pure AS SELECT deltamirror_version() <> '' AS version, deltaflood_parse(NULL) AS parsed;
SELECT * FROM from_pure;
