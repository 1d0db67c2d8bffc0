//! Tasks of compaction, and their results.

use std::collections::BTreeMap;
use std::path::PathBuf;

use marquee_event::Date;
use marquee_lake::generation::{EventCounts, FileEntry, TableFiles};
use serde::{Deserialize, Serialize};

/// The tables that compaction writes.
pub const TABLES: [&str; 4] = ["events", "dropped_events", "fact_session", "fact_view"];

/// What one bucket of a date is made from.
#[derive(Debug, Clone)]
pub struct BucketTask {
    /// The date.
    pub event_date: Date,
    /// The run, `{generation}-{digest}`, for the keys of what is written.
    pub run: String,
    /// Which bucket, from 0, of how many.
    pub bucket: u32,
    /// How many buckets the date has.
    pub buckets: u32,
    /// Processed objects, or what the split made of them: new since the last
    /// generation, with the rows of this date that their receipts name.
    pub inputs: Vec<InputObject>,
    /// The last generation's `events`, as far as they may be of the bucket.
    pub events: Vec<FileEntry>,
    /// The last generation's `dropped_events`, as far as they may be of the bucket.
    pub dropped: Vec<FileEntry>,
    /// How many buckets read those files, each its own users' rows.
    pub readers: u32,
}

/// An object with events of several dates and users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputObject {
    /// Its key.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// How many of its rows are of the date.
    pub rows_of_date: u64,
}

/// What compaction made of one bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compacted {
    /// The files of each of [`TABLES`].
    pub tables: BTreeMap<String, TableFiles>,
    /// What became of the rows; `receipt_rows` and `redelivered` are those of
    /// the inputs, the others are of all that the bucket has now.
    pub counts: EventCounts,
}

/// How compaction goes about it. Of these, `file_bytes` and `group_rows` alone
/// reach the tables' files, and how much a chunk of a split has its objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactSettings {
    /// How many bytes of rows a bucket may hold in memory; beyond, they are
    /// sorted, spilled and merged. What is being read and written, some 100 MB,
    /// comes on top, and so does a single user with more rows than that.
    pub memory_bytes: usize,
    /// Where rows are spilled to; the system's directory for temporary files
    /// where it is `None`.
    pub spill_dir: Option<PathBuf>,
    /// The size from which on a file is closed and another begun.
    pub file_bytes: u64,
    /// The rows of a row group.
    pub group_rows: u64,
    /// The size from which on a file goes to the store in parts, and that of a
    /// part: 5 MiB at the least, where the store is S3.
    pub part_bytes: usize,
    /// How many buckets are made at a time.
    pub buckets_side_by_side: usize,
    /// Rows of the date that one chunk of a split has, about.
    pub split_chunk_rows: u64,
    /// Bytes of the inputs that one chunk of a split reads at the most, about.
    pub split_chunk_bytes: u64,
}

impl Default for CompactSettings {
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            spill_dir: None,
            file_bytes: 128 << 20,
            group_rows: 1 << 17,
            part_bytes: 8 << 20,
            buckets_side_by_side: 2,
            split_chunk_rows: 5 << 18,
            split_chunk_bytes: 1 << 30,
        }
    }
}
