\a \t
-- Large values out of line and uncompressed. Lines are shortened.
CREATE TABLE big (id int PRIMARY KEY, small text, large text, bytes bytea);
ALTER TABLE big ALTER large SET STORAGE EXTERNAL, ALTER bytes SET STORAGE EXTERNAL;
CREATE FUNCTION short(VARIADIC options text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
	SELECT regexp_replace(regexp_replace(line, '(a{100,})', '<many a>', 'g'), '((ff){100,})', '<many ff>', 'g')
	FROM changes(VARIADIC options) AS line WHERE line NOT LIKE '%_action	relation%';
$$;
SELECT open_slot();
-- (a) the original: unchanged looks like NULL
INSERT INTO big VALUES (1, 'x', repeat('a', 10000), decode(repeat('ff', 5000), 'hex'));
UPDATE big SET small = 'y';
UPDATE big SET large = 'b' || large;
UPDATE big SET large = NULL;
SELECT short();
-- (b) a mirror: absent is unchanged, \N is NULL
TRUNCATE big;
INSERT INTO big VALUES (1, 'x', repeat('a', 10000), decode(repeat('ff', 5000), 'hex'));
UPDATE big SET small = 'y';
UPDATE big SET large = 'b' || large;
UPDATE big SET large = NULL;
DELETE FROM big;
SELECT short('mirror', 'on');
-- (c) the old row has it
ALTER TABLE big REPLICA IDENTITY FULL;
INSERT INTO big VALUES (1, 'x', repeat('a', 10000), decode(repeat('ff', 5000), 'hex'));
UPDATE big SET small = 'y';
UPDATE big SET large = NULL;
DELETE FROM big;
SELECT short('mirror', 'on');
-- (d) compressed, inline and out of line
CREATE TABLE pressed (id int PRIMARY KEY, t text, b bytea);
ALTER TABLE pressed ALTER t SET STORAGE MAIN;
INSERT INTO pressed VALUES (1, repeat('a', 10000), decode(repeat('ff', 4000000), 'hex'));
UPDATE pressed SET t = 'short';
SELECT short('mirror', 'on');
-- (e) a large key
CREATE TABLE bigkey (k text PRIMARY KEY, v int);
ALTER TABLE bigkey ALTER k SET STORAGE EXTERNAL;
ALTER TABLE bigkey SET (toast_tuple_target = 128);
INSERT INTO bigkey VALUES (repeat('a', 2500), 1);
UPDATE bigkey SET v = 2;
UPDATE bigkey SET k = 'b' || k;
DELETE FROM bigkey;
SELECT short('mirror', 'on');
-- (f) many escapes in a long value
CREATE TABLE escapes (t text);
INSERT INTO escapes VALUES (repeat(E'\t\n\\é', 20000));
SELECT md5(split_part(data, E'\t', 10)) = md5(repeat('\t\n\\é', 20000)), length(data) > 140000
	FROM pg_logical_slot_peek_changes('regression_slot', NULL, NULL, 'mirror', 'on')
	WHERE data LIKE '%_action	insert%';
-- (g) a rewrite of large values
INSERT INTO big VALUES (1, 'x', repeat('a', 10000), NULL);
SELECT short('mirror', 'on', 'tables', 'big');
ALTER TABLE big ADD COLUMN r double precision DEFAULT random();
SELECT regexp_replace(line, 'r	0\.[0-9]+(e-[0-9]+)?', 'r	<random>') FROM short('mirror', 'on', 'tables', 'big') AS line;
SELECT close_slot();
DROP FUNCTION short;
DROP TABLE big, pressed, bigkey, escapes;
