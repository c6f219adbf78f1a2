\a \t
SELECT current_setting('max_prepared_transactions')::int > 0 AS can_prepare \gset
\if :can_prepare
\else
\echo needs max_prepared_transactions > 0
\quit
\endif
CREATE TABLE zzz (a int PRIMARY KEY);
CREATE TABLE facts (xid xid8);
SELECT open_slot();
BEGIN;
INSERT INTO zzz VALUES (1);
SAVEPOINT a;
INSERT INTO zzz VALUES (2);
INSERT INTO facts VALUES (pg_current_xact_id());
PREPARE TRANSACTION 'regression_kept';
BEGIN;
INSERT INTO zzz VALUES (3);
PREPARE TRANSACTION 'regression_lost';
INSERT INTO zzz VALUES (4);
-- not before it is committed
SELECT changes('mirror', 'on');
COMMIT PREPARED 'regression_kept';
ROLLBACK PREPARED 'regression_lost';
-- the xid is that of the transaction, not of COMMIT PREPARED
SELECT bool_and(substring(data FROM '_xid	([0-9]+)') = facts.xid::text)
	FROM facts, pg_logical_slot_peek_changes('regression_slot', NULL, NULL, 'mirror', 'on', 'tables', 'zzz');
SELECT changes('mirror', 'on', 'tables', 'zzz');
SELECT close_slot();
DROP TABLE zzz, facts;
