-- The calendar: one row per day, from 1 January five years before the year of the
-- newest date to 31 December of the year after it.
-- partition: none
-- looks back: 0 days
-- rebuild: latest
WITH years AS (
    -- One extra year at the start, so that the days of the first week are counted.
    SELECT extract(YEAR FROM {date}) + steps.n AS calendar_year
    FROM (VALUES (-6), (-5), (-4), (-3), (-2), (-1), (0), (1)) AS steps (n)
),

months AS (
    SELECT
        names.calendar_month,
        names.month_name
    FROM (
        VALUES
            ('01', 'January'),
            ('02', 'February'),
            ('03', 'March'),
            ('04', 'April'),
            ('05', 'May'),
            ('06', 'June'),
            ('07', 'July'),
            ('08', 'August'),
            ('09', 'September'),
            ('10', 'October'),
            ('11', 'November'),
            ('12', 'December')
    ) AS names (calendar_month, month_name)
),

days AS (
    SELECT tens.digit || ones.digit AS calendar_day
    FROM (VALUES ('0'), ('1'), ('2'), ('3')) AS tens (digit)
    CROSS JOIN
        (VALUES ('0'), ('1'), ('2'), ('3'), ('4'), ('5'), ('6'), ('7'), ('8'), ('9')) AS ones (digit)
),

-- Every combination of year, month and day; invalid dates such as 30 February are null.
dates AS (
    SELECT
        years.calendar_year,
        months.month_name,
        TRY_CAST(
            CAST(years.calendar_year AS VARCHAR) || '-' || months.calendar_month
            || '-' || days.calendar_day AS DATE
        ) AS calendar_date
    FROM years
    CROSS JOIN months
    CROSS JOIN days
),

counted AS (
    SELECT
        calendar_date,
        calendar_year,
        month_name,
        row_number() OVER (
            PARTITION BY calendar_year
            ORDER BY calendar_date ASC NULLS LAST
        ) AS day_of_year,
        row_number() OVER (
            PARTITION BY date_trunc('week', calendar_date)
            ORDER BY calendar_date ASC NULLS LAST
        ) AS day_of_week
    FROM dates
    WHERE calendar_date IS NOT NULL
)

SELECT
    calendar_date,
    CAST(calendar_year AS INTEGER) AS calendar_year,
    CAST(extract(QUARTER FROM calendar_date) AS INTEGER) AS calendar_quarter,
    CAST(extract(MONTH FROM calendar_date) AS INTEGER) AS calendar_month,
    month_name,
    CAST(extract(WEEK FROM calendar_date) AS INTEGER) AS iso_week,
    CAST(extract(DAY FROM calendar_date) AS INTEGER) AS day_of_month,
    CAST(day_of_year AS INTEGER) AS day_of_year,
    CAST(day_of_week AS INTEGER) AS day_of_week,
    CASE day_of_week
        WHEN 1 THEN 'Monday'
        WHEN 2 THEN 'Tuesday'
        WHEN 3 THEN 'Wednesday'
        WHEN 4 THEN 'Thursday'
        WHEN 5 THEN 'Friday'
        WHEN 6 THEN 'Saturday'
        ELSE 'Sunday'
    END AS day_name,
    day_of_week >= 6 AS is_weekend
FROM counted
WHERE calendar_year >= extract(YEAR FROM {date}) - 5
ORDER BY calendar_date ASC NULLS LAST
