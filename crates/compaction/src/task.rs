//! The tasks and results of compaction.

use std::collections::BTreeMap;
use std::path::PathBuf;

use marquee_event::Date;
use marquee_lake::generation::{EventCounts, FileEntry, TableFiles};
use serde::{Deserialize, Serialize};

/// The tables that compaction writes.
pub const TABLES: [&str; 4] = ["events", "dropped_events", "fact_session", "fact_view"];

/// The inputs of one bucket of a date.
#[derive(Debug, Clone)]
pub struct BucketTask {
    /// The date.
    pub event_date: Date,
    /// The run, `{generation}-{digest}`, which the keys of the written files contain.
    pub run: String,
    /// The bucket, from 0.
    pub bucket: u32,
    /// The number of the date's buckets.
    pub buckets: u32,
    /// The processed objects that the parent generation does not cover, or the objects that
    /// the split made of them.
    pub inputs: Vec<InputObject>,
    /// The files of the parent generation's `events` that can contain users of the bucket.
    pub events: Vec<FileEntry>,
    /// The files of the parent generation's `dropped_events` that can contain users of the
    /// bucket.
    pub dropped: Vec<FileEntry>,
    /// The number of buckets that read those files, each the rows of its own users.
    pub readers: u32,
}

/// An object with events of several dates and users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputObject {
    /// The key.
    pub key: String,
    /// The size in bytes.
    pub bytes: u64,
    /// The number of its rows of the date.
    pub rows_of_date: u64,
}

/// The compacted tables of one bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompactedBucket {
    /// The files of each of [`TABLES`].
    pub tables: BTreeMap<String, TableFiles>,
    /// The row counts: `receipt_rows` and `redelivered` of the inputs, the others of all
    /// rows of the bucket, including those of the parent generation.
    pub counts: EventCounts,
}

/// The settings of compaction.
///
/// Only `file_bytes` and `group_rows` affect the tables' files. Only the settings of split
/// chunks affect the objects of the split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactSettings {
    /// The limit, in bytes, on the rows of one bucket in memory. Rows beyond it are sorted,
    /// spilled to disk and merged.
    ///
    /// The buffers for reading and writing need about 100 MB more. A single user whose rows
    /// exceed the limit is held in memory as a whole.
    pub memory_bytes: usize,
    /// The directory for spilled rows; `None` means the system's directory for temporary
    /// files.
    pub spill_dir: Option<PathBuf>,
    /// The size in bytes from which a file is closed.
    pub file_bytes: u64,
    /// The number of rows of a row group.
    pub group_rows: u64,
    /// The size in bytes from which a file is uploaded in parts, and the size of a part. S3
    /// requires at least 5 MiB.
    pub part_bytes: usize,
    /// The number of buckets, or split chunks, that are processed in parallel.
    pub buckets_side_by_side: usize,
    /// The number of rows of the date from which a split chunk is closed.
    pub split_chunk_rows: u64,
    /// The bytes of input objects from which a split chunk is closed.
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
