-- A small airline: five tables of many types, with keys of every kind that a mirror meets.

CREATE TYPE flight_state AS ENUM ('scheduled', 'boarding', 'airborne', 'landed', 'cancelled');

CREATE TABLE airlines (
  icao     char(3) PRIMARY KEY,
  name     text NOT NULL,
  alliance varchar(20),
  founded  date,
  active   boolean NOT NULL DEFAULT true,
  logo     bytea
);

CREATE TABLE airports (
  id        integer PRIMARY KEY,
  code      text NOT NULL UNIQUE,
  city      text NOT NULL,
  latitude  double precision NOT NULL,
  longitude double precision NOT NULL,
  elevation real,
  runways   text[] NOT NULL,
  details   jsonb
);

CREATE TABLE flights (
  airline   char(3) NOT NULL REFERENCES airlines,
  number    smallint NOT NULL,
  day       date NOT NULL,
  origin    integer NOT NULL REFERENCES airports,
  target    integer NOT NULL REFERENCES airports,
  state     flight_state NOT NULL DEFAULT 'scheduled',
  departure timestamptz NOT NULL,
  arrival   timestamptz,
  delay     interval,
  seats     integer NOT NULL,
  PRIMARY KEY (airline, number, day)
);

CREATE TABLE positions (
  id       bigserial PRIMARY KEY,
  flight   text NOT NULL,
  at       timestamptz NOT NULL,
  place    point NOT NULL,
  altitude integer,
  speed    numeric(6, 1)
);

-- A booking's key changes when it is issued anew; "Remarks" holds whatever people type.
CREATE TABLE bookings (
  locator   text PRIMARY KEY,
  passenger text NOT NULL,
  airline   char(3),
  number    smallint,
  fare      numeric(12, 2) NOT NULL,
  miles     numeric,
  ticket    uuid NOT NULL DEFAULT gen_random_uuid(),
  booked    timestamp NOT NULL DEFAULT localtimestamp,
  address   inet,
  "Remarks" text
);

INSERT INTO airlines
SELECT chr(65 + n / 10) || chr(65 + n % 10) || 'X', 'Airline ' || n, CASE WHEN n % 3 > 0 THEN 'alliance ' || n % 3 END,
       date '1919-10-07' + n * 500, n % 7 <> 0, CASE WHEN n % 2 = 0 THEN decode(md5(n::text), 'hex') END
FROM generate_series(0, 49) n;

INSERT INTO airports
SELECT n, 'K' || lpad(n::text, 3, '0'), (ARRAY['Houston', 'Zürich', 'São Paulo', '東京', 'Reykjavík'])[1 + n % 5] || ' ' || n,
       round((random() * 180 - 90)::numeric, 4), round((random() * 360 - 180)::numeric, 4),
       CASE WHEN n % 5 > 0 THEN n * 0.5 END, ARRAY[n % 36 || 'L', n % 36 || 'R', 'say "when"'],
       jsonb_build_object('gates', n % 80, 'lounges', CASE WHEN n % 4 = 0 THEN jsonb_build_array('East', 'West') END)
FROM generate_series(1, 500) n;

INSERT INTO flights
SELECT a.icao, f, day, 1 + (f * 7) % 500, 1 + (f * 13) % 500, 'scheduled', day + f * interval '5 minutes', NULL, NULL, 100 + f
FROM airlines a, generate_series(1, 100) f, (VALUES (current_date), (current_date + 1), (current_date + 2)) AS d (day);

INSERT INTO positions (flight, at, place, altitude, speed)
SELECT 'AAX' || n % 100, now() - n * interval '1 second', point(n % 180, n % 90), n % 40000, n % 9000 / 10.0
FROM generate_series(1, 20000) n;

INSERT INTO bookings (locator, passenger, airline, number, fare, miles, address, "Remarks")
SELECT upper(substr(md5(n::text), 1, 6)) || n, 'Passenger ' || n, 'AAX', 1 + n % 100, n % 100000 / 100.0,
       (n * 1.5)::numeric ^ 3, ('10.0.' || n % 256 || '.1')::inet,
       CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN E'a tab\there, a line\nthere, a \\ too' ELSE 'window' END
FROM generate_series(1, 20000) n;
