-- The slides' page 9 as a file, from its beginning, from a position in the middle, and filtered.
SELECT clock, seq, "table", xid, action, record FROM daystream('@DATA@/slides.daystream') LIMIT 3;
SELECT count(*), min(clock), max(clock) FROM daystream('@DATA@/slides.daystream');
SELECT clock, seq, action, record FROM daystream('@DATA@/slides.daystream', 1507507200, 16);
SELECT clock, seq, action FROM daystream('@DATA@/slides.daystream') WHERE (clock, seq) > (1507507200, 17);
SELECT clock, seq, action FROM daystream('@DATA@/slides.daystream') WHERE clock >= 1507507201 LIMIT 1;
SELECT count(*) FROM daystream('@DATA@/slides.daystream') WHERE "table" = 'zzz' AND action = 'delete';
SELECT count(*) FROM daystream('@DATA@/slides.daystream') WHERE "table" = 'nobody';
SELECT line = replace('_c|1507507201|_s|1|_table|zzz|_xid|88628923|_action|update|a|fox83|b|hen51', '|', char(9)) AS raw
FROM daystream('@DATA@/slides.daystream', 1507507201, 1);

-- A file is not a daystream by its name.
SELECT * FROM daystream('@DATA@/nobody.daystream');
SELECT * FROM daystream('@DATA@/slides.deltaflood');
SELECT * FROM daystream('@DATA@/slides.daystream', 'noon', 0);
SELECT * FROM daystream();
