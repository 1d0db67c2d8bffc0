-- The payload of every rejected unit.
SELECT payload
FROM quarantine
