-- The identities that deduplication dropped.
-- Read by date, to examine the books, and not joined.
CREATE TABLE IF NOT EXISTS marquee.dropped_events (
    event_date DATE NOT NULL,
    user_id VARCHAR(128) NOT NULL,
    event_id VARCHAR(36) NOT NULL,
    shard_id VARCHAR(128) NOT NULL,
    sequence_number VARCHAR(128) NOT NULL,
    sub_sequence INTEGER NOT NULL,
    arrived_at TIMESTAMP NOT NULL,
    content_digest BIGINT NOT NULL,
    is_conflict BOOLEAN NOT NULL
)
DISTSTYLE EVEN
SORTKEY (event_date);
