-- The number of units in the raw zone.
SELECT count(*) AS units
FROM raw_events
