-- The search funnel of a date: sessions with a search, those among them that then
-- played a title, and those that watched such a title to its end.
CREATE OR REPLACE VIEW marquee.search_funnel AS
WITH searches AS (
    SELECT
        event_date,
        user_id,
        session_id,
        min(event_time) AS searched_at
    FROM marquee.events
    WHERE event_type = 'search'
    GROUP BY event_date, user_id, session_id
),

plays AS (
    SELECT
        searches.event_date,
        searches.user_id,
        searches.session_id,
        events.title_id,
        min(events.event_time) AS played_at
    FROM searches
    INNER JOIN marquee.events
        ON
            events.event_date = searches.event_date
            AND events.user_id = searches.user_id
            AND events.session_id = searches.session_id
    WHERE events.event_type = 'play' AND events.event_time >= searches.searched_at
    GROUP BY
        searches.event_date,
        searches.user_id,
        searches.session_id,
        events.title_id
),

completes AS (
    SELECT
        plays.event_date,
        plays.user_id,
        plays.session_id,
        count(*) AS completes
    FROM plays
    INNER JOIN marquee.events
        ON
            events.event_date = plays.event_date
            AND events.user_id = plays.user_id
            AND events.session_id = plays.session_id
            AND events.title_id = plays.title_id
    WHERE events.event_type = 'complete' AND events.event_time >= plays.played_at
    GROUP BY plays.event_date, plays.user_id, plays.session_id
),

played AS (
    SELECT
        event_date,
        user_id,
        session_id,
        count(*) AS titles
    FROM plays
    GROUP BY event_date, user_id, session_id
)

SELECT
    searches.event_date,
    count(*) AS searched,
    count(played.session_id) AS played,
    count(completes.session_id) AS completed,
    CAST(count(played.session_id) AS DOUBLE PRECISION) / count(*) AS search_to_play,
    CAST(count(completes.session_id) AS DOUBLE PRECISION)
    / nullif(count(played.session_id), 0) AS play_to_complete
FROM searches
LEFT JOIN played
    ON
        played.event_date = searches.event_date
        AND played.user_id = searches.user_id
        AND played.session_id = searches.session_id
LEFT JOIN completes
    ON
        completes.event_date = searches.event_date
        AND completes.user_id = searches.user_id
        AND completes.session_id = searches.session_id
GROUP BY searches.event_date
WITH NO SCHEMA BINDING;
