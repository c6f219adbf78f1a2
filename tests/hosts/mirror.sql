-- A mirror in the sqlite3 shell. The runner puts in what stands between @s.
.load @EXTENSION@
.mode list
.nullvalue NULL
.output @DIR@/log
SELECT pg_slot_create('@CONNINFO@', '@SLOT@');
SELECT * FROM deltastream('@CONNINFO@', '@SLOT@', '@DIR@/daystream', '{"until":"caught_up"}');
CREATE VIRTUAL TABLE mirror USING daystream_apply(source='@DIR@/daystream');
.output stdout
SELECT 'bootstrapped ' || deltamirror_bootstrap('mirror', '@CONNINFO@', 'zzz');
.output @DIR@/log
SELECT pg_exec('@CONNINFO@', 'CALL more_changes()');
SELECT * FROM deltastream('@CONNINFO@', '@SLOT@', '@DIR@/daystream', '{"until":"caught_up"}');
SELECT * FROM deltamirror('mirror', '{"until":"caught_up"}');
SELECT pg_slot_drop('@CONNINFO@', '@SLOT@');
.output stdout
SELECT a, b, n, at, ok, CASE WHEN raw IS NULL THEN NULL ELSE quote(raw) END FROM zzz ORDER BY a;
