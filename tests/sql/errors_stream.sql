-- Slots and streams that cannot be had.
SELECT pg_slot_create('@CONNINFO@', 'Not a name');
SELECT pg_slot_create('@CONNINFO@', '@DATABASE@', '{"plugin":"wal2json"}');
SELECT pg_slot_create('@CONNINFO@', '@DATABASE@', '{"plugn":"deltaflood"}');
SELECT pg_slot_create('@CONNINFO@', '@DATABASE@', '{"tables":"flights,,airports"}');
SELECT pg_slot_create('@CONNINFO@', '@DATABASE@', '{"plugin":"deltaflood"}') <> '' AS created;
SELECT pg_slot_create('@CONNINFO@', '@DATABASE@', '{"plugin":"deltaflood"}');
SELECT name, plugin, active FROM pg_slots('@CONNINFO@') WHERE name = '@DATABASE@';

SELECT * FROM deltastream('@CONNINFO@', 'nobody', '@DIR@/daystream', '{"until":"caught_up"}');
SELECT * FROM deltastream('host=@DIR@', '@DATABASE@', '@DIR@/daystream', '{"until":"caught_up"}');
SELECT * FROM deltastream('@CONNINFO@', '@DATABASE@', '@DIR@/no/such/folder', '{"until":"caught_up"}');
SELECT * FROM deltastream('@CONNINFO@', '@DATABASE@', '@DIR@/daystream', '{"until":"tomorrow"}');
SELECT * FROM deltastream('@CONNINFO@', '@DATABASE@', '@DIR@/daystream', '{"untl":"caught_up"}');
SELECT * FROM deltastream('@CONNINFO@', '@DATABASE@', 'nats://elsewhere/stream', '{"until":"caught_up"}');
SELECT * FROM deltastream('@CONNINFO@', '@DATABASE@');

-- Another slot's daystream.
SELECT count(*) >= 0 AS ran FROM deltastream('@CONNINFO@', '@DATABASE@', '@DIR@/daystream', '{"until":"caught_up"}');
SELECT pg_slot_create('@CONNINFO@', '@DATABASE@_other', '{"plugin":"deltaflood"}') <> '' AS created;
SELECT * FROM deltastream('@CONNINFO@', '@DATABASE@_other', '@DIR@/daystream', '{"until":"caught_up"}');

SELECT pg_slot_drop('@CONNINFO@', '@DATABASE@') AS dropped;
SELECT pg_slot_drop('@CONNINFO@', '@DATABASE@') AS dropped;
SELECT pg_slot_drop('@CONNINFO@', '@DATABASE@_other') AS dropped;
