\a \t
-- The leaves have their columns in other orders and at other places.
CREATE SCHEMA parts;
CREATE TABLE log (id int NOT NULL, gone int, region text NOT NULL, note text, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
CREATE TABLE log_east PARTITION OF log FOR VALUES IN ('east');
CREATE TABLE parts.log_west (note text, dropped int, region text NOT NULL, gone int, id int NOT NULL);
ALTER TABLE parts.log_west DROP COLUMN dropped;
ALTER TABLE log ATTACH PARTITION parts.log_west FOR VALUES IN ('west');
CREATE TABLE log_rest PARTITION OF log DEFAULT PARTITION BY HASH (id);
CREATE TABLE log_rest_0 PARTITION OF log_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE log_rest_1 PARTITION OF log_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);
ALTER TABLE log DROP COLUMN gone;
SELECT open_slot();
INSERT INTO log VALUES (1, 'east', 'a'), (2, 'west', 'b'), (3, 'north', 'c');
UPDATE log SET note = NULL WHERE id = 2;
UPDATE log SET id = 12 WHERE id = 2;
UPDATE log SET region = 'west' WHERE id = 1;
DELETE FROM log WHERE id = 12;
-- (a) as leaves
SELECT peek('mirror', 'on');
-- (b) as their root
SELECT peek('mirror', 'on', 'partition-root', 'on');
SELECT peek('mirror', 'on', 'partition-root', 'on', 'tables', 'log_east');
SELECT count(*) FROM peek('mirror', 'on', 'partition-root', 'on', 'tables', 'log');
SELECT changes();
-- (c) a truncate of the root, of a middle one, of a leaf, of both
TRUNCATE log;
SELECT peek('mirror', 'on');
SELECT changes('mirror', 'on', 'partition-root', 'on');
TRUNCATE log_rest;
TRUNCATE parts.log_west;
TRUNCATE log_east, log;
SELECT line FROM changes('mirror', 'on', 'partition-root', 'on') AS line WHERE line LIKE '%truncate';
-- (d) a column with a default that only older partitions remember
INSERT INTO log VALUES (1, 'east', 'a');
ALTER TABLE log ADD COLUMN extra int DEFAULT 7;
CREATE TABLE log_south PARTITION OF log FOR VALUES IN ('south');
INSERT INTO log VALUES (2, 'south', 'b'), (3, 'east', 'c'), (4, 'south', 'd');
SELECT changes('mirror', 'on', 'partition-root', 'on');
-- (e) other identities in a leaf
ALTER TABLE log_east REPLICA IDENTITY FULL;
UPDATE log SET note = 'x' WHERE id = 1;
DELETE FROM log WHERE id = 4;
SELECT changes('mirror', 'on', 'partition-root', 'on');
-- (f) a partition that leaves, and comes back
ALTER TABLE log DETACH PARTITION log_south;
INSERT INTO log_south VALUES (5, 'south', 'e');
ALTER TABLE log ATTACH PARTITION log_south FOR VALUES IN ('south');
INSERT INTO log_south VALUES (6, 'south', 'f');
SELECT line FROM changes('mirror', 'on', 'partition-root', 'on') AS line WHERE line LIKE '%insert%';
-- (g) the root is renamed, and moved to another schema
ALTER TABLE log RENAME TO journal;
INSERT INTO journal VALUES (7, 'south', 'g');
ALTER TABLE journal SET SCHEMA parts;
INSERT INTO parts.journal VALUES (8, 'south', 'h');
SELECT line FROM changes('mirror', 'on', 'partition-root', 'on') AS line WHERE line LIKE '%insert%';
-- (h) inheritance is not partitioning
CREATE TABLE parent (id int);
CREATE TABLE child (more int) INHERITS (parent);
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (2, 3);
SELECT line FROM changes('mirror', 'on', 'partition-root', 'on') AS line WHERE line LIKE '%insert%';
SELECT close_slot();
DROP TABLE parent, child, parts.journal;
DROP SCHEMA parts;
