-- What was begun most often. A series counts as one title, under the name that
-- its episodes share; what arrived twice counts once.
WITH plays AS (
    SELECT
        coalesce(series_id, title_id) AS work_id,
        count(DISTINCT event_id) AS plays,
        count(DISTINCT user_id) AS viewers
    FROM processed_events
    WHERE event_type = 'play'
    GROUP BY coalesce(series_id, title_id)
),

works AS (
    SELECT
        coalesce(series_id, title_id) AS work_id,
        min(regexp_replace(name, ' S[0-9]+E[0-9]+$', '')) AS name
    FROM titles
    GROUP BY coalesce(series_id, title_id)
)

SELECT
    coalesce(works.name, plays.work_id) AS title,
    plays.plays,
    plays.viewers
FROM plays
LEFT JOIN works ON works.work_id = plays.work_id
ORDER BY plays.plays DESC NULLS LAST, title ASC NULLS LAST
LIMIT 10
