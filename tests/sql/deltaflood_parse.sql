-- One line as JSON. In these scripts | stands for the tab.
SELECT deltaflood_parse(replace('_table|zzz|_xid|88628918|_action|insert|a|fox62|b|hen17', '|', char(9))) AS parsed;
SELECT deltaflood_parse(replace('_c|1507507200|_s|10|_table|zzz|_xid|88628916|_action|update|a|fox61|b|\N|c|\\N', '|', char(9))) AS parsed;
SELECT deltaflood_parse(replace('_xid|88628916|_lsn|0/15E5CD8|_action|commit', '|', char(9))) AS parsed;

-- Escapes, and a column that is named like metadata.
SELECT deltaflood_parse(replace('_table|zzz|_action|insert|a|tab \t line \n backslash \\|_xid|7', '|', char(9))) AS parsed;

-- It is pure: an index or a view of a stranger's file may use it.
CREATE VIEW pure AS SELECT deltaflood_parse(replace('_table|zzz|_action|delete|a|1', '|', char(9))) AS parsed;
PRAGMA trusted_schema = off;
SELECT * FROM pure;

SELECT deltaflood_parse(NULL) AS parsed;
SELECT deltaflood_parse('not a record');
SELECT deltaflood_parse(replace('_table|zzz|_action|insert|a', '|', char(9)));
SELECT deltaflood_parse(replace('_table|zzz|_action|explode|a|1', '|', char(9)));
