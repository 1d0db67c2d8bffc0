-- Every refused unit as it came.
SELECT payload
FROM quarantine
