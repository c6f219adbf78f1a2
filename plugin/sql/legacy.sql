\a \t
-- FlightAware's sample: the same statements, the same lines.
CREATE TABLE zzz (a text PRIMARY KEY, b text);
INSERT INTO zzz VALUES ('fox61', 'hen1'), ('fox49', 'hen2'), ('fox17', 'hen3'), ('fox99', 'hen4'),
	('fox54', 'hen5'), ('fox11', 'hen6'), ('fox24', 'hen7'), ('fox68', 'hen8'), ('fox83', 'hen9');
SELECT open_slot();
BEGIN;
DELETE FROM zzz WHERE a = 'fox61';
UPDATE zzz SET a = 'fox61', b = 'hen62' WHERE a = 'fox49';
COMMIT;
UPDATE zzz SET b = 'hen60' WHERE a = 'fox17';
INSERT INTO zzz VALUES ('fox62', 'hen17');
UPDATE zzz SET b = 'hen38' WHERE a = 'fox99';
BEGIN;
DELETE FROM zzz WHERE a = 'fox54';
UPDATE zzz SET a = 'fox54', b = 'hen93' WHERE a = 'fox11';
COMMIT;
UPDATE zzz SET b = 'hen78' WHERE a = 'fox24';
UPDATE zzz SET b = 'hen76' WHERE a = 'fox68';
UPDATE zzz SET b = 'hen51' WHERE a = 'fox83';
SELECT changes();

-- a line is a message: no line has an LF at its end
INSERT INTO zzz VALUES ('one', '1'), ('two', '2');
SELECT count(*), sum((data LIKE E'%\n%')::int) FROM pg_logical_slot_get_changes('regression_slot', NULL, NULL);

-- without a key, deletes cannot be told, updates can
CREATE TABLE nokey (a int, b text);
INSERT INTO nokey VALUES (1, 'x');
UPDATE nokey SET b = 'y';
DELETE FROM nokey;
ALTER TABLE nokey REPLICA IDENTITY FULL;
INSERT INTO nokey VALUES (1, NULL);
UPDATE nokey SET b = 'y';
DELETE FROM nokey;
SELECT changes();

-- the original has no lines for these
TRUNCATE zzz;
SELECT pg_logical_emit_message(true, 'prefix', 'text') IS NOT NULL;
ALTER TABLE zzz ADD COLUMN c double precision DEFAULT random();
SELECT changes();
SELECT close_slot();
DROP TABLE zzz, nokey;
