\a \t
SELECT open_slot();
SELECT changes('no-such-option', 'on');
SELECT changes('include-xids', 'perhaps');
SELECT changes('mirror', '');
SELECT changes('batch-size', '-1');
SELECT changes('batch-size', '1MB');
SELECT changes('batch-size', '');
SELECT changes('batch-size', '99999999999999999999');
SELECT changes('batch-size', '67108865');
SELECT changes('mirror', 'on', 'separator', ',');
SELECT changes('include-xids', 'on', 'mirror', 'on');
SELECT changes('partition-root', 'on');
SELECT changes('mirror', 'on', 'tables', '');
SELECT changes('mirror', 'on', 'tables', 'flights,');
SELECT changes('mirror', 'on', 'tables', 'flights,,crew');
SELECT changes('mirror', 'on', 'tables', 'a.b.c');
SELECT changes('mirror', 'on', 'tables', '*.crew');
SELECT changes('mirror', 'on', 'tables', '"flights');
SELECT changes('mirror', 'on', 'tables', 'air ports');
SELECT changes('mirror', 'on', 'tables', 'ops.');
-- none of this did harm
SELECT changes('mirror', 'on', 'batch-size', '67108864', 'tables', ' "a""b" , Ops . * ,*');
SELECT close_slot();
