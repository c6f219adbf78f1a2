\a \t
CREATE SCHEMA ops;
CREATE TABLE ops."Crew" (id int PRIMARY KEY, "the	name" text, active bool, note text);
CREATE TABLE other (id int PRIMARY KEY);
SELECT open_slot();
INSERT INTO ops."Crew" VALUES (1, E'tab\there', true, NULL), (2, U&'caf\00e9', false, E'\\ \n \x01');
INSERT INTO other VALUES (1);
SELECT peek();
SELECT peek('include-xids', 'off');
SELECT peek('include-lsn', 'on');
SELECT peek('include-oids', 'off');
SELECT peek('full-name', 'on');
SELECT peek('skip-nulls', 'off');
SELECT peek('skip-nulls', 'off', 'null', E'no\tvalue');
SELECT peek('escape-chars', 'off');
SELECT peek('escape-unicode', 'on');
SELECT peek('escape-chars', 'off', 'escape-unicode', 'on');
SELECT peek('convert-bool', 'off');
SELECT peek('separator', ' | ');
SELECT peek('full-name', 'on', 'include-lsn', 'on', 'separator', ',');
SELECT peek('tables', 'Crew');
SELECT peek('tables', 'nosuch,other');
SELECT peek('tables', 'crew,"Crew", other,ops.Crew');
-- a number of bytes gathers lines, but never across a commit
SELECT changes('batch-size', '1000');

-- the original's _lsn is where decoding would have to start again
INSERT INTO other VALUES (2);
SELECT split_part(data, E'\t', 6)::pg_lsn <= lsn FROM
	pg_logical_slot_get_changes('regression_slot', NULL, NULL, 'include-lsn', 'on');

-- a domain over boolean is none to the original
CREATE DOMAIN flag AS bool;
CREATE TABLE flags (a flag, b bool);
INSERT INTO flags VALUES (true, true);
SELECT changes();

-- changes that were replicated to here
SELECT pg_replication_origin_create('regression_origin') IS NOT NULL;
SELECT pg_replication_origin_session_setup('regression_origin');
INSERT INTO other VALUES (3);
SELECT pg_replication_origin_session_reset();
INSERT INTO other VALUES (4);
SELECT peek('only-local', 'on');
SELECT peek('mirror', 'on', 'only-local', 'on');
SELECT changes('only-local', 'off');
SELECT pg_replication_origin_drop('regression_origin');

SELECT close_slot();
DROP TABLE other, flags;
DROP DOMAIN flag;
DROP SCHEMA ops CASCADE;
