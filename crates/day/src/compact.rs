//! Compaction: one bucket of one date, from processed objects to `events`,
//! `dropped_events`, `fact_session` and `fact_view`.

use std::collections::BTreeMap;

use marquee_lake::generation::{EventCounts, FileEntry, TableFiles};

/// The tables that compaction writes.
pub const TABLES: [&str; 4] = ["events", "dropped_events", "fact_session", "fact_view"];

/// What one bucket of a date is made from.
#[derive(Debug, Clone)]
pub struct BucketTask {
    /// The date, `YYYY-MM-DD`.
    pub event_date: String,
    /// The run, `{generation}-{digest}`, for the keys of what is written.
    pub run: String,
    /// Which bucket, from 0, of how many.
    pub bucket: u32,
    /// How many buckets the date has.
    pub buckets: u32,
    /// Processed objects, or what the split made of them: new since the last
    /// generation, with the rows of this date that their receipts name.
    pub inputs: Vec<InputObject>,
    /// The last generation's `events`.
    pub events: Vec<FileEntry>,
    /// The last generation's `dropped_events`.
    pub dropped: Vec<FileEntry>,
}

/// An object with events of several dates and users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputObject {
    /// Its key.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// How many of its rows are of the date.
    pub rows_of_date: u64,
}

/// What compaction made of one bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compacted {
    /// The files of each of [`TABLES`].
    pub tables: BTreeMap<String, TableFiles>,
    /// What became of the rows; `receipt_rows` are those read from inputs.
    pub counts: EventCounts,
}
