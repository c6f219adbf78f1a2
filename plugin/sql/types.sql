\a \t
-- Every type that has a way of its own must print what its output function
-- prints: lines are compared with PostgreSQL's own text, column by column.
CREATE DOMAIN yes AS bool;
CREATE TABLE t (
	id int PRIMARY KEY,
	i2 int2, i4 int4, i8 int8, o oid, b bool, f4 float4, f8 float8,
	t text, v varchar(20), c char(6), n name, j json, by bytea, u uuid,
	d date, ts timestamp, tz timestamptz, num numeric, jb jsonb, ar text[], iv interval, y yes, ch "char", tm time);
CREATE FUNCTION wrong(VARIADIC options text[] DEFAULT '{}')
RETURNS TABLE (id int, "column" text, printed text, expected text) LANGUAGE plpgsql AS $$
DECLARE
	line text;
	pairs text[];
	r t%ROWTYPE;
BEGIN
	FOR line IN SELECT data FROM pg_logical_slot_get_changes('regression_slot', NULL, NULL, VARIADIC ARRAY['mirror', 'on'] || options)
		WHERE data LIKE '%_action	insert%' LOOP
		pairs := string_to_array(split_part(line, E'_action\tinsert\t', 2), E'\t');
		SELECT * INTO r FROM t WHERE t.id = pairs[2]::int;
		FOR i IN 1 .. array_length(pairs, 1) BY 2 LOOP
			id := pairs[2];
			"column" := pairs[i];
			printed := pairs[i + 1];
			EXECUTE format('SELECT replace(replace(replace(%s, E''\\'', E''\\\\''), E''\t'', ''\t''), E''\n'', ''\n'')',
				CASE WHEN pairs[i] IN ('b', 'y') THEN format('(($1).%I)::int::text', pairs[i])
				WHEN pairs[i] = 'c' THEN 'rpad(($1).c, 6)'
				ELSE format('(($1).%I)::text', pairs[i]) END) INTO expected USING r;
			expected := coalesce(expected, '\N');
			IF printed IS DISTINCT FROM expected THEN
				RETURN NEXT;
			END IF;
		END LOOP;
	END LOOP;
END $$;
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SELECT open_slot();
INSERT INTO t VALUES (1, -32768, -2147483648, -9223372036854775808, 0, false, '-Infinity', '-Infinity',
	'', '', '', '', '{}', '', '00000000-0000-0000-0000-000000000000',
	'4713-01-01 BC', '4713-01-01 BC', '4713-01-01 BC', 'NaN', '{}', '{}', '-178000000 years', false, '', '00:00');
INSERT INTO t VALUES (2, 32767, 2147483647, 9223372036854775807, 4294967295, true, 'NaN', 'NaN',
	E'\t\n\\', E'\\N', E'\\\n', E'a\tb', E'{"a":\n"\\t"}', '\x00ff5c090a', 'ffffffff-ffff-ffff-ffff-ffffffffffff',
	'5874897-12-31', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999', '-1e-16383',
	'{"a": "\t\\"}', E'{"a\tb",NULL,"NULL","c\\\\d"}', '178000000 years', true, E'\\', '24:00');
INSERT INTO t VALUES (3, 0, 0, 0, 1, NULL, 0.1, 0.1, 'é€😀', 'abcdefghé', 'é', 'x', '[]', '\x5c', gen_random_uuid(),
	'infinity', 'infinity', '-infinity', 1e131071, 'null', '{{1,2},{3,4}}', '1 mon -1 day', NULL, 'x', '12:34:56.789');
INSERT INTO t (id) VALUES (4);
INSERT INTO t (id, d, ts, tz, f4, f8) VALUES
	(10, '0001-01-01', '0001-01-01', '0001-01-01', 1e-45, 5e-324),
	(11, '0001-12-31 BC', '0001-12-31 23:59:59.999999 BC', '0001-12-31 23:59:59.999999 BC', 3.4028235e38, 1.7976931348623157e308),
	(12, '9999-12-31', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999', -0.0, -0.0),
	(13, '10000-01-01', '10000-01-01', '10000-01-01', 1e6, 1e15),
	(14, '1999-12-31', '1999-12-31 23:59:59.999999', '1999-12-31 23:59:59.999999', 16777217, 9007199254740993),
	(15, '2000-01-01', '2000-01-01', '2000-01-01', 1e-5, 1e-5),
	(16, '1970-01-01', '1970-01-01 00:00:00.1', '1970-01-01 00:00:00.000001', 123456.7, 1e22),
	(17, '2024-02-29', '2024-02-29 12:00:00.120', '2024-02-29 00:00:00.000100', 0.3, 0.1::float8 + 0.2),
	(18, '1900-02-28', '1582-10-15 01:02:03', '1582-10-04 01:02:03.5', 1, 1e100);
INSERT INTO t (id, i2, i4, i8, o, d, ts, tz, f4, f8, u, by, t)
	SELECT 100 + i, i * 7, i * 10736821 * (-1) ^ i, i::int8 * 46116860184273 * (-1) ^ i, i * 21474836::int8,
		'0100-01-01'::date + i * 14999, '0100-01-01'::timestamp + i * interval '123456789.123456 s' * 10,
		'0100-01-01'::timestamptz + i * interval '98765432.1 s' * 10, random() * 10 ^ (i % 30 - 15), random() * 10 ^ (i % 300 - 150),
		gen_random_uuid(), sha256(i::text::bytea), repeat(E'abcdefg\t', i % 20) || repeat('x', i) || E'\n'
	FROM generate_series(1, 200) i;
SELECT * FROM wrong();
-- sessions that print otherwise
TRUNCATE t;
INSERT INTO t (id, f4, f8, d, ts, tz, by) VALUES (1, 0.1, 0.1, '2024-02-29', '2024-02-29 12:00', '2024-02-29 12:00', '\x00ff5c');
SELECT count(*) FROM peek('mirror', 'on');
SET timezone = 'Europe/Berlin';
SET datestyle = 'German';
SET extra_float_digits = 0;
SET bytea_output = 'escape';
SELECT line FROM peek('mirror', 'on') AS line WHERE line LIKE '%insert%';
SELECT * FROM wrong();
INSERT INTO t (id, tz) VALUES (2, '2024-02-29 12:00');
SET datestyle = 'ISO';
SELECT * FROM wrong();
INSERT INTO t (id, tz) VALUES (3, '2024-02-29 12:00');
SET timezone = 'Etc/GMT-3';
SELECT * FROM wrong();
RESET ALL;
\a \t
\a \t
-- the rest goes through output functions
CREATE TYPE pair AS (a int, b text);
CREATE TABLE rest (x xml, i inet, r int4range, p point, mo money, bi bit(3), va varbit, ts tsvector, pa pair, re regclass, ma macaddr);
INSERT INTO rest VALUES ('<a>	</a>', '::1', '[1,5)', '(1,2)', '$1.50', '101', '1', 'a b', (1, E'\t'), 'pg_class', '08:00:2b:01:02:03');
SELECT line FROM changes('mirror', 'on', 'tables', 'rest') AS line WHERE line LIKE '%insert%';
SELECT close_slot();
DROP FUNCTION wrong;
DROP TABLE t, rest;
DROP TYPE pair;
DROP DOMAIN yes;
