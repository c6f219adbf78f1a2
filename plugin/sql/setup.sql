-- What the other tests use. Output is unaligned in all of them, so that tabs
-- stay tabs.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plpgsql;

-- Opens a slot with the plugin.
CREATE FUNCTION open_slot() RETURNS void LANGUAGE sql AS $$
	SELECT pg_create_logical_replication_slot('regression_slot', 'deltaflood');
$$;
CREATE FUNCTION close_slot() RETURNS void LANGUAGE sql AS $$
	SELECT pg_drop_replication_slot('regression_slot');
$$;

-- Replaces what differs from run to run.
CREATE FUNCTION mask(line text) RETURNS text LANGUAGE sql AS $$
	SELECT regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(line,
		'_xid([^0-9]+)[0-9]+', '_xid\1X', 'g'),
		'_lsn([^0-9]+)[0-9A-F]+/[0-9A-F]+', '_lsn\1L', 'g'),
		'_time	[0-9]+', '_time	T', 'g'),
		'_relid	[0-9]+', '_relid	R', 'g'),
		'("oid"|"elem"):[0-9]{5,}', '\1:O', 'g');
$$;

-- The messages of the slot since the last call.
CREATE FUNCTION changes(VARIADIC options text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
	SELECT mask(data) FROM pg_logical_slot_get_changes('regression_slot', NULL, NULL, VARIADIC options);
$$;
-- The same without consuming them.
CREATE FUNCTION peek(VARIADIC options text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
	SELECT mask(data) FROM pg_logical_slot_peek_changes('regression_slot', NULL, NULL, VARIADIC options);
$$;
