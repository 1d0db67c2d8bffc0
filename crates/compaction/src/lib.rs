//! Compaction: makes the events and facts of a date from processed objects.
//!
//! [`compact_date`] makes the tables of a whole date. A state machine calls its stages
//! separately:
//!
//! 1. [`split_chunks`] divides the inputs of a large date by bucket, following a
//!    [`SplitPlan`].
//! 2. [`compact_bucket`] makes the tables of one bucket.
//! 3. [`gather`] combines the tables of all buckets.
//!
//! The crate `marquee-kernels` deduplicates and derives sessions and views. This crate reads
//! their inputs, bounds their memory by spilling to disk, and writes their files.

mod bucket;
mod bucket_files;
mod error;
mod object_reader;
mod spill;
mod split;
mod table_files;
mod tables;
mod task;
mod upload;
mod worker;

pub use bucket::compact_bucket;
pub use error::CompactionError;
pub use split::{SizeLimit, SplitChunk, SplitPlan, split_chunks, split_date, split_directory};
pub use tables::{CompactedTables, Compaction, CompactionTask, bucket_task, compact_date, gather};
pub use task::{BucketTask, CompactSettings, CompactedBucket, InputObject, TABLES};
