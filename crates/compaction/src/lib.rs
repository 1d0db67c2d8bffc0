//! Compaction: from processed objects to the events and facts of a date.
//!
//! [`compact_date`] makes the tables of a whole date. A state machine calls its parts:
//! [`split_chunks`] divides the inputs of a large date into buckets of users, by a
//! [`SplitPlan`]; [`compact_bucket`] makes the tables of one bucket; [`gather`] puts the
//! buckets together.
//!
//! The deduplication, sessions and views themselves are in `marquee-kernels`; this crate
//! reads their inputs, bounds their memory by spilling, and writes their files.

mod bucket;
mod bucket_files;
mod error;
mod files;
mod pieces;
mod spill;
mod split;
mod tables;
mod task;
mod upload;
mod worker;

pub use bucket::compact_bucket;
pub use error::CompactionError;
pub use split::{SizeLimit, SplitChunk, SplitPlan, split_chunks, split_date, split_directory};
pub use tables::{CompactedTables, Compaction, CompactionTask, bucket_task, compact_date, gather};
pub use task::{BucketTask, CompactSettings, Compacted, InputObject, TABLES};
