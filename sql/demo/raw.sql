-- How many units the raw zone holds.
SELECT count(*) AS units
FROM raw_events
