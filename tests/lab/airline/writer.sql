-- What keeps the airline busy, for pgbench: each run is one transaction, of one of six kinds.
\set kind random(1, 100)
\set n random(1, 100)
\set id random(1, 20000)
BEGIN;
\if :kind <= 40
INSERT INTO positions (flight, at, place, altitude, speed)
VALUES ('AAX' || :n, clock_timestamp(), point(:n, :n / 2.0), :id, :id / 20.0),
       ('ABX' || :n, clock_timestamp(), point(-:n, :n / 3.0), NULL, NULL);
\elif :kind <= 60
INSERT INTO bookings (locator, passenger, airline, number, fare, "Remarks")
VALUES (upper(substr(md5(random()::text), 1, 10)), 'Walk-in ' || :n, 'ABX', :n, :id / 100.0, repeat(md5(random()::text), :n))
ON CONFLICT DO NOTHING;
UPDATE flights SET seats = seats - 1 WHERE airline = 'ABX' AND number = :n AND day = current_date;
\elif :kind <= 80
UPDATE flights SET state = 'airborne', departure = departure + interval '1 minute', delay = coalesce(delay, '0') + interval '1 minute'
WHERE airline = 'ACX' AND number = :n AND day = current_date;
UPDATE bookings SET fare = fare + 1, "Remarks" = NULL WHERE airline = 'ACX' AND number = :n;
\elif :kind <= 88
DELETE FROM positions WHERE id = :id;
\elif :kind <= 96
UPDATE bookings SET locator = locator || 'R', booked = localtimestamp
WHERE locator = (SELECT locator FROM bookings WHERE locator >= upper(substr(md5(:id::text), 1, 3)) ORDER BY locator LIMIT 1);
\else
UPDATE airports SET details = details || jsonb_build_object('wind', :n), elevation = -elevation WHERE id = :n;
DELETE FROM bookings WHERE locator = (SELECT min(locator) FROM bookings WHERE locator > to_hex(:id));
\endif
COMMIT;
