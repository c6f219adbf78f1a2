-- Nothing of the tests is left.
SET client_min_messages = warning;
SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'regression_slot';
DROP FUNCTION changes, peek, mask, open_slot, close_slot;
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace;
