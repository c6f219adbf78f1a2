-- What each host mirrors, and what happens to it after the first copy.
CREATE TABLE zzz (
  a text PRIMARY KEY,
  b text,
  n numeric,
  at timestamptz,
  ok boolean,
  raw bytea
);
INSERT INTO zzz VALUES
  ('fox1', 'hen1', 1.5, '2017-10-09 00:00:00+00', true, '\x00ff'),
  ('fox2', NULL, 12345678901234567890.125, NULL, false, NULL),
  ('fox3', E'tab\tand line\n', -0.001, 'infinity', NULL, '\x');

CREATE PROCEDURE more_changes() LANGUAGE sql AS $$
  INSERT INTO zzz VALUES ('fox4', 'Zürich 東京', 42, '2017-10-09 02:30:00.25+02', true, '\x0102');
  UPDATE zzz SET b = 'hen2', n = n + 1 WHERE a = 'fox2';
  UPDATE zzz SET a = 'fox61' WHERE a = 'fox1';
  DELETE FROM zzz WHERE a = 'fox3';
$$;
